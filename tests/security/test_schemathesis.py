"""No operation fails, and none answers what its document does not say, whoever asks whatever."""

import pytest

from tests.house import PERSONAS
from tests.requirement import need
from tests.security.campaign import attack, portal_of, token_of

pytestmark = pytest.mark.sqlite_only

EXAMPLES = 3
"""Of each operation and phase; `make campaign` tries many more."""


@pytest.mark.parametrize("name", ["alice", "sam", "nobody"])
def test_a_short_campaign_finds_nothing(house, tmp_path, name):
    need(pytest.importorskip("schemathesis"), "the package schemathesis")
    with portal_of(house, tmp_path) as portal:
        token = token_of(house, portal, name) if name in PERSONAS else ""
        found, text = attack(portal, token, EXAMPLES, tmp_path, "examples,fuzzing")
        portal.check()
    assert found == [], text[text.index("FAILURES") :]
