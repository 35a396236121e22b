"""The JSON of pushes, read by a fast parser where that is certain to be as strict.

Two parsers disagree about doubled keys, endless numbers, deep nesting and odd escapes. Text that
has none of them can be told quickly: without a backslash every colon outside a string is a member
and every bracket a list, so what was parsed holds as many as the text, or something was lost. All
other text goes to `strict_json`, whose verdict counts.
"""

from typing import Any

import orjson

from collector.wire import strict_json

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19
"""So many digits in a row may not fit into an integer."""


def loads(data: bytes) -> Any:
    """What `strict_json.loads` gives, or raises."""
    if b"\\" in data or _LONG in data.translate(_DIGITS):
        return strict_json.loads(data)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return strict_json.loads(data)
    seen = [0, 0]
    deepest = _count(value, seen, 0)
    certain = seen == [data.count(b":"), data.count(b"[")] and deepest <= strict_json.MAX_DEPTH
    return value if certain else strict_json.loads(data)


def _count(value: Any, seen: list[int], depth: int) -> int:
    """Add the colons and brackets that `value` was written with to `seen`; returns its depth.

    Lists that begin with a number are taken for lists of numbers. If one is not, too few are seen.
    """
    kind = type(value)
    if kind is dict:
        seen[0] += len(value)
        deepest = depth + 1
        for key, item in value.items():
            seen[0] += key.count(":")
            seen[1] += key.count("[")
            if type(item) in _COUNTED:
                deepest = max(deepest, _count(item, seen, depth + 1))
        return deepest
    if kind is list:
        seen[1] += 1
        if not value or type(value[0]) not in _COUNTED:
            return depth + 1
        return max(_count(item, seen, depth + 1) for item in value)
    if kind is str:
        seen[0] += value.count(":")
        seen[1] += value.count("[")
    return depth


_COUNTED = frozenset({dict, list, str})
