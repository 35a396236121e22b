"""One limit for all processes of the portal: in the file, and in a Redis where there is one."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from tests.chain.programs import Portal, dies_with_us, free_port
from tests.requirement import need, program

pytestmark = pytest.mark.sqlite_only

CLAIM = {"code": "AAAA-AAAA-AAAA-AAAA", "public_key": "A" * 43 + "=", "proof": "A" * 86 + "=="}


@contextlib.contextmanager
def two_portals(settings, folder) -> Iterator[list[Portal]]:
    portals = [Portal(settings, folder / f"portal{n}.log") for n in (1, 2)]
    try:
        for portal in portals:
            portal.start()
        for portal in portals:
            portal.ready()
        yield portals
    finally:
        for portal in portals:
            portal.end()


@pytest.fixture
def redis(tmp_path) -> Iterator[str]:
    """A server of our own; the address of it."""
    server, port = program("redis-server"), free_port()
    need(pytest.importorskip("redis"), "the package redis")
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    running = subprocess.Popen([*dies_with_us(), server, *words], stdout=subprocess.PIPE, text=True)
    try:
        next(line for line in running.stdout if "Ready to accept" in line)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        running.terminate()
        running.wait(10)


def codes(portals: list[Portal], count: int) -> list[int]:
    """What wrong claim codes are answered, sent to one process and the other in turn."""
    address = "/api/v1/collectors/enrol"
    return [
        requests.post(f"{portals[n % 2].url}{address}", json=CLAIM, timeout=20).status_code
        for n in range(count)
    ]


def test_two_processes_have_one_limit(house, tmp_path):
    with two_portals(house.settings, tmp_path) as portals:
        answers = codes(portals, 8)
    assert 429 not in answers[:5] and answers[5:] == [429] * 3


def test_and_one_in_redis(house, tmp_path, redis):
    with two_portals(replace(house.settings, limits_url=redis), tmp_path) as portals:
        answers = codes(portals, 8)
    assert 429 not in answers[:5] and answers[5:] == [429] * 3
    assert not (house.settings.cache_dir / "limits.sqlite3").exists()


def test_a_redis_that_goes_away_closes_no_door(house, client_of, redis):
    from app import create_app

    app = create_app(replace(house.settings, limits_url=redis.replace("127.0.0.1", "127.0.0.2")))
    visitor = app.test_client()
    answers = [visitor.post("/api/v1/collectors/enrol", json=CLAIM).status_code for _ in range(7)]
    app.extensions["engines"].dispose()
    assert 429 not in answers[:5] and answers[5:] == [429] * 2


def test_redis_counts_as_the_file_does(redis, tmp_path):
    day = parse("10 per day")
    for url in (redis, f"counters://{tmp_path / 'limits.sqlite3'}"):
        limiter = SlidingWindowCounterRateLimiter(storage_from_string(url))
        assert sum(limiter.hit(day, "somebody") for _ in range(25)) == 10
        assert limiter.get_window_stats(day, "somebody").remaining == 0
