"""Buckets of parts make the bucket of the whole, to the last digit, whatever the parts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.processor.bands import LARGEST, Band, Stat, cuts_of, fold, joined, measured, taken
from app.processor.days import parse_days, write_days
from app.processor.tiers import pack_row, unpack_row
from app.processor.weighing import HOUR_MS, weights

T0 = 1_790_000_000_000 // HOUR_MS * HOUR_MS

steps = st.lists(st.integers(1, 400_000), min_size=1, max_size=80)


@st.composite
def series(draw, most=2 * 10**9):
    """Times, values, where they are known."""
    times = T0 + np.cumsum(np.array(draw(steps), np.int64))
    size = len(times)
    values = np.array(draw(st.lists(st.integers(-most, most), min_size=size, max_size=size)))
    known = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    return times, np.where(known, values, 0), known


def same(one: Stat, other: Stat) -> bool:
    names = ("weight", "total", "low", "high", "last")
    return all(
        (a is None) == (b is None) and (a is None or np.array_equal(a, b))
        for a, b in ((getattr(one, name), getattr(other, name)) for name in names)
    )


@given(series(), st.booleans())
def test_folding_in_two_steps_is_folding_in_one(found, counter):
    times, values, known = found
    stat = measured(values, known, weights(times), counter)
    minutes = cuts_of(times // 60_000)
    hours = cuts_of(times // HOUR_MS)
    fine = fold(stat, minutes)
    again = fold(fine, cuts_of(times[minutes] // HOUR_MS))
    assert same(again, fold(stat, hours))


@given(series(most=1 << 52))
def test_sums_do_not_overflow(found):
    times, values, known = found
    held = weights(times)
    stat = fold(measured(values, known, held), np.array([0]))
    expected = sum(int(v) * int(w) for v, w, k in zip(values, held, known, strict=True) if k)
    assert int(stat.total[0]) == expected
    assert expected <= LARGEST or stat.total.dtype == object


@given(series(), st.sampled_from([1, 10, 1000]), st.data())
def test_rows_come_back_as_they_were_and_join_in_any_order(found, unit, data):
    times, values, known = found
    cuts = cuts_of(times // 60_000)
    held = weights(times)
    stats = {
        ("soc", None): fold(measured(values * unit, known, held), cuts),
        ("cell_voltage", 3): fold(measured(values, None, held), cuts),
        ("cycles", None): fold(measured(abs(values), known, held, counter=True), cuts),
    }
    band = Band(times[cuts] // 60_000 * 60_000, np.add.reduceat(held, cuts), stats)
    order = data.draw(st.permutations(range(len(band.times))))
    half = len(order) // 2
    pieces = [taken(band, np.sort(np.array(part, int))) for part in (order[:half], order[half:])]
    whole = joined([unpack_row(pack_row(piece)) for piece in pieces if len(piece.times)])
    assert np.array_equal(whole.times, band.times)
    assert np.array_equal(whole.covered, band.covered)
    for key, stat in stats.items():
        if stat.weight.any():
            assert same(whole.stats[key], stat), key


@given(steps)
def test_weights_depend_on_the_hour_alone(given_steps):
    times = T0 + np.cumsum(np.array(given_steps, np.int64))
    held = weights(times)
    assert (held >= 1).all()
    for hour in np.unique(times // HOUR_MS):
        inside = times // HOUR_MS == hour
        assert np.array_equal(weights(times[inside]), held[inside])
        assert held[inside].sum() <= HOUR_MS


def test_a_steady_signal_covers_its_hours_to_the_millisecond():
    for step, offset in ((1000, 0), (1000, 999), (10_000, 4_000), (60_000, 59_999)):
        times = T0 + offset + np.arange(0, 3 * HOUR_MS, step)
        assert weights(times[times < T0 + 3 * HOUR_MS]).sum() == 3 * HOUR_MS


def test_a_gap_is_not_covered_and_a_slower_pace_at_rest_is():
    times = T0 + np.arange(600) * 1000
    later = T0 + 2_400_000 + np.arange(1200) * 1000
    assert weights(np.concatenate([times, later])).sum() == 600_000 + 1_200_000
    active = T0 + np.arange(0, 1_800_000, 5000)
    resting = T0 + np.arange(1_855_000, HOUR_MS, 60_000)
    covered = weights(np.concatenate([active, resting])).sum()
    assert HOUR_MS - covered == 60_000 - 5000, "the first longer step is not known to be none"


@given(st.sets(st.integers(0, 40_000), max_size=60))
def test_days_are_written_as_ranges(days):
    assert parse_days(write_days(days)) == days
