"""The quick way of reading JSON is the strict way, told by what both say of the same text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connector import quick_json
from collector.wire import strict_json
from collector.wire.errors import WireError

scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


def verdict(loads, data):
    try:
        return "read", repr(loads(data))
    except WireError as error:
        return "refused", error.code


@given(value=values, ascii_only=st.booleans())
def test_what_is_written_is_read_alike(value, ascii_only):
    data = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert verdict(quick_json.loads, data) == verdict(strict_json.loads, data)


@given(text=st.text(alphabet='[]{}":,0129.eE-\\ \nantrufls', max_size=40))
def test_what_is_hardly_json_is_judged_alike(text):
    data = text.encode()
    assert verdict(quick_json.loads, data) == verdict(strict_json.loads, data)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}', '{"a" :1,"b":{"c":2,"c":2}}', '[1,{"a":1,"a":2}]', '[1,[[[{"a":1}]]]]',
        "[" * 16 + "]" * 16, "[" * 17 + "]" * 17, "[1," + "[" * 17 + "]" * 17 + "]",
        '{"x":"a:b[c","y:[":1}', '{"x":":","x":":"}', '["\\ud800"]', '["\\u003a"]', "NaN", "[1e999]",
        "18446744073709551616", "1" * 18, "1" * 19, "-" + "9" * 21, "0." + "1" * 45, "-0", "-0.0",
        "\ufeff1", '"\x00"', '"\x7f"', "[1,]", "", " ", '{"a":1}x', "[true,false,null]",
    ],
)  # fmt: skip
def test_what_parsers_disagree_about_is_judged_alike(text):
    data = text.encode()
    assert verdict(quick_json.loads, data) == verdict(strict_json.loads, data)
    assert verdict(quick_json.loads, b"\xff" + data) == ("refused", "bad_encoding")
