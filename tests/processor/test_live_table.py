"""The live table holds the newest reading of each battery, and pages see their scope of it."""

from app.processor import live
from collector.wire.alarms import Alarm
from collector.wire.reading import Reading
from tests.statements import statements

NOW = 1_790_000_000_000


def reading(ts, **values):
    return Reading("EDS-LFP-0001", ts, values or {"soc": 50.0})


def rows(house, **options):
    with house.tenant(**options) as session:
        return {row["id"]: row for row in live.snapshot(session)}


def apply(house, asset_id, item, received=NOW):
    with house.tenant(writes=True) as session, session.begin():
        return live.apply(session, asset_id, item, received, collector_id=7)


def test_a_newer_reading_replaces_an_older_one(house):
    assert apply(house, 1, reading(NOW - 2000, soc=50.0))
    assert apply(house, 1, reading(NOW - 1000, soc=51.0))
    row = rows(house)[1]
    assert (row["ts"], row["values"]["soc"], row["received_at"]) == (NOW - 1000, 51.0, NOW)


def test_an_older_or_equal_reading_changes_nothing(house):
    apply(house, 1, reading(NOW, soc=50.0))
    assert not apply(house, 1, reading(NOW, soc=51.0))
    assert not apply(house, 1, reading(NOW - 1, soc=52.0))
    assert rows(house)[1]["values"]["soc"] == 50.0


def test_a_reading_dated_by_a_broken_clock_does_not_hide_what_follows(house):
    apply(house, 1, reading(NOW + 10 * 3_600_000, soc=10.0))
    assert apply(house, 1, reading(NOW, soc=50.0))
    assert rows(house)[1]["values"]["soc"] == 50.0


def test_what_follows_from_a_reading_is_shown_with_it(house):
    item = Reading(
        "EDS-LFP-0001",
        NOW,
        {"pack_voltage": 52.0, "current": -10.0},
        {"cell_voltage": (3.2, None, 3.3)},
    )
    apply(house, 1, item)
    row = rows(house)[1]
    assert row["values"]["power"] == -520.0
    assert row["values"]["cell_voltage_spread"] == 0.1
    assert row["arrays"]["cell_voltage"] == [3.2, None, 3.3]


def test_the_worst_alarm_gives_the_severity(house):
    alarms = (
        Alarm("soc_low", "warning"),
        Alarm("open_wire", "critical", 3),
        Alarm("general_warning", "info"),
    )
    apply(house, 1, Reading("EDS-LFP-0001", NOW, {}, alarms=alarms))
    row = rows(house)[1]
    assert row["severity"] == "critical"
    assert {"code": "open_wire", "severity": "critical", "index": 3} in row["alarms"]
    apply(house, 1, Reading("EDS-LFP-0001", NOW + 1))
    assert rows(house)[1]["severity"] == ""


def test_the_interval_follows_the_cadence_and_ignores_silence(house):
    for step in range(20):
        apply(house, 1, reading(NOW + step * 1000))
    assert 1000 <= rows(house)[1]["interval_ms"] < 1100
    apply(house, 1, reading(NOW + 8 * 3_600_000))
    assert rows(house)[1]["interval_ms"] < 1100


def test_a_battery_never_heard_of_is_there_and_says_nothing(house):
    row = rows(house)[2]
    assert (row["ts"], row["values"], row["alarms"], row["severity"]) == (None, {}, [], "")


def test_pending_batteries_are_told_apart(house):
    assert rows(house)[house.asset("EDS-LFP-0099")]["status"] == "pending"


def test_a_scope_hides_the_others(house):
    for asset_id in (1, 2, 3):
        apply(house, asset_id, reading(NOW))
    assert set(rows(house, scope=house.scope("bob"))) == {1, 2}
    assert rows(house, scope=frozenset()) == {}


def test_single_cells_can_be_left_out(house):
    apply(house, 1, Reading("EDS-LFP-0001", NOW, {}, {"cell_voltage": (3.2, 3.3)}))
    with house.tenant() as session:
        (row,) = live.snapshot(session, (1,), arrays=False)
    assert row["arrays"] == {} and row["values"]["cell_voltage_max"] == 3.3


def test_a_snapshot_is_one_statement_and_so_is_an_update(house):
    with house.tenant(writes=True) as session, session.begin():
        live.apply_all(session, dict.fromkeys((1, 2, 3, 4), reading(NOW)), {}, NOW, 7)
    known = dict.fromkeys((1, 2, 3, 4), (NOW, 5_000))
    with house.tenant(writes=True) as session, statements() as seen, session.begin():
        live.apply_all(session, dict.fromkeys((1, 2, 3, 4), reading(NOW + 1)), known, NOW, 7)
    assert len(seen) == 1, seen
    with house.tenant() as session, statements() as seen:
        live.snapshot(session)
    assert len(seen) == 1, seen
