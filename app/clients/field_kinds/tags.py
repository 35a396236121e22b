"""Tags, written with commas between them. There is one such field, and it is ready made."""

from app.clients.tags import split

from .base import Kind

KIND = Kind(
    "tags",
    "tags",
    "equals",
    lambda given, _: ", ".join(split(given)),
    longest=900,
    offered=False,
)
