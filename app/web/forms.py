"""Reading forms: text, numbers as people here write them, choices."""

from collections.abc import Mapping

from app.errors import Invalid, sentence
from app.gateway.schema import clean


def text(form: Mapping[str, str], name: str, longest: int = 200) -> str:
    """A line of text without the spaces around it."""
    return form.get(name, "").strip()[:longest]


def line(form: Mapping[str, str], name: str, lines: bool = False) -> str:
    """A text whole and as it is stored; Invalid for characters that cannot be kept."""
    try:
        return clean(form.get(name, ""), lines)
    except ValueError as error:
        raise _invalid(name, str(error)) from None


def chosen(form: Mapping[str, str], name: str) -> int:
    """The id chosen of a list. Raises Invalid."""
    given = form.get(name, "")
    if not (given.isascii() and given.isdecimal() and len(given) < 17):
        raise _invalid(name, sentence("Choose one."))
    return int(given)


def decimal(form: Mapping[str, str], name: str) -> float | None:
    """A number with a comma or a point; None when left empty. Raises Invalid."""
    given = form.get(name, "").strip().replace("\u00a0", "").replace(" ", "").replace(",", ".")
    if not given:
        return None
    try:
        value = float(given)
    except ValueError:
        value = float("nan")
    if not -1e12 < value < 1e12:
        raise Invalid(
            "Some fields need attention.", fields={name: sentence("This is not a number.")}
        )
    return value


def whole(form: Mapping[str, str], name: str) -> int | None:
    """A whole number; None when left empty. Raises Invalid."""
    value = decimal(form, name)
    if value is None:
        return None
    if value != int(value):
        raise Invalid(
            "Some fields need attention.", fields={name: sentence("This is not a whole number.")}
        )
    return int(value)


def _invalid(name: str, text: str) -> Invalid:
    return Invalid("Some fields need attention.", fields={name: text})
