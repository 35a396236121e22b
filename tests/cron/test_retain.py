"""Every client lets go of what it has kept for long enough, as super admins and it have decided."""

import pytest
from sqlalchemy import func, select

from app.core.models import JobRun
from app.database.base import now_ms
from app.gateway.models import SystemConfig
from app.processor import history, retention
from app.processor.models import HistoryChunk
from collector.wire.block import from_readings
from collector.wire.reading import Reading
from cron import aggregate, retain
from cron.run import Outcome, run

DAY_MS = 86_400_000
AGES = (200, 100, 3)


def fill(house, slug):
    """Old days, sealed."""
    today = now_ms() // DAY_MS * DAY_MS
    with house.tenant(slug, writes=True) as session, session.begin():
        for seq, age in enumerate(AGES):
            begins = today - age * DAY_MS
            items = [
                Reading("EDS-LFP-0001", begins + i * 60_000, {"soc": 40.0}) for i in range(300)
            ]
            history.append(session, 1, 1, from_readings(items, seq))
        history.seal(session, now_ms(), 100)


def chunks(house, slug):
    with house.tenant(slug) as session:
        return session.scalar(select(func.count()).select_from(HistoryChunk))


def test_old_readings_go_once_they_are_compiled(house):
    for slug in ("laurentia", "boreal"):
        fill(house, slug)
    assert run(retain.JOB, house.engines) is Outcome.OK
    assert chunks(house, "laurentia") == 3, "nothing is compiled yet"
    with house.tenant("boreal", writes=True) as session, session.begin():
        retention.state(session, house.settings, {"all": {"readings": 150}, "types": {}})
    assert run(aggregate.JOB, house.engines) is Outcome.OK
    assert [run(retain.JOB, house.engines) for _ in range(2)] == [Outcome.OK] * 2
    assert (chunks(house, "laurentia"), chunks(house, "boreal")) == (1, 2)
    with house.core() as core:
        assert "laurentia: 2 old rows let go" in core.scalars(select(JobRun.message)).all()[2]


@pytest.mark.sqlite_only
def test_what_super_admins_changed_is_in_force_without_a_web_server(house):
    fill(house, "laurentia")
    with house.core() as core:
        core.add(SystemConfig(key="keep_readings_days", value=0))
        core.commit()
    for job in (aggregate, retain):
        assert run(job.JOB, house.engines) is Outcome.OK
    assert chunks(house, "laurentia") == 3
