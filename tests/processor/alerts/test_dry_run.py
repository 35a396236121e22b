"""A rule tried on the past: how often it would have rung, by the same engine, changing nothing."""

import pytest

from app.errors import Invalid
from app.processor import history
from app.processor.alerts.dry_run import try_out
from app.processor.alerts.effective import default_rules
from app.processor.rules.sample import Facts
from collector.wire.block import from_readings
from collector.wire.reading import Reading
from tests.processor.alerts.conftest import T0, Bench

FACTS = Facts(16, 100.0, 100.0)
DAY_MS = 86_400_000
RULES = {rule.code: rule for rule in default_rules("LFP")}


def store(house, at: int, high: float, seconds: int, seq: int, **values: float) -> None:
    """Readings every five seconds for a while, with one cell at a voltage."""
    readings = [
        Reading(
            "EDS-LFP-0001",
            at + step * 5000,
            {"soc": 60.0, "current": -10.0} | values,
            {"cell_voltage": (3.3, high), "cell_temperature": (20.0, 21.0)},
        )
        for step in range(seconds // 5)
    ]
    with house.tenant(writes=True) as session, session.begin():
        history.append(session, 1, 1, from_readings(readings, seq))


@pytest.fixture
def past(house):
    """A month with four times too high, once for too short a time."""
    for seq, (day, high, seconds) in enumerate(
        [(1, 3.31, 600), (3, 3.7, 120), (3.01, 3.31, 600), (9, 3.7, 60), (9.01, 3.31, 600),
         (15, 3.7, 5), (15.001, 3.31, 600), (20, 3.68, 60), (20.01, 3.31, 600)]
    ):  # fmt: skip
        store(house, round(T0 + day * DAY_MS), high, seconds, seq)
    return house


def tried(house, rule, now=T0 + 29 * DAY_MS):
    with house.tenant() as session:
        return try_out(session, 1, rule, FACTS, now)


def test_it_would_have_rung_three_times(past):
    found = tried(past, RULES["L2"])
    assert found.complete and len(found.episodes) == 3
    assert [round((each.fired - T0) / DAY_MS) for each in found.episodes] == [3, 9, 20]
    assert all(each.resolved for each in found.episodes)


def test_a_stricter_rule_rings_more_and_a_more_patient_one_less(past):
    from app.processor.alerts.effective import changed

    assert len(tried(past, changed(RULES["L2"], {"for_s": 90})).episodes) == 1
    assert tried(past, changed(RULES["L2"], {"limit": 3.75})).episodes == ()


def test_conditions_are_judged_reading_by_reading(house):
    from app.processor.alerts.effective import changed

    store(house, T0 + DAY_MS, 3.3, 600, 0, current=-10.0)
    store(house, T0 + 2 * DAY_MS, 3.3, 600, 1, current=10.0)
    warm = changed(RULES["L10"], {"limit": 22, "clear": 25})
    (episode,) = tried(house, warm).episodes
    assert episode.fired > T0 + 2 * DAY_MS


def test_it_agrees_with_the_engine(bench: Bench):
    """The same readings, live and from the history."""
    start = bench.now
    bench.for_seconds(20, cells=(3.3, 3.7))
    bench.for_seconds(120)
    live = bench.alerts(rule="L2")[0]
    store(bench.house, start + 5000, 3.7, 20, 0)
    store(bench.house, start + 25_000, 3.31, 120, 1)
    (episode,) = tried(bench.house, RULES["L2"], bench.now + 1).episodes
    assert (episode.fired, episode.resolved) == (live.fired_at, live.resolved_at)


def test_nothing_is_changed(past, bench: Bench):
    tried(past, RULES["L2"])
    assert bench.alerts() == [] and bench.state() is None


@pytest.mark.parametrize("code", ["F1", "S4a", "Q1"])
def test_what_the_history_does_not_hold_is_not_tried(house, code):
    with pytest.raises(Invalid, match="past"):
        tried(house, RULES[code])


def test_over_http(client_of, past, bench: Bench):
    body = {"code": "L2", "changes": {"limit": 3.69}}
    answer = client_of("alice").post("/api/v1/assets/1/rules/try", json=body)
    assert answer.status_code == 200 and answer.json["rang"] == 0, "its month is another one"
    assert client_of("bob").post("/api/v1/assets/1/rules/try", json=body).status_code == 403
    unknown = client_of("alice").post("/api/v1/assets/1/rules/try", json={"code": "L99"})
    assert unknown.status_code == 422
