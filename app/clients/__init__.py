"""MODULE CLIENT MANAGER: clients, people, catalogue, custom fields."""

from . import searchable  # noqa: F401  (whoever writes batteries keeps their text)
