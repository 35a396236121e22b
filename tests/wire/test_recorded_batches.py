"""Batches that collectors once sent decode for ever, to the same readings.

A site may be years behind. A recording is never changed or removed: a change that breaks one needs
a new version of the envelope beside this one. `NAME.json.gz` are the bytes as sent, `NAME.json`
the readings that were in them.
"""

import json
from pathlib import Path

import jsonschema
import pytest

from collector.wire import envelope
from collector.wire.schema import schema

FOLDER = Path(__file__).parents[1] / "data" / "wire" / "v1"
RECORDED = sorted(FOLDER.glob("*.json.gz"))


def test_there_are_recordings():
    assert len(RECORDED) >= 4


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_it_still_decodes_to_the_same_readings(path):
    expected = json.loads(path.with_suffix("").read_text("utf-8"))
    data = path.read_bytes()
    batch = envelope.decode(data)
    assert envelope.digest(data) == expected["digest"]
    assert batch.agent.version == expected["version"]
    assert [reading.to_json() for reading in batch.live] == expected["live"]
    found = [
        [block.asset, block.seq, [r.to_json() for r in block.readings()]] for block in batch.blocks
    ]
    assert found == expected["blocks"]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_it_still_conforms_to_the_schema(path):
    jsonschema.validate(json.loads(envelope.inflate(path.read_bytes())), schema())
