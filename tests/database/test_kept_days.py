"""Which backups stay."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.database.backups import DAILY, MONTHLY, WEEKLY, kept

days = st.sets(st.dates(date(2025, 1, 1), date(2027, 12, 31)), max_size=60)


@given(days)
def test_the_newest_seven_stay_and_there_are_never_many(found):
    stay = kept(found)
    assert stay <= found
    assert set(sorted(found)[-DAILY:]) <= stay
    assert len(stay) <= DAILY + WEEKLY + MONTHLY


@given(days)
def test_what_stays_stays(found):
    assert kept(kept(found)) == kept(found)


def test_day_after_day_for_two_years():
    """Pruned each night: seven days, four weeks and six months remain within reach."""
    there, day = set(), date(2025, 1, 1)
    while day <= date(2026, 12, 31):
        there = kept(there | {day})
        day += timedelta(days=1)
    assert sorted(there)[-DAILY:] == [
        date(2026, 12, 31) - timedelta(days=n) for n in range(6, -1, -1)
    ]
    assert len({each.isocalendar()[:2] for each in there}) >= WEEKLY
    assert len({(each.year, each.month) for each in there}) == MONTHLY
