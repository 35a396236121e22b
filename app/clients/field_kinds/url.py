"""A link to a page elsewhere: http or https, nothing else that a browser would run."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from app.errors import sentence

from .base import Kind


def read(given: str, _: Sequence[str]) -> str:
    """The address; ValueError for what is none."""
    try:
        parts = urlsplit(given)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    except ValueError:
        good = False
    if not good or any(letter.isspace() or letter in "<>\"'`" for letter in given):
        raise ValueError(sentence("This is not a link that begins with https://."))
    return given


KIND = Kind("url", "url", "contains", read, longest=500)
