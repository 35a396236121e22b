"""Live readings raise, keep and end alerts; what is past, absent or repeated does not."""

from collections import Counter

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.clients import catalogue, editing
from app.processor import live, revision
from app.processor.alerts import engine, outbox
from app.processor.alerts.models import Alert
from app.processor.alerts.overrides import override
from app.processor.models import KeptRange
from collector.wire.alarms import Alarm
from collector.wire.reading import Reading
from tests.processor.alerts.conftest import HIGH, OPEN_WIRE, T0, Bench
from tests.statements import statements

HOUR = 3_600_000


def test_an_alert_from_beginning_to_end(bench: Bench):
    bench.for_seconds(70, **HIGH)
    critical, warning = bench.alerts()
    assert (critical.rule, warning.rule) == ("L2", "L1")
    assert (critical.severity, critical.state, critical.cell) == ("critical", "firing", 1)
    assert (critical.value, critical.limit) == (3.7, 3.65)
    assert critical.fired_at - critical.began_at == 10_000
    assert warning.fired_at - warning.began_at == 60_000
    assert critical.facts["soc"] == 60.0 and critical.facts["current"] == -10.0
    bench.for_seconds(30)
    assert [row.state for row in bench.alerts()] == ["recovering", "recovering"]
    bench.for_seconds(60)
    assert bench.open() == []
    assert bench.events(critical.id) == ["fired", "recovering", "resolved"]
    assert sorted(bench.outbox()) == [
        ("fired", "muted", "graver"),
        ("fired", "waiting", ""),
        ("resolved", "muted", "graver"),
        ("resolved", "waiting", ""),
    ]


def test_the_live_state_tells_of_it(bench: Bench):
    bench.for_seconds(15, **HIGH)
    with bench.house.tenant() as session:
        entry = live.snapshot(session, (1,))[0]
    assert entry["alerts"] == {"open": 1, "severity": "critical"}
    assert entry["severity"] == "critical"


def test_an_urgent_alert_is_a_critical_state(bench: Bench):
    bench.for_seconds(10, cells=(2.4, 3.3))
    with bench.house.tenant() as session:
        entry = live.snapshot(session, (1,))[0]
    assert (entry["alerts"]["severity"], entry["severity"]) == ("urgent", "critical")


def test_a_short_excursion_rings_nothing(bench: Bench):
    bench.for_seconds(10, **HIGH)
    bench.for_seconds(60)
    assert bench.alerts() == []
    assert bench.state().tracks == {}


def test_history_that_is_replayed_does_not_ring(bench: Bench):
    for _ in range(60):
        bench.read(late=3600, **HIGH)
    assert bench.alerts() == []


def test_silence_freezes_and_never_resolves(bench: Bench):
    bench.for_seconds(15, **HIGH)
    bench.now += 3_600_000
    with bench.house.tenant(writes=True) as session, session.begin():
        revision.hold(session)
        assert engine.fall_silent(session, (1,), bench.now)
        assert not engine.fall_silent(session, (1,), bench.now)
    (row,) = bench.alerts()
    assert row.open_key and row.unknown_since == bench.now
    bench.read(**HIGH)
    (row,) = bench.alerts()
    assert row.unknown_since is None and row.state == "firing"
    assert bench.events(row.id) == ["fired", "lost", "found"]


def test_a_reading_without_cells_says_nothing_of_cells(bench: Bench):
    bench.for_seconds(15, **HIGH)
    bench.for_seconds(600, cells=None)
    (row,) = bench.alerts()
    assert row.open_key and row.unknown_since
    assert bench.open() == ["L2"]


def test_a_process_that_begins_in_the_middle_goes_on(bench: Bench):
    for _ in range(14):
        engine._compiled.clear()
        bench.read(**HIGH)
    assert sorted(bench.open()) == ["L1", "L2"]


def test_the_worst_value_is_kept(bench: Bench):
    bench.for_seconds(15, cells=(3.3, 3.66))
    bench.read(cells=(3.3, 3.75))
    bench.read(cells=(3.3, 3.70))
    assert bench.alerts(rule="L2")[0].worst == 3.75


def test_each_alarm_of_the_bms_is_an_alert_as_grave_as_it_says(bench: Bench):
    bench.read(alarms=(OPEN_WIRE, Alarm("soc_low", "warning")))
    rows = {row.subject: row for row in bench.alerts()}
    assert {key: row.severity for key, row in rows.items()} == {
        "open_wire:3": "critical",
        "soc_low": "warning",
    }
    assert rows["open_wire:3"].cell == 3
    bench.for_seconds(70, alarms=(OPEN_WIRE,))
    assert [row.subject for row in bench.alerts() if row.open_key] == ["open_wire:3"]


def test_what_surrounds_a_grave_alert_is_kept(bench: Bench):
    bench.for_seconds(70, cells=(3.3, 3.62))
    bench.for_seconds(15, **HIGH)
    bench.for_seconds(120)
    with bench.house.tenant() as session:
        (kept,) = session.scalars(select(KeptRange))
    grave = bench.alerts(rule="L2")[0]
    assert (kept.start, kept.end) == (grave.began_at - HOUR, grave.resolved_at + HOUR)


def test_an_alarm_that_becomes_graver_makes_its_alert_graver(bench: Bench):
    bench.read(alarms=(Alarm("soc_low", "warning"),))
    bench.read(alarms=(Alarm("soc_low", "critical"),))
    (row,) = bench.alerts()
    assert row.severity == "critical"


def test_what_must_be_seen_stays_until_it_was(bench: Bench):
    from app.processor.alerts.handling import acknowledge

    bench.for_seconds(10, cells=(3.3, 3.85))
    bench.for_seconds(600)
    (row,) = bench.alerts(rule="L3")
    assert row.state == "recovering"
    with bench.house.tenant(writes=True) as session, session.begin():
        acknowledge(session, row.id, "user:1", bench.now)
    bench.read()
    (row,) = bench.alerts(rule="L3")
    assert row.state == "resolved"
    assert bench.events(row.id) == ["fired", "recovering", "acknowledged", "resolved"]


def test_flapping_becomes_one_unstable_alert(bench: Bench):
    for _ in range(5):
        bench.for_seconds(20, **HIGH)
        bench.for_seconds(90)
    rows = bench.alerts(rule="L2")
    assert [row.unstable for row in rows] == [False, False, True]
    assert rows[-1].open_key, "good for a minute and a half is not believed of it"
    told = [event for event, state, _ in bench.outbox() if state == "waiting"]
    assert told == ["fired", "resolved", "fired", "resolved", "unstable"]
    bench.for_seconds(3600)
    assert bench.open() == []
    assert bench.outbox()[-1] == ("resolved", "muted", "unstable")


def test_a_battery_that_awaits_acceptance_has_no_rules(bench: Bench):
    bench.asset_id = bench.house.asset("EDS-LFP-0099")
    bench.for_seconds(120, **HIGH)
    assert bench.alerts() == []


def test_rules_are_in_force_from_the_day_of_acceptance(bench: Bench):
    bench.asset_id = bench.house.asset("EDS-LFP-0099")
    bench.read()
    with bench.house.tenant(writes=True) as session, session.begin():
        catalogue.accept(session, bench.asset_id, "Batterie 5", 1, 1)
    bench.for_seconds(15, **HIGH)
    assert bench.open() == ["L2"]


def test_a_rule_that_is_changed_applies_with_the_next_reading(bench: Bench):
    bench.for_seconds(70, cells=(3.3, 3.58))
    assert bench.alerts() == []
    with bench.house.tenant(writes=True) as session, session.begin():
        override(session, "L1", "battery", 1, {"limit": 3.55, "for_s": 10})
    bench.for_seconds(15, cells=(3.3, 3.58))
    assert bench.open() == ["L1"]


def test_a_rule_that_is_disabled_leaves_nothing_open(bench: Bench):
    bench.for_seconds(70, cells=(3.3, 3.62))
    assert bench.open() == ["L1"]
    with bench.house.tenant(writes=True) as session, session.begin():
        override(session, "L1", "client", 0, {"enabled": False})
    bench.read(cells=(3.3, 3.62))
    (row,) = bench.alerts()
    assert row.state == "resolved" and bench.events(row.id)[-1] == "withdrawn"


def test_a_battery_that_is_retired_leaves_nothing_open(bench: Bench):
    bench.for_seconds(15, **HIGH)
    with bench.house.tenant(writes=True) as session, session.begin():
        editing.retire(session, catalogue.asset(session, 1))
        engine.withdraw(session, (1,), bench.now)
    assert bench.open() == []


def test_no_database_holds_two_open_alerts_of_one_key(bench: Bench):
    bench.for_seconds(15, **HIGH)
    (row,) = bench.alerts()
    with bench.house.tenant(writes=True) as session, pytest.raises(IntegrityError):
        session.add(
            Alert(
                asset_id=1, rule="L2", kind="threshold", severity="critical",
                open_key=row.open_key, began_at=T0, fired_at=T0,
            )
        )  # fmt: skip
        session.flush()


def test_an_alert_that_a_restored_state_has_forgotten_is_taken_up(bench: Bench):
    bench.for_seconds(15, **HIGH)
    with bench.house.tenant(writes=True) as session, session.begin():
        session.delete(bench.state() and session.get(type(bench.state()), 1))
    bench.for_seconds(15, **HIGH)
    (row,) = bench.alerts()
    assert bench.state().tracks["L2|"][5] == row.id


def test_a_healthy_battery_costs_one_statement_and_no_row(bench: Bench):
    bench.for_seconds(10)
    reading = Reading("EDS-LFP-0001", bench.now + 5000, {"soc": 60.0}, {"cell_voltage": (3.3, 3.3)})
    with bench.house.tenant(writes=True) as session, session.begin(), statements() as seen:
        standings = engine.prepare(session, {1: reading})
        engine.evaluate(session, standings, {1: reading}, bench.now + 5000)
    assert len(seen) == 1, seen
    assert bench.state() is None


def test_a_lasting_alert_is_not_written_at_every_reading(bench: Bench):
    bench.for_seconds(15, **HIGH)
    reading = Reading("EDS-LFP-0001", bench.now + 5000, {}, {"cell_voltage": (3.3, 3.7)})
    bench.for_seconds(60, **HIGH)
    reading = Reading("EDS-LFP-0001", bench.now + 5000, {}, {"cell_voltage": (3.3, 3.7)})
    with bench.house.tenant(writes=True) as session, session.begin(), statements() as seen:
        standings = engine.prepare(session, {1: reading})
        engine.evaluate(session, standings, {1: reading}, bench.now + 5000)
    assert len(seen) == 1, seen


def test_figures_of_the_night_are_judged_like_readings(bench: Bench):
    with bench.house.tenant(writes=True) as session, session.begin():
        revision.hold(session)
        engine.judge_figures(session, {1: {"days_since_full": 12}}, bench.now)
    assert bench.open() == ["L20a"]
    assert bench.outbox() == [("fired", "shown", "")]
    with bench.house.tenant(writes=True) as session, session.begin():
        revision.hold(session)
        engine.judge_figures(session, {1: {"days_since_full": 0}}, bench.now + 86_400_000)
    assert bench.open() == []


@pytest.mark.sqlite_only
def test_ten_thousand_alerts_in_a_minute(bench: Bench):
    """One push of four batteries in which everything is wrong, ten times over."""
    alarms = [tuple(Alarm(f"vendor:x:{n}-{i}", "critical") for i in range(250)) for n in range(10)]
    for each in alarms:
        bench.now += 5000
        readings = {
            asset_id: Reading("x", bench.now, {"soc": 50.0}, {}, {}, each)
            for asset_id in (1, 2, 3, 4)
        }
        bench.take(readings, bench.now)
    claimed = 0
    for _ in range(3):
        with bench.house.tenant(writes=True) as session, session.begin():
            claimed += len(outbox.claim(session, "a", bench.now))
            assert session.scalar(select(func.count(Alert.id))) == 10_000
    assert claimed == outbox.BUDGET.client
    states = Counter(state for _, state, _ in bench.outbox())
    assert states == {"claimed": claimed, "digest": 10_000 - claimed}, "nothing is lost"
