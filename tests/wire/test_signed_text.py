"""The texts that are signed are fixed to the byte: third parties sign them too."""

import pytest

from collector.wire import envelope
from collector.wire.errors import WireError


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


@pytest.mark.parametrize(
    "typed", ["ABCD-1E0F", "abcd 1e0f", "abcd-ieof", "ABCDLEOF", " ab-cd-1e-0f"]
)
def test_a_claim_code_as_people_type_it(typed):
    assert envelope.normalise_code(typed) == "ABCD1E0F"


@pytest.mark.parametrize("data", [None, [], {}, {"status": "stored"}, "stored", 7])
def test_what_is_no_receipt(data):
    with pytest.raises(WireError):
        envelope.receipt_from_json(data)
