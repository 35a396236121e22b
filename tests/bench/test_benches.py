"""Benchmarks run in their smallest form, so that they do not rot between two measurements."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.requirement import program, shared

FOLDER = Path(__file__).parent
WITHOUT_BROWSER = (
    "bench_collector",
    "bench_analytics",
    "bench_cron",
    "bench_history",
    "bench_ingest",
    "bench_poll",
)


def test_every_benchmark_is_known_here():
    others = {"bench_collector", "bench_latency", "bench_spool"}  # minutes' worth: `make bench`
    assert {file.stem for file in FOLDER.glob("bench_*.py")} <= {*WITHOUT_BROWSER, *others}


@pytest.mark.parametrize("name", WITHOUT_BROWSER)
def test_a_benchmark_measures_and_says_so(name):
    shared("bench")
    program("mariadbd", "mysqld")
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--smallest"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(figures) > 5
    assert all(set(each) == {"name", "value", "unit", "goal", "ok"} for each in figures)
