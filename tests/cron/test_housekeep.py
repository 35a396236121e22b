"""What has served is removed; what may still be asked for is kept."""

from sqlalchemy import select

from app.core.auth import ABSOLUTE_MS
from app.core.models import Claim, JobRun, RefreshToken, UserSession
from app.database.base import now_ms
from app.processor.models import BlockSource, IngestBatch
from cron import housekeep
from cron.run import Outcome, run

NOW = now_ms()
HOUR = 3_600_000
"""More than a whole run of all tests takes: they share this moment."""


def test_old_sessions_claims_and_runs_go(house):
    with house.core() as core:
        for age, token in ((0, b"n" * 32), (ABSOLUTE_MS + 1, b"o" * 32)):
            core.add(
                UserSession(
                    token_hash=token, user_id=1, csrf="", created_at=NOW - age, seen_at=NOW - age
                )
            )
        for age, code in (
            (-1, "valid"),
            (housekeep.CLAIMS_MS // 2, "lately"),
            (housekeep.CLAIMS_MS * 2, "long ago"),
        ):
            core.add(Claim(code_hash=code, tenant_id=1, name="x", expires_at=NOW - age))
        core.add(JobRun(job="old", started_at=NOW - housekeep.RUNS_MS - 1))
        core.add(JobRun(job="cut short", started_at=NOW - 1000))
        core.commit()

    assert run(housekeep.JOB, house.engines) is Outcome.OK

    with house.core() as core:
        assert core.scalars(select(UserSession.token_hash)).all() == [b"n" * 32]
        assert set(core.scalars(select(Claim.code_hash))) == {"valid", "lately"}
        assert set(core.scalars(select(JobRun.job))) == {"cut short", "housekeep"}


def test_receipts_are_kept_for_a_month(house):
    with house.tenant(writes=True) as session:
        session.add(BlockSource(id=1, collector_id=1, epoch="e"))
        session.flush()
        for seq, age in enumerate((0, housekeep.BATCHES_MS // 2, housekeep.BATCHES_MS + 60_000)):
            session.add(
                IngestBatch(source_id=1, seq=seq, digest="d", received_at=NOW - age, outcomes=[])
            )
        session.commit()

    assert run(housekeep.JOB, house.engines) is Outcome.OK

    with house.tenant() as session:
        assert set(session.scalars(select(IngestBatch.seq))) == {0, 1}


def test_refresh_tokens_go_when_their_family_is_over(house):
    """Used ones stay until then: they tell a stolen one."""
    with house.core() as core:
        for expires_at, token in ((NOW + HOUR, b"u" * 32), (NOW - HOUR, b"o" * 32)):
            core.add(
                RefreshToken(
                    token_hash=token,
                    family="f",
                    user_id=1,
                    ver=1,
                    expires_at=expires_at,
                    used_at=NOW,
                )
            )
        core.commit()

    assert run(housekeep.JOB, house.engines) is Outcome.OK

    with house.core() as core:
        assert core.scalars(select(RefreshToken.token_hash)).all() == [b"u" * 32]
