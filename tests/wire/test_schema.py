"""The published schema says what the parser does."""

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.wire import block, envelope
from collector.wire.envelope import Batch, Faulty
from collector.wire.schema import schema
from tests.wire.strategies import readings

VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@settings(max_examples=40, deadline=None)
@given(st.lists(readings, min_size=1, max_size=2))
def test_whatever_a_collector_sends_conforms(made):
    blocks = tuple(block.from_readings([r], i) for i, r in enumerate(made))
    VALIDATOR.validate(json.loads(envelope.inflate(envelope.encode(Batch(1, tuple(made), blocks)))))


LIVE = {"asset": "A", "ts": 5, "values": {"soc": 50}, "states": {}, "alarms": []}
BLOCK = {"asset": "A", "seq": 1, "t0": 5, "n": 2, "dt": 1000,
         "values": {"soc": {"digits": 0, "delta": [50, 1]}}}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "item", "good"),
    [
        ("live", LIVE, True),
        ("live", LIVE | {"later": 1}, True),
        ("live", LIVE | {"asset": "no spaces"}, False),
        ("live", LIVE | {"ts": -1}, False),
        ("live", LIVE | {"ts": 1.5}, False),
        ("live", LIVE | {"values": {"soc": "50"}}, False),
        ("live", LIVE | {"values": {"temperature": 5}}, False),
        ("live", LIVE | {"values": {"x_temperature": 5}}, True),
        ("live", LIVE | {"values": {"cell_voltage": 5}}, False),
        ("live", LIVE | {"arrays": {"cell_voltage": [3.3, None]}}, True),
        ("live", LIVE | {"arrays": {"cell_voltage": ["3.3"]}}, False),
        ("live", LIVE | {"states": {"charging": True}}, True),
        ("live", LIVE | {"states": {"charging": 1}}, False),
        ("live", LIVE | {"states": {"unheard_of": True}}, False),
        ("live", LIVE | {"alarms": [{"code": "fuse_blown", "severity": "critical"}]}, True),
        ("live", LIVE | {"alarms": [{"code": "fuse", "severity": "critical"}]}, False),
        ("live", LIVE | {"alarms": [{"code": "vendor:jk:7", "severity": "info", "index": 3}]}, True),
        ("live", LIVE | {"alarms": [{"code": "fuse_blown", "severity": "bad"}]}, False),
        ("blocks", BLOCK, True),
        ("blocks", BLOCK | {"dt": [7]}, True),
        ("blocks", BLOCK | {"dt": [0]}, False),
        ("blocks", BLOCK | {"n": 0}, False),
        ("blocks", BLOCK | {"values": {"soc": {"digits": 10, "delta": [1, 1]}}}, False),
        ("blocks", BLOCK | {"values": {"soc": {"digits": 0, "delta": [1, 0.5]}}}, False),
        ("blocks", BLOCK | {"values": {"soc": {"digits": 0, "delta": [1, None]}}}, True),
        ("blocks", BLOCK | {"changes": [{"at": 1, "states": {"contactor": False}}]}, True),
        ("blocks", {"asset": "A"}, False),
    ],
)  # fmt: skip
def test_it_agrees_with_the_parser(name, item, good):
    document = {"v": 1, "sent": 1, name: [item]}
    data = envelope.gzip.compress(json.dumps(document).encode())
    (parsed,) = getattr(envelope.decode(data), name)
    assert VALIDATOR.is_valid(document) == good
    assert isinstance(parsed, Faulty) != good
