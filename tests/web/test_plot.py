"""Drawings of the past: axes hold their values, labels follow the site's clock, gaps stay gaps."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import plot
from app.web.format import shown
from app.web.span import DAY, HOUR, asked

TORONTO = ZoneInfo("America/Toronto")
MINUTE = 60_000
NB = "\u00a0"
VALUES = st.floats(-1e6, 1e6, allow_nan=False)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=TORONTO).timestamp() * 1000)


@given(VALUES, VALUES)
def test_an_axis_holds_its_values_between_few_round_lines(one, other):
    low, high = min(one, other), max(one, other)
    least, most, levels = plot.scale(low, high, shown("current"), "fr")
    slack = 1e-6 * max(abs(low), abs(high), 1)
    assert least <= low + slack
    assert most >= high - slack
    assert least < most
    assert 2 <= len(levels) <= 8
    assert [y for y, _ in levels][0] == 100
    assert [y for y, _ in levels][-1] == 0


def test_an_axis_is_written_in_the_unit_shown():
    _, _, levels = plot.scale(-1840.0, 500.0, shown("power"), "fr")
    assert [text for _, text in levels] == ["−2", "−1", "0", "1"]
    _, _, levels = plot.scale(3.25, 3.35, shown("cell_voltage_min"), "fr")
    assert levels[0][1] in ("3,24", "3,25")


def test_per_cent_do_not_leave_their_range():
    least, most, _ = plot.scale(0.0, 100.0, shown("soc"), "fr")
    assert (least, most) == (0, 100)
    least, most, _ = plot.scale(100.0, 100.0, shown("soc"), "fr")
    assert most == 100
    assert least < 100


@pytest.mark.parametrize(
    ("start", "end", "labels"),
    [
        ("2026-11-22T14:30", "2026-11-22T15:30", [f"14{NB}h{NB}30", f"14{NB}h{NB}40"]),
        ("2026-11-22T14:30", "2026-11-23T14:30", [f"18{NB}h{NB}00", "11-23", f"06{NB}h{NB}00"]),
        ("2026-10-31T00:00", "2026-11-04T00:00", ["10-31", "11-01", "11-02"]),
        ("2025-12-10T00:00", "2026-12-10T00:00", ["2026-01", "2026-04"]),
    ],
)
def test_labels_stand_at_round_moments_of_the_site(start, end, labels):
    said = [text for _, text in plot.times(at(start), at(end), TORONTO, "fr")]
    assert said[: len(labels)] == labels
    assert len(said) <= 8


def test_days_stay_days_when_clocks_change():
    ticks = plot.times(at("2026-10-30T00:00"), at("2026-11-04T00:00"), TORONTO, "fr")
    step = ticks[1][0] - ticks[0][0]
    longer = ticks[3][0] - ticks[2][0]  # 1 November has 25 hours
    assert longer > step


def test_gaps_lie_between_what_is_known():
    rows = [[0, 1, 1, 1], [MINUTE, 1, 1, 1], [2 * MINUTE, None, None, None], [9 * MINUTE, 1, 1, 1]]
    assert plot.gaps(rows, 0, 10 * MINUTE, 0) == [(2 * MINUTE, 9 * MINUTE)]
    assert plot.gaps(rows, 0, HOUR, 0)[-1] == (9 * MINUTE, HOUR)
    assert plot.gaps([], 5, 9, 0) == [(5, 9)]


def test_a_single_value_is_drawn_and_its_band_is_not():
    made = plot.draw([("a", [[50, 2.0, 2.0, 2.0]])], "soc", 0, 100, [], "fr")
    assert made.curves[0].line.startswith("M500 ")
    assert made.curves[0].band == ""


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=5))
def test_whatever_is_typed_there_is_a_period(first, last, period):
    span = asked({"de": first, "a": last}, TORONTO, at("2026-11-24T12:00"))
    assert 0 <= span.start < span.end
    span = asked({"periode": period}, TORONTO, at("2026-11-24T12:00"))
    assert span.period


def test_a_moment_typed_is_of_the_sites_clock():
    span = asked(
        {"de": "2026-07-01T00:00", "a": "2026-07-02T00:00"}, TORONTO, at("2026-11-24T12:00")
    )
    assert span.start == at("2026-07-01T00:00")
    assert span.end - span.start == DAY
    assert span.first == "2026-07-01T00:00"
    exact = asked(
        {"de": "2026-07-01T04:00:30.000Z", "a": "2026-07-02T00:00Z"},
        TORONTO,
        at("2026-11-24T12:00"),
    )
    assert exact.start == at("2026-07-01T00:00:30")
