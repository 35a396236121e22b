"""Each guard stands where the table says, and without it the tests named there fail.

All of them take a quarter of an hour (`make mutations`); here a few have their turn.
"""

import re

import pytest

from tests.security.guards import GUARDS
from tests.security.mutations import noticed, scratch
from tests.tree import ROOT

A_FEW = ("an unmarked view is refused", "the signature of a batch", "the scope hook")


@pytest.fixture(scope="module")
def copy():
    with scratch() as folder:
        yield folder


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_is_where_the_table_says(guard):
    text = (ROOT / guard.file).read_text("utf-8")
    assert text.count(guard.was) == 1
    assert guard.was != guard.removed
    for path in guard.tests.partition(" -k ")[0].split():
        assert re.search(r"^def test_", (ROOT / path).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", A_FEW)
def test_without_a_guard_its_tests_fail(copy, name):
    (guard,) = (each for each in GUARDS if each.name == name)
    red, said = noticed(copy, guard)
    assert red, said
