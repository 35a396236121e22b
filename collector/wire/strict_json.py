"""JSON without its surprises: what two parsers could read differently is refused."""

import json
import re
from collections.abc import Callable
from typing import Any

from .errors import WireError

MAX_DEPTH = 16
MAX_DIGITS = 20

_LONG = re.compile(rf"[0-9]{{{MAX_DIGITS}}}")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRACKETS = re.compile(r"[\[\]{}]")


def loads(data: bytes, *, constant: Callable[[str], Any] | None = None) -> Any:
    """Parse UTF-8 JSON; refuse NaN, infinities, endless numbers, deep nesting and double keys.

    Lone surrogates are refused too: no database driver can store them. `constant` makes something
    of NaN and the infinities, for writers who know no better.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("bad_encoding", "the text is not UTF-8") from None
    _check_depth(text)
    try:
        value = json.loads(
            text,
            parse_constant=constant or _no_constant,
            # A call per integer is most of the cost of a block: made only where it can matter.
            parse_int=_integer if _LONG.search(text) else None,
            parse_float=_float,
            object_pairs_hook=_unique,
        )
    except WireError:
        raise
    except (ValueError, RecursionError):
        raise WireError("bad_json", "the text is not JSON") from None
    if "\\u" in text:
        _check_surrogates(value)
    return value


def dumps(value: Any) -> bytes:
    """The shortest form, the same bytes for the same value."""
    return json.dumps(
        value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, sort_keys=False
    ).encode()


def _check_depth(text: str) -> None:
    """Bound nesting before the recursive parser sees it; strings are skipped."""
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise WireError("too_deep", f"more than {MAX_DEPTH} levels")


def _no_constant(name: str) -> None:
    raise WireError("bad_json", f"{name} is not JSON")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise WireError("bad_json", "a number has too many digits")
    return int(text)


def _float(text: str) -> float:
    if len(text) > 40:
        raise WireError("bad_json", "a number has too many digits")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise WireError("bad_json", "a number is out of range")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise WireError("bad_json", "a key occurs twice")
    return result


def _check_surrogates(value: Any) -> None:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise WireError("bad_encoding", "a lone surrogate") from None
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_surrogates(key)
            _check_surrogates(item)
    elif isinstance(value, list):
        for item in value:
            _check_surrogates(item)
