"""The texts that are signed are fixed to the byte: third parties sign them too."""

from hashlib import sha256

import pytest

from collector.wire import envelope
from collector.wire.errors import WireError
from collector.wire.sending import Sending, Wish


def test_the_text_of_a_push():
    digest = envelope.digest(b"batch")
    assert envelope.canonical("k1", 1790000000, "00ff", 7, digest) == (
        b"TBMS1\nPOST\n/api/v1/ingest\nk1\n1790000000\n00ff\n7\n" + digest.encode()
    )
    assert len(digest) == 64


@pytest.mark.parametrize("other", [
    ("k2", 1790000000, "00ff", 7, "d"), ("k1", 1790000001, "00ff", 7, "d"),
    ("k1", 1790000000, "00fe", 7, "d"), ("k1", 1790000000, "00ff", 8, "d"),
    ("k1", 1790000000, "00ff", 7, "e"),
])  # fmt: skip
def test_everything_that_decides_is_in_it(other):
    assert envelope.canonical(*other) != envelope.canonical("k1", 1790000000, "00ff", 7, "d")


def test_the_text_of_an_enrolment():
    assert envelope.enrolment("c0de", "a2V5") == (
        b"TBMS1\nENROL\n/api/v1/collectors/enrol\nc0de\na2V5"
    )


def test_the_text_of_a_change_of_keys():
    assert envelope.rotation("k1", 1790000000, "a2V5") == (
        b"TBMS1\nROTATE\n/api/v1/collectors/rotate\nk1\n1790000000\na2V5"
    )


def test_the_text_of_a_wish_names_the_push_that_is_answered():
    wish = Wish(3, Sending(30.0, 900.0, ("cell_temperature",)))
    document = b'{"revision":3,"shortest":30.0,"longest":900.0,"without":["cell_temperature"]}'
    assert wish.signed_text("k1", "00ff", 7, "d") == (
        b"TBMS1\nWISH\nk1\n00ff\n7\nd\n" + sha256(document).hexdigest().encode()
    )


@pytest.mark.parametrize(
    "typed", ["ABCD-1E0F", "abcd 1e0f", "abcd-ieof", "ABCDLEOF", " ab-cd-1e-0f"]
)
def test_a_claim_code_as_people_type_it(typed):
    assert envelope.normalise_code(typed) == "ABCD1E0F"


@pytest.mark.parametrize("data", [None, [], {}, {"status": "stored"}, "stored", 7])
def test_what_is_no_receipt(data):
    with pytest.raises(WireError):
        envelope.receipt_from_json(data)
