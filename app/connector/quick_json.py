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
    colons, brackets, deepest = _seen(value)
    certain = colons == data.count(b":") and brackets == data.count(b"[")
    return value if certain and deepest <= strict_json.MAX_DEPTH else strict_json.loads(data)


def _seen(value: Any) -> tuple[int, int, int]:
    """With how many colons and brackets a value was written, and how deep it is.

    Lists that begin with a number are taken for lists of numbers, and keys for plain words. Where
    that is not so, too few are seen.
    """
    colons = brackets = deepest = 0
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        if type(item) is list:
            brackets += 1
            items = item if item and type(item[0]) in _INSIDE else ()
        elif type(item) is dict:
            colons += len(item)
            items = item.values()
        else:
            items = (item,)  # a document that is neither
        for each in items:
            kind = type(each)
            if kind is str:
                colons += each.count(":")
                brackets += each.count("[")
            elif kind is dict or (kind is list and each and type(each[0]) in _INSIDE):
                waiting.append((each, depth + 1))
            elif kind is list:
                brackets += 1
                deepest = max(deepest, depth + 1)
    return colons, brackets, deepest


_INSIDE = frozenset({dict, list, str})
