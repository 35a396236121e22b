"""A day, as `2026-11-24`."""

from collections.abc import Sequence
from datetime import date

from app.errors import sentence

from .base import Kind


def read(given: str, _: Sequence[str]) -> str:
    """The day itself; ValueError for one that no calendar has."""
    try:
        day = date.fromisoformat(given) if len(given) == len("2026-11-24") else None
    except ValueError:
        day = None
    if day is None or day.year < 1900:
        raise ValueError(sentence("This is not a date, such as 2026-11-24."))
    return day.isoformat()


KIND = Kind(
    "date",
    "date",
    "range",
    read,
    longest=10,
    amount=lambda text: date.fromisoformat(text).toordinal(),
)
