"""The outbox: what is due is claimed once, within the hour's budget, and told again if need be."""

import pytest

from app.processor.alerts import outbox
from app.processor.alerts.models import Alert, Notification
from app.processor.alerts.windows import open_window
from collector.wire.alarms import Alarm
from tests.processor.alerts.conftest import HIGH, OPEN_WIRE, Bench

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000


def within(bench: Bench, act, *arguments, **named):
    """Something of the outbox, in a transaction of its own."""
    with bench.house.tenant(writes=True) as session, session.begin():
        return act(session, *arguments, **named)


def claimed(bench: Bench, now: int, who="a", limit=20) -> list[int]:
    return [row.id for row in within(bench, outbox.claim, who, now, limit)]


def test_what_is_due_is_claimed_once(bench):
    bench.read(alarms=(OPEN_WIRE,))
    first = claimed(bench, bench.now)
    assert len(first) == 1
    assert claimed(bench, bench.now, "b") == []


def test_a_claim_whose_claimer_died_is_due_again(bench):
    bench.read(alarms=(OPEN_WIRE,))
    first = claimed(bench, bench.now)
    assert claimed(bench, bench.now + outbox.CLAIM_MS - SECOND, "b") == []
    assert claimed(bench, bench.now + outbox.CLAIM_MS, "b") == first


def test_what_was_sent_is_not_due(bench):
    bench.read(alarms=(OPEN_WIRE,))
    (number,) = claimed(bench, bench.now)
    within(bench, outbox.log, number, "mail", "user:1", True, "250 queued")
    within(bench, outbox.sent, number, bench.now)
    assert claimed(bench, bench.now + HOUR) == []
    assert bench.outbox() == [("fired", "sent", "")]


def test_a_failure_is_tried_again_with_growing_pauses_and_then_given_up(bench):
    bench.read(alarms=(OPEN_WIRE,))
    now, pauses = bench.now, []
    while bench.outbox()[0][1] != "failed":
        (row,) = within(bench, outbox.claim, "a", now)
        before = now
        within(bench, outbox.failed, row, now, "connection refused")
        with bench.house.tenant() as session:
            now = session.get(Notification, row.id).due_at
        pauses.append(now - before)
    assert pauses[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert sum(pauses) >= outbox.GIVE_UP_MS
    assert bench.outbox() == [("fired", "failed", "connection refused")]
    assert bench.open() == ["F1"], "the alert itself is never lost"


def test_the_gravest_comes_first(bench):
    bench.read(alarms=(Alarm("soc_low", "warning"), OPEN_WIRE))
    bench.for_seconds(10, cells=(2.4, 3.3), alarms=(Alarm("soc_low", "warning"), OPEN_WIRE))
    rows = within(bench, outbox.claim, "a", bench.now)
    assert [row.severity for row in rows] == ["urgent", "critical", "warning"]


def test_a_batterys_budget_spills_into_the_digest(bench):
    bench.read(alarms=tuple(Alarm(f"vendor:x:{n}", "warning") for n in range(10)))
    assert len(claimed(bench, bench.now)) == outbox.BUDGET.battery
    states = [state for _, state, _ in bench.outbox()]
    assert (states.count("claimed"), states.count("digest")) == (6, 4)


def test_a_clients_budget_holds_over_the_hour(bench):
    for asset_id in (1, 2, 3, 4):
        alarms = tuple(Alarm(f"vendor:x:{n}", "critical") for n in range(6))
        bench.read(asset_id=asset_id, alarms=alarms)
    numbers = claimed(bench, bench.now)
    assert len(numbers) == outbox.BUDGET.client
    for number in numbers:
        within(bench, outbox.sent, number, bench.now)
    bench.read(asset_id=1, alarms=(OPEN_WIRE,))
    assert claimed(bench, bench.now) == []
    bench.read(seconds=3700, asset_id=2, alarms=(OPEN_WIRE,))
    assert len(claimed(bench, bench.now)) == 1


def test_what_is_urgent_has_a_budget_of_its_own(bench):
    bench.read(alarms=tuple(Alarm(f"vendor:x:{n}", "critical") for n in range(30)))
    assert len(claimed(bench, bench.now)) == outbox.BUDGET.battery
    bench.for_seconds(10, cells=(2.4, 3.3))
    (row,) = within(bench, outbox.claim, "a", bench.now)
    assert row.severity == "urgent"


def test_nobody_is_told_of_info(bench):
    bench.read(alarms=(Alarm("general_warning", "info"),))
    assert bench.outbox() == [("fired", "shown", "")]
    assert claimed(bench, bench.now) == []


def reminded(bench: Bench, now: int) -> int:
    return within(bench, outbox.remind, now)


def test_grave_alerts_are_told_again_until_somebody_has_seen_them(bench):
    bench.for_seconds(15, **HIGH)
    assert reminded(bench, bench.now + 3 * HOUR) == 0
    assert reminded(bench, bench.now + 4 * HOUR + SECOND) == 1
    assert reminded(bench, bench.now + 5 * HOUR) == 0
    assert reminded(bench, bench.now + 9 * HOUR) == 1
    assert [event for event, _, _ in bench.outbox()] == ["fired", "reminded", "escalated"]
    from app.processor.alerts.handling import acknowledge

    within(bench, acknowledge, bench.alerts()[0].id, "user:1", bench.now)
    assert reminded(bench, bench.now + 24 * HOUR) == 0


def test_a_warning_is_told_once(bench):
    bench.for_seconds(70, cells=(3.3, 3.62))
    assert reminded(bench, bench.now + 100 * HOUR) == 0


def test_what_a_window_muted_is_told_when_it_ends(bench):
    window = ("client", 0, bench.now, bench.now + HOUR, "Travaux", "user:1", bench.now)
    within(bench, open_window, *window)
    bench.for_seconds(15, **HIGH)
    assert bench.outbox() == [("fired", "muted", "maintenance")]
    assert reminded(bench, bench.now + MINUTE) == 0
    assert reminded(bench, bench.now + HOUR + MINUTE) == 1
    assert claimed(bench, bench.now + HOUR + MINUTE)


@pytest.mark.parametrize(("seconds", "waits"), [(30, False), (61, True)])
def test_urgent_news_that_wait_are_noticed(bench, seconds, waits):
    bench.for_seconds(15, **HIGH)
    at = bench.alerts()[0].fired_at + seconds * SECOND
    assert within(bench, outbox.urgent_waits, at) is waits


def test_two_senders_at_once_never_claim_the_same(bench):
    bench.read(alarms=(OPEN_WIRE,))
    with bench.house.tenant() as first:
        row = first.scalars(outbox.select(Notification)).one()
    assert claimed(bench, bench.now) == [row.id]
    with bench.house.tenant(writes=True) as session, session.begin():
        assert not outbox._won(session, row, "b", bench.now), "it read the row before"


def test_the_outbox_goes_with_its_alert(bench):
    bench.read(alarms=(OPEN_WIRE,))
    with bench.house.tenant(writes=True) as session, session.begin():
        session.delete(session.get(Alert, bench.alerts()[0].id))
    assert bench.outbox() == []
