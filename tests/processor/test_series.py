"""Charts: single readings when they fit, else aligned buckets that agree with the readings."""

import random
from statistics import fmean
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.errors import Invalid
from app.processor import history
from app.processor.buckets import edges_for
from app.processor.models import HistoryChunk
from collector.wire.block import from_readings
from collector.wire.reading import Reading, derive, tidy

T0 = 1_790_000_000_000


def readings(count, step=1000, start=T0, seed=1):
    noise = random.Random(seed)
    for i in range(count):
        values = {"pack_voltage": 52 + noise.gauss(0, 0.05), "current": noise.gauss(-10, 4)}
        if noise.random() > 0.2:
            values["soc"] = 80 - i * 0.01
        cells = tuple(
            3.3 + noise.gauss(0, 0.003) if noise.random() > 0.01 else None for _ in range(4)
        )
        yield tidy(Reading("EDS-LFP-0001", start + i * step, values, {"cell_voltage": cells}))[0]


def store(house, items, seq=0, asset_id=1, size=60):
    items = list(items)
    with house.tenant(writes=True) as session, session.begin():
        for i in range(0, len(items), size):
            block = from_readings(items[i : i + size], seq + i // size)
            history.append(session, asset_id, 1, block)
    return items


def ask(house, *metrics, start=T0, end=T0 + 3_600_000, points=600, asset_id=1, **options):
    with house.tenant(**options) as session:
        return history.series(session, asset_id, metrics, start, end, points)


def test_few_readings_come_as_they_are(house):
    items = store(house, readings(100))
    found = ask(house, "pack_voltage", "soc")
    assert found.step_ms == 0
    assert found.metrics["pack_voltage"] == [[r.ts, *[r.values["pack_voltage"]] * 3] for r in items]
    known = [row[0] for row in found.metrics["soc"] if row[1] is not None]
    assert known == [r.ts for r in items if "soc" in r.values]


@pytest.mark.sqlite_only
def test_many_readings_become_buckets_that_agree_with_them(house):
    items = store(house, readings(3600))
    found = ask(house, "current", "soc", points=100)
    assert found.step_ms == 60_000 and len(found.metrics["current"]) <= 100
    for code in ("current", "soc"):
        for t, low, mean, high in found.metrics[code]:
            begin = t - found.step_ms // 2
            inside = [
                r.values[code] for r in items
                if begin <= r.ts < begin + found.step_ms and code in r.values
            ]  # fmt: skip
            assert (low, high) == (min(inside), max(inside))
            assert mean == pytest.approx(fmean(inside), abs=0.006)


@pytest.mark.sqlite_only
def test_buckets_stay_where_they_are_when_the_chart_moves_on(house):
    store(house, readings(3600))
    first = ask(house, "current", points=100).metrics["current"]
    later = ask(house, "current", start=T0 + 13_000, end=T0 + 3_613_000, points=100).metrics[
        "current"
    ]
    assert set(map(tuple, later[1:-1])) <= set(map(tuple, first))


@pytest.mark.sqlite_only
@pytest.mark.parametrize("points", [50, 5000])
def test_silence_is_a_gap_and_a_late_reading_is_none(house, points):
    store(house, readings(300))
    store(house, readings(300, start=T0 + 1_200_000), seq=50)
    found = ask(house, "current", points=points).metrics["current"]
    gaps = [row for row in found if row[1] is None]
    assert len(gaps) == 1 and T0 + 299_000 < gaps[0][0] < T0 + 1_200_000
    assert len(found) <= points


@pytest.mark.parametrize("points", [3000, 300])
def test_a_slower_stretch_is_no_row_of_gaps(house, points):
    slow = list(readings(48, step=600_000))  # eight hours, every ten minutes
    quick = list(readings(1200, start=T0 + 8 * 3_600_000))
    store(house, slow)
    store(house, quick, seq=100)
    found = ask(house, "pack_voltage", end=T0 + 9 * 3_600_000, points=points).metrics[
        "pack_voltage"
    ]
    assert [row for row in found if row[1] is None] == []


@pytest.mark.parametrize("points", [3000, 300])
def test_silence_in_a_slower_stretch_is_a_gap(house, points):
    slow = [r for i, r in enumerate(readings(48, step=600_000)) if not 20 <= i < 26]
    store(house, slow)
    store(house, readings(1200, start=T0 + 8 * 3_600_000), seq=100)
    found = ask(house, "pack_voltage", end=T0 + 9 * 3_600_000, points=points).metrics[
        "pack_voltage"
    ]
    gaps = [row[0] for row in found if row[1] is None]
    assert len(gaps) == 1
    assert T0 + 19 * 600_000 < gaps[0] < T0 + 26 * 600_000


def test_derived_metrics_are_those_of_the_registry(house):
    items = store(house, readings(120))
    codes = [
        "power",
        "cell_voltage_min",
        "cell_voltage_max",
        "cell_voltage_mean",
        "cell_voltage_spread",
    ]
    found = ask(house, *codes)
    for code in codes:
        expected = [derive(r).values.get(code) for r in items]
        assert [row[2] for row in found.metrics[code]] == pytest.approx(expected, abs=0.011)


@pytest.mark.sqlite_only
def test_single_cells_can_be_drawn(house):
    items = store(house, readings(50))
    found = ask(house, "cell_voltage.3", "cell_voltage.9")
    expected = [r.arrays["cell_voltage"][3] for r in items]
    assert [row[2] for row in found.metrics["cell_voltage.3"] if row[2]] == [
        v for v in expected if v
    ]
    assert found.metrics["cell_voltage.9"] == []


@pytest.mark.sqlite_only
def test_readings_of_two_spools_at_one_instant_count_once(house):
    items = store(house, readings(100))
    with house.tenant(writes=True) as session, session.begin():
        history.append(session, 1, 2, from_readings(items[20:80], 0))
    assert len(ask(house, "current").metrics["current"]) == 100


def test_a_scope_hides_the_history_of_others(house):
    store(house, readings(10), asset_id=3)
    assert ask(house, "current", asset_id=3).metrics["current"]
    assert ask(house, "current", asset_id=3, scope=house.scope("bob")).metrics["current"] == []


@pytest.mark.sqlite_only
def test_the_last_hour_for_small_curves(house):
    store(house, readings(4000))
    now = T0 + 3_999_500
    with house.tenant() as session:
        rows = history.recent(session, 1, ["current", "power"], now)
    assert set(rows) == {"current", "power"}
    assert all(now - 3_660_000 < row[0] <= now + 60_000 for row in rows["current"])
    assert 59 <= len(rows["current"]) <= 61


@pytest.mark.sqlite_only
def test_a_damaged_chunk_is_a_gap_not_a_wrong_number(house, caplog):
    store(house, readings(180))
    with house.tenant(writes=True) as session, session.begin():
        row = session.get(HistoryChunk, (1, T0 + 60_000, 0, 1, 1))
        row.data = row.data[:100] + b"\0" + row.data[101:]
    found = ask(house, "current").metrics["current"]
    assert len([row for row in found if row[1] is not None]) == 120
    assert "cannot be read" in caplog.text


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("metrics", "options", "code"),
    [
        (["nonsense"], {}, "unknown_metric"),
        (["cell_voltage"], {}, "unknown_metric"),
        (["soc.1"], {}, "unknown_metric"),
        (["cell_voltage.²"], {}, "unknown_metric"),
        ([], {}, "bad_metric"),
        (["soc"], {"start": T0, "end": T0}, "bad_range"),
        (["soc"], {"start": -5}, "bad_range"),
        (["soc"], {"points": 1}, "bad_range"),
        (["soc"], {"points": 10**6}, "bad_range"),
    ],
)
def test_what_cannot_be_asked_is_refused(house, metrics, options, code):
    with pytest.raises(Invalid) as caught:
        ask(house, *metrics, **options)
    assert caught.value.code == code


def test_steps_cover_a_range_in_few_enough_buckets():
    for zone in (ZoneInfo("UTC"), ZoneInfo("America/St_Johns")):
        for span in (1, 1000, 59_999, 3_600_000, 86_400_000, 10**10, 10**12):
            for points in (2, 60, 1000):
                step, edges = edges_for(T0 + 7, T0 + 7 + span, points, zone)
                assert len(edges) - 1 <= points
                assert edges[0] <= T0 + 7 and edges[-1] >= T0 + 7 + span
                assert step >= 86_400_000 or set(np.diff(edges)) == {step}
