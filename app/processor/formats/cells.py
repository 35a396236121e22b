"""Values as they stand in files: texts no spreadsheet takes for a formula, numbers, moments."""

from datetime import datetime
from zoneinfo import ZoneInfo

ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet begins a formula or a command with, full-width forms included."""
NBSP, MINUS = "\u00a0", "\u2212"


def inert(value: object) -> str:
    """A text that stays one: what could be a formula stands behind an apostrophe.

    Spreadsheets skip spaces before they look, so those do not hide a formula either.
    """
    text = str(value).replace("\0", "")
    return f"'{text}" if text.startswith(ACTIVE) or text.lstrip().startswith(ACTIVE) else text


def number(value: float, locale: str) -> str:
    """A number for a program of this language: every decimal, no separators of thousands."""
    text = repr(value) if isinstance(value, float) else str(value)
    return text.replace(".", ",") if locale.startswith("fr") else text


def spoken(value: float, digits: int, locale: str, unit: str = "") -> str:
    """A number for a reader: `−1 234,5 kWh`."""
    text = f"{abs(value):,.{digits}f}"
    if locale.startswith("fr"):
        text = text.replace(",", NBSP).replace(".", ",")
    sign = MINUS if value < 0 and float(f"{abs(value):.{digits}f}") else ""
    gap = "" if not unit or (unit == "%" and not locale.startswith("fr")) else NBSP
    return f"{sign}{text}{gap}{unit}"


def moment(ts: float, zone: ZoneInfo) -> datetime:
    """The local time of an instant."""
    return datetime.fromtimestamp(ts / 1000, zone)


def stamp(ts: float, zone: ZoneInfo) -> str:
    """The same with its offset, so that the hour a clock repeats is told apart."""
    return moment(ts, zone).isoformat(timespec="milliseconds" if ts % 1000 else "seconds")
