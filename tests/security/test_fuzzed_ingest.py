"""Whatever a collector signs is stored whole or refused in order: never a failure, never a half."""

import gzip
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.errors import AppError
from app.processor.models import IngestBatch
from collector.wire import envelope
from tests.site import Site, minute

pytestmark = pytest.mark.sqlite_only

BOUNDED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=12,
)
ODD = (None, True, -1, 2**53, 1e308, "", "\ud800", "x" * 300, [], {}, [[[[]]]])


@pytest.fixture
def site(house):
    return Site(house)


def push(site, body: bytes) -> str:
    """`stored`, or the code it was refused with; anything else than an AppError is a failure."""
    try:
        return site.push(body).status
    except AppError as error:
        assert 400 <= error.status < 500, error
        return error.code


def batches(site) -> int:
    with site.house.tenant() as session:
        return session.scalar(select(func.count()).select_from(IngestBatch))


def packed(document: object) -> bytes:
    text = json.dumps(document)
    return gzip.compress(text.encode("utf-8", "surrogatepass"), 1)


@BOUNDED
@given(document=VALUES)
def test_any_document_is_answered(site, document):
    before = batches(site)
    stored = push(site, packed(document))
    assert batches(site) - before == (1 if stored == "stored" else 0)


@BOUNDED
@given(seed=st.integers(0, 2**32))
def test_a_batch_altered_anywhere_is_answered(site, seed):
    """One place of a good batch is something else; it is signed all the same."""
    chance = random.Random(seed)
    good = site.batch(*minute("EDS-LFP-0001", site.now - 60_000), seq=seed % 1000 + 1)
    document = json.loads(gzip.decompress(envelope.encode(good)))
    _alter(document, chance)
    before = batches(site)
    stored = push(site, packed(document))
    assert batches(site) - before <= (1 if stored == "stored" else 0)


@BOUNDED
@given(seed=st.integers(0, 2**32), cut=st.booleans())
def test_bytes_altered_anywhere_are_answered(site, seed, cut):
    chance = random.Random(seed)
    body = bytearray(envelope.encode(site.batch(*minute("EDS-LFP-0001", site.now - 60_000))))
    place = chance.randrange(len(body))
    if cut:
        del body[place:]
    else:
        body[place] ^= 1 << chance.randrange(8)
    before = batches(site)
    stored = push(site, bytes(body))
    assert batches(site) - before <= (1 if stored == "stored" else 0)


def _alter(document: object, chance: random.Random) -> None:
    """Replace, remove or add one thing, somewhere inside."""
    inside = [document]
    for each in inside:
        children = each.values() if isinstance(each, dict) else each
        inside += [child for child in children if isinstance(child, list | dict) and child]
    chosen = chance.choice([each for each in inside if each])
    key = chance.choice(list(chosen) if isinstance(chosen, dict) else range(len(chosen)))
    match chance.randrange(3):
        case 0:
            chosen[key] = chance.choice(ODD)
        case 1:
            del chosen[key]
        case _ if isinstance(chosen, dict):
            chosen[f"{key}-"] = chosen[key]
        case _:
            chosen.insert(key, chance.choice(ODD))
