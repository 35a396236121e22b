"""The ledger knows every block it was given and no other, however they came."""

from hypothesis import given
from hypothesis import strategies as st

from app.processor.ledger import Ledger


@given(st.lists(st.integers(0, 60)))
def test_it_behaves_like_a_set(numbers):
    ledger, seen = Ledger(), set()
    for number in numbers:
        assert ledger.add(number) == (number not in seen)
        seen.add(number)
        ledger = Ledger(str(ledger))
    assert {n for n in range(70) if n in ledger} == seen


def test_a_long_history_is_one_short_text():
    ledger = Ledger()
    for number in range(10_000):
        ledger.add(number)
    assert str(ledger) == "0-9999"


def test_a_gap_is_remembered_until_it_is_filled():
    ledger = Ledger("0-41,43-57")
    assert 42 not in ledger and 41 in ledger and 57 in ledger and 58 not in ledger
    assert ledger.add(42)
    assert str(ledger) == "0-57"
