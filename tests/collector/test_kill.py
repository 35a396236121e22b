"""The real collector, killed without warning again and again: nothing it committed is lost."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import requests

from collector.portal.enrolment import enrol
from tests.collector.numbered import Numbered, committed, numbers
from tests.collector.sink import KEPT, Sink

KILLS = int(os.environ.get("KILLS", "22"))
SEED = int(os.environ.get("KILL_SEED", "5"))
COMMIT = 0.2
PERIOD = 0.02


def configuration(state, port):
    return f"""
state = "{state}"
commit = {COMMIT}
[[device]]
asset = "A"
driver = "libresolar"
link = {{ kind = "tcp", host = "127.0.0.1", port = {port} }}
options = {{ poll = "no" }}
"""


@pytest.fixture
def site(tmp_path):
    with Sink() as sink:
        sink.next_push = 0.1
        state = tmp_path / "state"
        enrol(sink.url, "ABCD", state, requests.Session())
        device = Numbered(PERIOD)
        (tmp_path / "collector.toml").write_text(configuration(state, device.port))
        yield sink, state, tmp_path / "collector.toml"
        device.close()


def start(path, log):
    command = [sys.executable, "-m", "collector", "run", "--config", str(path)]
    return subprocess.Popen(command, stderr=log)


def test_no_committed_reading_is_lost_or_doubled_by_kill_9(site, tmp_path):
    sink, state, path = site
    chance = random.Random(SEED)
    promised = set()
    with (tmp_path / "log").open("w") as log:
        for _ in range(KILLS):
            if chance.random() < 0.5:
                sink.faults.append(
                    chance.choice(
                        [f for f in KEPT if f not in ("revoked", "signature", "429", "503")]
                    )
                )
            before = len(sink.requests)
            process = start(path, log)
            if chance.random() < 0.9:  # else killed while it starts
                sink.wait(lambda seen=before: len(sink.requests) > seen)
            time.sleep(chance.random() * 0.6)
            process.send_signal(signal.SIGKILL)
            process.wait()
            promised |= committed(state, tmp_path / "aside")
        sink.faults.clear()
        process = start(path, log)
        sink.wait(lambda: promised <= set(numbers(sink.readings())))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    stored = numbers(sink.readings())
    assert len(stored) == len(set(stored))
    assert set(stored) | committed(state, tmp_path / "aside") >= promised
    assert len(promised) > 5 * KILLS
    assert "Traceback" not in (tmp_path / "log").read_text()
