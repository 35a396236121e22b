"""What is told together: the overflow of a storm, what is unstable, the week."""

from datetime import datetime
from email import message_from_string, policy
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select

from app.core.notices import Digest
from app.processor.alerts import outbox
from app.processor.alerts.models import Alert, Notification
from app.processor.delivery.digests import AGAIN_MS, send_digests
from tests.processor.delivery.conftest import Post

HOUR, DAY = outbox.HOUR_MS, 24 * outbox.HOUR_MS
MONDAY = round(datetime(2026, 11, 23, 8, 5, tzinfo=ZoneInfo("America/Toronto")).timestamp() * 1000)


def digests(post: Post) -> int:
    return send_digests(post.engines, post.house.refs["laurentia"], post.now)


def storm(post: Post, count: int) -> None:
    """So many alerts of one minute, and what is to be told of them."""
    with post.house.tenant(writes=True) as session, session.begin():
        common = {"rule": "L2", "kind": "threshold", "severity": "critical", "state": "firing",
                  "subject": "", "value": 3.7, "limit": 3.65, "facts": {}, "transitions": 1,
                  "unstable": False, "acknowledged_by": "", "asset_id": 1,
                  "began_at": post.now, "fired_at": post.now}  # fmt: skip
        session.execute(insert(Alert), [common | {"open_key": f"1|L2|{n}"} for n in range(count)])
        ids = session.scalars(select(Alert.id)).all()
        session.execute(
            insert(Notification),
            [
                {"alert_id": n, "event": "fired", "severity": "critical", "state": "waiting",
                 "created_at": post.now, "due_at": post.now} for n in ids
            ],
        )  # fmt: skip


def test_ten_thousand_alerts_in_a_minute_keep_the_budget_and_are_all_told(post, letters):
    storm(post, 10_000)
    post.deliver()
    assert len(letters.to("alice")) == outbox.BUDGET.battery
    assert digests(post) == 2
    assert len(letters.to("alice")) == outbox.BUDGET.battery + 1
    text = message_from_string(letters.to("alice")[-1], policy=policy.default)
    told = 10_000 - outbox.BUDGET.battery
    assert text["Subject"].startswith(f"{told} alertes regroup")
    with post.house.tenant() as session:
        counted = select(Notification.state, func.count()).group_by(Notification.state)
        assert dict(session.execute(counted).all()) == {"sent": 10_000}
        assert session.scalar(select(func.count(Alert.id))) == 10_000


@pytest.mark.sqlite_only
def test_the_overflow_goes_once_an_hour(post, letters):
    storm(post, 30)
    post.deliver()
    assert digests(post) == 2
    storm_again = post.now + 60_000
    with post.house.tenant(writes=True) as session, session.begin():
        row = session.query(Notification).first()
        row.state = outbox.DIGEST
    post.now = storm_again
    assert digests(post) == 0
    post.now += HOUR
    assert digests(post) == 2


@pytest.mark.sqlite_only
def test_a_digest_that_fails_is_tried_again_and_told_to_nobody_twice(post, letters):
    storm(post, 30)
    post.deliver()
    before = len(letters.taken)
    good = letters.handle_DATA

    async def only_alice(server, session, envelope):
        if envelope.rcpt_tos[0].startswith("bob"):
            return "451 later"
        return await good(server, session, envelope)

    letters.handle_DATA = only_alice
    assert digests(post) == 1
    with post.house.tenant() as session:
        kept = select(func.count(Notification.id)).where(Notification.state == outbox.DIGEST)
        assert session.scalar(kept) == 24
    letters.handle_DATA = good
    post.now += AGAIN_MS
    assert digests(post) == 1
    assert len(letters.taken) == before + 2
    assert {to.partition("@")[0] for to, _ in letters.taken[before:]} == {"alice", "bob"}


@pytest.mark.sqlite_only
def test_the_week_and_what_is_unstable_are_told_in_the_morning(post, letters):
    post.now = MONDAY - 12 * HOUR
    post.alert(unstable=True)
    post.now = MONDAY
    assert digests(post) == 4
    subjects = {
        message_from_string(t, policy=policy.default)["Subject"] for t in letters.to("alice")
    }
    assert {s.partition(" · ")[0] for s in subjects} == {
        "Alertes instables : 1", "Votre semaine : 1 alertes"
    }  # fmt: skip
    post.now += HOUR
    assert digests(post) == 0
    with post.house.core() as core:
        assert {row.kind for row in core.query(Digest)} == {"unstable", "week"}
