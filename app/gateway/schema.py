"""What programs may send: fields with bounds, and sentences for what is wrong with them.

Every field of a request or an answer is made of these, so that no text is unbounded, none holds
what a database or a terminal chokes on, and the API's document says all of it.
"""

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

import marshmallow
from marshmallow import fields, validate

from app.errors import sentence

from .http import LAST_ID

NEEDED = sentence("This is needed.")
UNKNOWN = sentence("There is no such field.")
NOT_TEXT = sentence("A text is needed.")
BAD_TEXT = sentence("This text has characters that cannot be kept.")
LONG_TEXT = sentence("This text is too short or too long.")
NOT_WHOLE = sentence("A whole number is needed.")
NOT_NUMBER = sentence("A number is needed.")
OUT_OF_RANGE = sentence("This number is too small or too large.")
NOT_FLAG = sentence("Yes or no is needed: true or false.")
NOT_LISTED = sentence("This is none of the possible values.")
NOT_LIST = sentence("A list is needed.")
LONG_LIST = sentence("This list is too long.")
NOT_OBJECT = sentence("An object is needed.")

REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that show a text in another order than it is stored in."""
LINES = frozenset("\n\r\t")


def clean(text: str, lines: bool = False) -> str:
    """A text as it is stored: NFC, without blanks around it; ValueError for what is refused."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text.isprintable():  # no-break spaces are not, either, and may stay
        kept = LINES if lines else frozenset()
        if any(letter not in kept and _refused(letter) for letter in text):
            raise ValueError(BAD_TEXT)
    return text


def _refused(letter: str) -> bool:
    return letter in BIDI or unicodedata.category(letter) in REFUSED_CATEGORIES


class Schema(marshmallow.Schema):
    """An object of a request or an answer: nothing unknown in it, fields in the order written."""

    class Meta:
        unknown = marshmallow.RAISE

    error_messages = {"type": NOT_OBJECT, "unknown": UNKNOWN}


def _told(example: Any, about: str) -> dict[str, Any]:
    told = {} if example is None else {"example": example}
    return told | ({"description": about} if about else {})


class Text(fields.String):
    """A text of `least` to `most` characters; `lines`: it may have several lines."""

    default_error_messages = {
        "required": NEEDED,
        "null": NOT_TEXT,
        "invalid": NOT_TEXT,
        "invalid_utf8": BAD_TEXT,
    }

    def __init__(
        self,
        most: int,
        example: str | None = None,
        least: int = 0,
        about: str = "",
        lines: bool = False,
        **options: Any,
    ) -> None:
        bounds = validate.Length(least, most, error=LONG_TEXT)
        super().__init__(validate=bounds, metadata=_told(example, about), **options)
        self.most, self.lines = most, lines

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        if len(text) > self.most:  # blanks around it count: the document says so
            raise marshmallow.ValidationError(LONG_TEXT)
        try:
            return clean(text, self.lines)
        except ValueError as error:
            raise marshmallow.ValidationError(str(error)) from None


class Secret(fields.String):
    """A text taken as it is: passwords are neither cut nor changed."""

    default_error_messages = Text.default_error_messages

    def __init__(self, least: int, most: int, example: str, **options: Any) -> None:
        bounds = validate.Length(least, most, error=LONG_TEXT)
        super().__init__(validate=bounds, metadata=_told(example, ""), **options)


class Choice(fields.String):
    """One of a few words."""

    default_error_messages = Text.default_error_messages

    def __init__(self, *choices: str, example: str = "", about: str = "", **options: Any) -> None:
        listed = validate.OneOf(choices, error=NOT_LISTED)
        told = _told(example or choices[0], about)
        super().__init__(validate=listed, metadata=told, **options)


class Whole(fields.Integer):
    """A whole number between bounds; 7.0, "7" and true are none. `spoken`: it comes as digits, in
    a query."""

    default_error_messages = {
        "required": NEEDED,
        "null": NOT_WHOLE,
        "invalid": NOT_WHOLE,
        "too_large": OUT_OF_RANGE,
    }

    def __init__(
        self,
        low: int = 0,
        high: int = LAST_ID,
        example: int | None = None,
        about: str = "",
        spoken: bool = False,
        **options: Any,
    ) -> None:
        bounds = validate.Range(low, high, error=OUT_OF_RANGE)
        super().__init__(validate=bounds, metadata=_told(example, about), **options)
        self.spoken = spoken

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if self.spoken and value.isascii() and value.isdigit() and len(value) < 20:
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid")
        return value


class Number(fields.Float):
    """A finite number between bounds."""

    default_error_messages = {
        "required": NEEDED,
        "null": NOT_NUMBER,
        "invalid": NOT_NUMBER,
        "special": NOT_NUMBER,
        "too_large": OUT_OF_RANGE,
    }

    def __init__(
        self, low: float, high: float, example: float | None = None, **options: Any
    ) -> None:
        about = options.pop("about", "")
        bounds = validate.Range(low, high, error=OUT_OF_RANGE)
        super().__init__(validate=bounds, metadata=_told(example, about), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        number = float(value)
        if not math.isfinite(number):
            raise self.make_error("special")
        return number


class Flag(fields.Boolean):
    """True or false, nothing that only looks like it."""

    default_error_messages = {"required": NEEDED, "null": NOT_FLAG, "invalid": NOT_FLAG}

    def __init__(self, example: bool = True, about: str = "", **options: Any) -> None:
        super().__init__(
            truthy={True, "true"}, falsy={False, "false"}, metadata=_told(example, about), **options
        )

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if isinstance(value, int) and not isinstance(value, bool):
            raise self.make_error("invalid")
        return super()._deserialize(value, *args, **kwargs)


class Many(fields.List):
    """A list of at most so many of one kind."""

    default_error_messages = {"required": NEEDED, "null": NOT_LIST, "invalid": NOT_LIST}

    def __init__(self, inner: fields.Field, most: int, about: str = "", **options: Any) -> None:
        bounds = validate.Length(0, most, error=LONG_LIST)
        super().__init__(inner, validate=bounds, metadata=_told(None, about), **options)


class One(fields.Nested):
    """An object inside an object."""

    default_error_messages = {"required": NEEDED, "null": NOT_OBJECT, "type": NOT_OBJECT}

    def __init__(self, nested: Any, about: str = "", **options: Any) -> None:
        super().__init__(nested, metadata=_told(None, about), **options)


class Open(fields.Dict):
    """An object with keys nobody can list: at most so many, each a short text."""

    default_error_messages = {"required": NEEDED, "null": NOT_OBJECT, "invalid": NOT_OBJECT}

    def __init__(self, values: fields.Field | None, example: Mapping, about: str = "", **options):
        bounds = validate.Length(0, 64, error=LONG_LIST)
        told = _told(dict(example), about) | {"maxProperties": 64}
        super().__init__(keys=Text(64), values=values, validate=bounds, metadata=told, **options)


def faults(messages: Any, path: str = "") -> dict[str, str]:
    """What marshmallow found, flat: `limits.cell_low` → its first sentence."""
    if isinstance(messages, Mapping):
        found: dict[str, str] = {}
        for name, inner in messages.items():
            step = "" if name == "_schema" else str(name)[:64]
            found |= faults(inner, f"{path}.{step}".strip("."))
        return found
    first = messages[0] if isinstance(messages, list) and messages else messages
    if isinstance(first, Mapping):
        return faults(first, path)
    return {path or "body": str(first)}
