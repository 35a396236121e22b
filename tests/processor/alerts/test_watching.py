"""What the clock alone can tell: silent batteries, dead collectors, sites without internet."""

import pytest

from app.clients.models import Asset
from app.connector.watching import look_after, portal_in_trouble
from app.core.models import Collector
from app.processor import revision
from app.processor.alerts.watch import Heard, look
from tests.processor.alerts.conftest import HIGH, Bench
from tests.statements import statements

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


@pytest.fixture
def watch(bench: Bench):
    """`watch(minutes, {collector: seconds of silence})`: look so many minutes later."""

    def at(minutes: float, silences: dict[int, float], portal: bool = False) -> bool:
        now = bench.now + round(minutes * MINUTE)
        heard = [Heard(i, f"C{i}", now - round(s * SECOND)) for i, s in silences.items()]
        with bench.house.tenant(writes=True) as session, session.begin():
            revision.hold(session)
            return look(session, heard, now, portal=portal)

    return at


def read_by(bench: Bench, **collectors: int) -> None:
    """Which collector reads which battery: `b1=1`."""
    with bench.house.tenant(writes=True) as session, session.begin():
        for name, collector_id in collectors.items():
            session.get(Asset, int(name[1:])).collector_id = collector_id


def codes(bench: Bench) -> list[str]:
    return sorted(bench.open())


def test_a_silent_bms_behind_a_living_collector_rings(bench, watch):
    read_by(bench, b1=1)
    bench.for_seconds(10)
    assert not watch(0.4, {1: 1})
    assert watch(1.5, {1: 1})
    assert codes(bench) == ["S4a"]
    watch(6, {1: 1})
    assert codes(bench) == ["S4a", "S4b"]
    assert {row.asset_id for row in bench.alerts()} == {1}
    bench.read(seconds=7 * 60)
    assert codes(bench) == []


def test_a_dead_collector_is_one_alert(bench, watch):
    read_by(bench, b1=1, b2=1, b3=1)
    for asset_id in (1, 2, 3):
        bench.read(asset_id=asset_id)
    watch(20, {1: 20 * 60})
    (row,) = bench.alerts()
    assert (row.rule, row.severity, row.asset_id) == ("S2", "warning", None)
    assert row.facts["assets"] == [1, 2, 3] and row.facts["name"] == "C1"


def test_it_gets_graver_and_remains_one(bench, watch):
    """The first location serves as a backup: minutes matter there."""
    read_by(bench, b1=1)
    bench.read()
    for minutes in (3, 6, 31):
        watch(minutes, {1: minutes * 60})
    (row,) = bench.alerts()
    assert (row.rule, row.severity) == ("S3", "critical")
    told = bench.outbox()
    assert [state for _, state, _ in told] == ["shown", "waiting", "waiting"]
    watch(32, {1: 2})
    assert bench.open() == []
    assert bench.alerts()[0].state == "resolved"


def test_lighting_may_be_silent_for_longer(bench, watch):
    read_by(bench, b3=3)
    bench.read(asset_id=3)
    watch(10, {3: 600})
    assert codes(bench) == ["S1"]
    watch(16, {3: 960})
    assert codes(bench) == ["S2"]


def test_a_site_whose_collectors_are_all_silent_is_one_alert(bench, watch):
    read_by(bench, b1=1, b2=2)
    bench.read()
    bench.read(asset_id=2)
    watch(3, {1: 180, 2: 180})
    assert codes(bench) == ["S1", "S1"]
    watch(6, {1: 360, 2: 360})
    assert codes(bench) == ["S7"]
    (row,) = [row for row in bench.alerts() if row.open_key]
    assert (row.subject, row.facts["assets"]) == ("location:1", [1, 2])
    watch(7, {1: 420, 2: 1})
    assert codes(bench) == ["S2"]


def test_batteries_of_a_dead_collector_are_unknown_and_resolve_nothing(bench, watch):
    read_by(bench, b1=1)
    bench.for_seconds(15, **HIGH)
    watch(30, {1: 1800})
    (row,) = bench.alerts(rule="L2")
    assert row.open_key and row.unknown_since
    assert codes(bench) == ["L2", "S2"]


def test_the_portals_own_trouble_is_recorded_and_not_told_to_clients(bench, watch):
    read_by(bench, b1=1)
    bench.read()
    watch(6, {1: 360}, portal=True)
    assert codes(bench) == ["S2"]
    assert bench.outbox() == [("fired", "muted", "portal")]
    watch(7, {1: 420}, portal=True)
    assert len(bench.outbox()) == 1
    watch(8, {1: 480})
    assert bench.outbox()[1:] == [("fired", "waiting", "")], "what lasts is the site's"


def test_looking_twice_changes_nothing(bench, watch):
    read_by(bench, b1=1)
    bench.read()
    assert watch(6, {1: 360})
    assert not watch(6, {1: 360})
    assert len(bench.alerts()) == 1


def test_a_wrong_clock_is_told_and_comes_right(bench):
    read_by(bench, b1=1)
    bench.read()

    def look_with(offset: int) -> None:
        with bench.house.tenant(writes=True) as session, session.begin():
            revision.hold(session)
            look(session, [Heard(1, "C1", bench.now, offset)], bench.now)

    look_with(-40_000)
    assert codes(bench) == ["S5a"]
    look_with(-400_000)
    assert codes(bench) == ["S5b"]
    look_with(1_000)
    assert codes(bench) == []


def test_a_retired_battery_leaves_nothing_open(bench, watch):
    bench.for_seconds(15, **HIGH)
    with bench.house.tenant(writes=True) as session, session.begin():
        session.get(Asset, 1).status = "retired"
    watch(1, {})
    assert bench.open() == []
    assert bench.state().tracks == {}


def test_a_look_takes_few_statements_whatever_is_silent(bench, watch):
    read_by(bench, b1=1, b2=1, b3=1)
    for asset_id in (1, 2, 3):
        bench.read(asset_id=asset_id)
    watch(20, {1: 1200})
    with statements() as seen:
        watch(21, {1: 1260})
    assert len(seen) <= 10, seen


def test_a_fifth_of_all_collectors_late_is_the_portals_trouble(house):
    now = 1_790_000_000_000
    with house.core() as core:
        core.add_all(
            Collector(
                tenant_id=1 + n % 2,
                key_id=f"k{n}",
                public_key=b"p" * 32,
                name=f"C{n}",
                last_seen=now - (HOUR if n < 5 else SECOND),
            )
            for n in range(20)
        )
        core.commit()
        assert portal_in_trouble(core, now)
        assert not portal_in_trouble(core, now - 46 * MINUTE)
        assert not portal_in_trouble(core, now + 2 * DAY)


def test_a_change_found_by_the_clock_reaches_live_pages(house, bench):
    with house.core() as core:
        core.add(
            Collector(
                id=1, tenant_id=1, key_id="k", public_key=b"p" * 32, name="C1", last_seen=bench.now
            )
        )
        core.commit()
    read_by(bench, b1=1)
    bench.read()
    ref = house.refs["laurentia"]
    assert look_after(house.engines, ref, bench.now + 6 * MINUTE)
    number = revision.current(house.settings, ref.id)
    assert not look_after(house.engines, ref, bench.now + 6 * MINUTE)
    assert revision.current(house.settings, ref.id) == number
