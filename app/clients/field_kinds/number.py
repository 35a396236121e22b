"""A number, written with a comma or a point."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from app.errors import sentence

from .base import Kind

LARGEST = Decimal(10) ** 12
DIGITS = 6


def read(given: str, _: Sequence[str]) -> str:
    """`1 234,50` → `1234.5`."""
    try:
        value = Decimal("".join(given.split()).replace(",", "."))
    except InvalidOperation:
        raise ValueError(sentence("This is not a number.")) from None
    if not value.is_finite() or abs(value) >= LARGEST:
        raise ValueError(sentence("This is not a number."))
    text = format(round(value, DIGITS), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


KIND = Kind("number", "number", "range", read, longest=32, amount=float)
