"""`python -m cron`, as a host's cron starts it: an almost empty environment, an exit code."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.models import JobRun

ROOT = Path(__file__).resolve().parents[2]


def _environment(house) -> dict[str, str]:
    settings = house.settings
    return {
        "SECRET_KEY": settings.secret_key,
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.core_url,
        "TENANT_DATABASE_URL": settings.tenant_pattern,
    }


def _cron(environment, *arguments: str, program: tuple[str, ...] = ("-m", "cron")):
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_once(house):
    done = _cron(_environment(house), "housekeep")
    assert (done.returncode, done.stderr) == (0, "")
    with house.core() as core:
        assert core.scalars(select(JobRun.ok)).all() == [True]


@pytest.mark.sqlite_only
def test_a_damaged_client_is_an_exit_code(house):
    Path(house.refs["laurentia"].url.removeprefix("sqlite:///")).write_bytes(b"not a database" * 99)
    done = _cron(_environment(house), "seal", "--seconds", "20")
    assert done.returncode == 1
    assert "laurentia" in done.stderr
    with house.core() as core:
        record = core.scalar(select(JobRun))
    assert record.ok is False
    assert "boreal" not in record.message


@pytest.mark.sqlite_only
def test_an_unknown_job_and_a_missing_secret_are_told(house):
    unknown = _cron(_environment(house), "dance")
    assert unknown.returncode == 2
    assert "housekeep" in unknown.stderr
    if not (ROOT / ".env").exists():
        bare = _cron({}, "seal")
        assert bare.returncode == 2
        assert "SECRET_KEY" in bare.stderr


@pytest.mark.sqlite_only
def test_jobs_run_without_flask(house):
    """A job started every few minutes must not pay for a web framework."""
    probe = (
        "import sys; from cron.__main__ import main; main(['seal']); print('flask' in sys.modules)"
    )
    done = _cron(_environment(house), program=("-c", probe))
    assert done.stdout.split() == ["False"], done.stderr


@pytest.mark.sqlite_only
def test_the_loop_runs_every_job_and_ends_when_told(house):
    process = subprocess.Popen(
        [sys.executable, "-m", "cron", "loop"], cwd=ROOT, env=_environment(house)
    )
    try:
        deadline = time.monotonic() + 30
        ended: set[str] = set()
        while not {"seal", "housekeep"} <= ended and time.monotonic() < deadline:
            time.sleep(0.05)
            with house.core() as core:
                ended = set(core.scalars(select(JobRun.job).where(JobRun.ok)))
        assert {"seal", "housekeep"} <= ended
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
