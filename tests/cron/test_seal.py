"""What has settled is sealed, for every client; what is recent is left to the next runs."""

from sqlalchemy import select

from app.core.models import JobRun
from app.database.base import now_ms
from app.processor import history
from app.processor.models import HOT, SEALED, HistoryChunk
from collector.wire.block import from_readings
from collector.wire.reading import Reading
from cron.run import Outcome, run
from cron.seal import JOB

DAY_MS = 86_400_000


def _store(house, slug: str, start: int, seq: int) -> None:
    uid = "EDS-LFP-0001"
    readings = [Reading(uid, start + step * 1000, {"soc": 50.0 + step}) for step in range(10)]
    with house.tenant(slug, writes=True) as session:
        history.append(session, house.asset(uid, slug), 1, from_readings(readings, seq))
        session.commit()


def _kinds(house, slug: str) -> list[int]:
    with house.tenant(slug) as session:
        return list(session.scalars(select(HistoryChunk.kind).order_by(HistoryChunk.start)))


def test_settled_periods_are_sealed_and_recent_ones_are_not(house):
    now = now_ms()
    for slug in ("laurentia", "boreal"):
        for seq, age in enumerate((3 * DAY_MS, 3 * DAY_MS - 60_000, 2 * DAY_MS, 60_000)):
            _store(house, slug, now - age, seq)

    assert run(JOB, house.engines) is Outcome.OK

    for slug in ("laurentia", "boreal"):
        kinds = _kinds(house, slug)
        assert kinds.count(HOT) == 1, "the last minute is not over"
        assert kinds.count(SEALED) in (2, 3), "two days, and a period's border may fall between"
    with house.core() as core:
        assert "laurentia" in core.scalar(select(JobRun.message))

    before = _kinds(house, "laurentia")
    assert run(JOB, house.engines) is Outcome.OK
    assert _kinds(house, "laurentia") == before
