"""Whatever arrives, decoding takes bounded work and answers with a code."""

import gzip
import json
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.wire import envelope, strict_json
from collector.wire.envelope import Batch, Faulty
from collector.wire.errors import WireError

GOOD = {"v": 1, "sent": 1}


def code_of(data):
    with pytest.raises(WireError) as caught:
        envelope.decode(data)
    return caught.value.code


def packed(document):
    return gzip.compress(json.dumps(document).encode(), mtime=0)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bad_gzip"),
        (b"{}", "bad_gzip"),
        (packed(GOOD)[:-1], "bad_gzip"),
        (packed(GOOD)[:-6] + b"\0\0\0\0\0\0", "bad_gzip"),
        (packed(GOOD) + b"\0", "bad_gzip"),
        (packed(GOOD) + packed(GOOD), "bad_gzip"),
        (zlib.compress(b"{}"), "bad_gzip"),
        (bytes(envelope.MAX_COMPRESSED + 1), "too_large"),
        (packed([]), "bad_structure"),
        (packed({"v": 2, "sent": 1}), "bad_version"),
        (packed({"v": 1, "sent": "1"}), "bad_time"),
        (packed(GOOD | {"live": {}}), "bad_structure"),
        (packed(GOOD | {"blocks": [{}] * (envelope.MAX_BLOCKS + 1)}), "too_many"),
    ],
)
def test_the_whole_is_refused_with_a_code(data, code):
    assert code_of(data) == code


def test_a_bomb_is_defused_in_little_memory():
    bomb = gzip.compress(bytes(100 << 20))
    assert len(bomb) < envelope.MAX_COMPRESSED
    tracemalloc.start()
    assert code_of(bomb) == "too_large"
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"[NaN]", "bad_json"),
        (b"[-Infinity]", "bad_json"),
        (b"[1e400]", "bad_json"),
        (b"[" + b"9" * 5000 + b"]", "bad_json"),
        (b"[0." + b"1" * 5000 + b"]", "bad_json"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "too_deep"),
        (b'{"a":1,"a":2}', "bad_json"),
        (b'["\\ud800"]', "bad_encoding"),
        (b'{"\\udfff":1}', "bad_encoding"),
        (b'"\xff"', "bad_encoding"),
        (b'["\xed\xa0\x80"]', "bad_encoding"),
        (b"", "bad_json"),
        (b"{}{}", "bad_json"),
        (b"{'a':1}", "bad_json"),
        (b"\xef\xbb\xbf{}", "bad_json"),
    ],
)
def test_json_two_parsers_could_read_differently_is_refused(text, code):
    with pytest.raises(WireError) as caught:
        strict_json.loads(text)
    assert caught.value.code == code


def test_brackets_in_texts_are_no_depth():
    assert strict_json.loads(b'["' + b"[" * 500 + b'\\"[[["]')


def test_one_bad_item_does_not_spoil_the_others():
    good = {"asset": "A", "ts": 1, "values": {"soc": 1}}
    batch = envelope.decode(packed(GOOD | {"live": [good, {"asset": "B", "ts": []}, 7, good]}))
    assert [type(item).__name__ for item in batch.live] == [
        "Reading",
        "Faulty",
        "Faulty",
        "Reading",
    ]
    assert batch.live[1] == Faulty("B", None, "bad_time")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["asset", "seq", "ts", "t0", "n", "dt", "values", "arrays", "states", "alarms", "changes",
         "at", "soc", "cell_voltage", "digits", "delta", "code", "severity", "index", "x_a"]), inner, max_size=6),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(JSON, max_size=3), st.lists(JSON, max_size=3), JSON)
def test_no_structure_escapes_as_another_error(live, blocks, agent):
    document = {"v": 1, "sent": 5, "live": live, "blocks": blocks, "agent": agent}
    try:
        batch = envelope.decode(gzip.compress(json.dumps(document).encode()))
    except WireError:
        return
    assert isinstance(batch, Batch)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_escape_as_another_error(data):
    for attempt in (data, gzip.compress(data)):
        with pytest.raises(WireError):
            envelope.decode(attempt)
