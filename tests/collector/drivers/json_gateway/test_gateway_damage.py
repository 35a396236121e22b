"""Whatever the document, nothing escapes, and what comes out can be sent."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.documents.profile import names
from collector.drivers.base import Document, load
from collector.protocols.document import BadDocumentError, parse
from collector.wire.reading import from_json, tidy

CASES = sorted((Path(__file__).parents[3] / "data/frames/json_gateway").glob("*/input.json"))
RECORDED = [json.loads(path.read_text().splitlines()[0])["document"] for path in CASES]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=15,
)


def survive(profile, data):
    decoder = load("json_gateway").decoder("a", {"profile": profile, "every": 0})
    for reading in [*decoder.feed(Document(data, 1)), *decoder.finish()]:
        from_json(tidy(reading)[0].to_json())


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, key))


def altered(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = altered(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("profile", names())
@given(VALUES)
def test_any_document(profile, data):
    survive(profile, data)


@pytest.mark.parametrize("profile", names())
@given(st.data())
def test_a_document_with_something_else_in_it(profile, data):
    document = data.draw(st.sampled_from(RECORDED))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(list(places(document))))
        document = altered(document, place, data.draw(VALUES))
    survive(profile, document)


@given(st.binary(max_size=200))
def test_any_bytes(data):
    try:
        parse(data)
    except BadDocumentError as error:
        assert error.reason in ("bad_json", "too_long")
