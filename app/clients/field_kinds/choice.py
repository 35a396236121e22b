"""One of the words the field offers."""

from collections.abc import Sequence

from app.errors import sentence

from .base import Kind


def read(given: str, choices: Sequence[str]) -> str:
    """The choice as the field writes it."""
    if given not in choices:
        raise ValueError(sentence("Choose one of the list."))
    return given


KIND = Kind("choice", "select", "equals", read, longest=80)
