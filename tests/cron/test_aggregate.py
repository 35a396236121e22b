"""Roll-ups come out the same whatever happens to the runs that make them."""

import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.engine import make_url

from app.core.models import JobRun
from app.database.base import now_ms
from app.processor import backlog, history, rollups
from app.processor.models import (
    SEALED,
    BatteryDay,
    HistoryChunk,
    Rollup,
    RollupBacklog,
    RollupState,
)
from collector.wire.block import from_readings
from collector.wire.reading import Reading
from cron import aggregate, seal
from cron.run import Outcome, run

ROOT = Path(__file__).resolve().parents[2]
DAY_MS = 86_400_000
DAYS = 12


def fill(house, slug="laurentia", days=DAYS, step=120_000):
    """Days that are over and sealed."""
    start = now_ms() // DAY_MS * DAY_MS - (days + 1) * DAY_MS
    with house.tenant(slug, writes=True) as session, session.begin():
        for day in range(days):
            begins = start + day * DAY_MS
            items = [
                Reading(
                    "EDS-LFP-0001",
                    ts,
                    {"soc": 50.0 + ts // step % 40, "current": float(ts // step % 7 - 3)},
                    {"cell_voltage": tuple(3.3 + (ts // step + i) % 11 / 1000 for i in range(8))},
                )
                for ts in range(begins, begins + DAY_MS, step)
            ]
            history.append(session, 1, 1, from_readings(items, day))
        history.seal(session, now_ms(), 1000)
    return start


def made(house, slug="laurentia"):
    """All that compiling makes."""
    with house.tenant(slug) as session:
        rows = session.scalars(select(Rollup).order_by(Rollup.tier, Rollup.start)).all()
        records = session.scalars(select(BatteryDay).order_by(BatteryDay.day)).all()
        waiting = session.scalar(select(func.count()).select_from(RollupBacklog))
        return (
            [(row.tier, row.start, row.end, row.data) for row in rows],
            [(row.day, row.covered_ms, row.charge_in_ah, row.metrics) for row in records],
            waiting,
        )


def forget(house):
    """As if nothing had ever been compiled."""
    with house.tenant(writes=True) as session, session.begin():
        for model in (Rollup, RollupState, BatteryDay, RollupBacklog):
            session.execute(delete(model))
        chunks = session.execute(select(HistoryChunk.start, HistoryChunk.end)).all()
        for start, end in chunks:
            backlog.mark_changed(session, 1, start, end)


def program(house, **options):
    environment = {
        "SECRET_KEY": house.settings.secret_key,
        "DATA_DIR": str(house.settings.data_dir),
        "DATABASE_URL": house.settings.core_url,
        "TENANT_DATABASE_URL": house.settings.tenant_pattern,
    }
    command = [sys.executable, "-m", "cron", "aggregate"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, **options)


def test_a_run_that_is_killed_is_finished_by_the_next(house):
    fill(house)
    assert run(aggregate.JOB, house.engines) is Outcome.OK
    whole = made(house)
    assert whole[2] == 0 and whole[0] and len(whole[1]) == DAYS + 1
    forget(house)
    for _ in range(2):
        process = program(house)
        before = made(house)[2]
        while made(house)[2] == before and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run(aggregate.JOB, house.engines) is Outcome.OK
    assert made(house) == whole


def test_two_compilations_at_once_do_it_once(house):
    start = fill(house, days=1)
    done, ready = [], threading.Barrier(2)

    def compile_it():
        ready.wait()
        with house.tenant(writes=True) as session, session.begin():
            done.append(rollups.compile_day(session, 1, start))

    threads = [threading.Thread(target=compile_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, True]
    assert made(house)[2] == 0


@pytest.mark.mariadb_only
def test_a_database_that_goes_away_loses_nothing(house, mariadb, monkeypatch):
    fill(house, days=2)
    real, cut = rollups.compile_day, []

    def cut_off(session, asset_id, start):
        done = real(session, asset_id, start)
        if not cut:
            cut.append(start)
            with mariadb.connect() as admin, admin.cursor() as cursor:
                cursor.execute(
                    "SELECT id FROM information_schema.processlist WHERE db = %s",
                    (make_url(house.refs["laurentia"].url).database,),
                )
                for (number,) in cursor.fetchall():
                    cursor.execute(f"KILL {number}")
        return done

    monkeypatch.setattr(aggregate.rollups, "compile_day", cut_off)
    run(aggregate.JOB, house.engines)
    assert cut
    monkeypatch.undo()
    assert run(aggregate.JOB, house.engines) is Outcome.OK
    interrupted = made(house)
    forget(house)
    run(aggregate.JOB, house.engines)
    assert made(house) == interrupted


@pytest.mark.sqlite_only
def test_a_full_disk_stops_a_run_and_harms_nothing(house):
    fill(house)
    path = Path(house.refs["laurentia"].url.removeprefix("sqlite:///"))
    whole = path.stat().st_size

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (whole + 40_000, whole + 40_000))

    process = program(house, preexec_fn=little_room, stderr=subprocess.PIPE)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1 and b"disk" in told
    assert made(house)[2] > 0, "not everything fitted"
    assert run(aggregate.JOB, house.engines) is Outcome.OK
    finished = made(house)
    forget(house)
    run(aggregate.JOB, house.engines)
    assert made(house) == finished


@pytest.mark.sqlite_only
def test_missed_runs_are_caught_up_within_the_budget_of_each(house, monkeypatch):
    fill(house)
    left: list[bool] = []
    monkeypatch.setattr(aggregate.Context, "time_left", lambda _: bool(left) and left.pop())
    runs = 0
    while made(house)[2]:
        left[:] = [True] * 6  # one for each client, five for days
        assert run(aggregate.JOB, house.engines) is Outcome.OK
        runs += 1
    assert runs == 3
    with house.core() as core:
        assert (
            "more are waiting" in core.scalars(select(JobRun.message).order_by(JobRun.id)).first()
        )


@pytest.mark.sqlite_only
def test_a_day_that_fails_is_named_and_keeps_no_other_waiting(house, monkeypatch):
    start = fill(house, days=3)
    real = rollups.statistics.record

    def record(session, asset_id, begins, *others):
        if begins == start:
            raise ZeroDivisionError("made to fail")
        real(session, asset_id, begins, *others)

    monkeypatch.setattr(rollups.statistics, "record", record)
    assert run(aggregate.JOB, house.engines) is Outcome.FAILED
    with house.core() as core:
        assert f"laurentia, asset 1, {start}: made to fail" in core.scalar(select(JobRun.message))
    with house.tenant() as session:
        assert session.scalars(select(RollupBacklog.start)).all() == [start]


def test_what_arrived_is_sealed_then_compiled(house):
    now = now_ms() // DAY_MS * DAY_MS
    items = [
        Reading("EDS-LFP-0001", now - 2 * DAY_MS + i * 60_000, {"soc": 1.0}) for i in range(900)
    ]
    with house.tenant(writes=True) as session, session.begin():
        for i in range(0, 900, 100):
            history.append(session, 1, 1, from_readings(items[i : i + 100], i))
    assert [run(job.JOB, house.engines) for job in (seal, aggregate)] == [Outcome.OK] * 2
    with house.tenant() as session:
        assert set(session.scalars(select(HistoryChunk.kind))) == {SEALED}
        assert session.scalars(select(BatteryDay.covered_ms)).all()
