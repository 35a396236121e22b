"""Portal and collector, killed without warning again and again: what was committed arrives, once.

The portal is killed in the middle of pushes as well, and the web server before it answers in its
place now and then, or loses its answer. Every reading carries a number.
"""

import os
import random
import time

import numpy as np
import pytest
from sqlalchemy import select

from app.connector.collectors import create_claim
from app.database.base import now_ms
from app.processor.chunks import Chunk
from app.processor.models import HistoryChunk
from tests.chain.front import FAULTS, Front
from tests.chain.programs import Portal, collector, run
from tests.collector.numbered import Numbered, committed

KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("KILL_SEED", "7"))
PERIOD = 0.03
PATIENCE_S = 120


@pytest.fixture
def chance():
    return random.Random(SEED)


@pytest.fixture
def front(chance):
    front = Front(chance)
    yield front
    front.close()


@pytest.fixture
def portal(house, front):
    portal = Portal(house.settings, house.settings.data_dir / "portal.log",
                    PUBLIC_URL=front.url, PUSH_IDLE_SECONDS=0.5)  # fmt: skip
    front.target = portal.url
    portal.start()
    portal.ready()
    yield portal
    portal.end()


@pytest.fixture
def site(tmp_path, house, portal, front):
    """An enrolled collector that is not running, and the device it reads."""
    with house.core() as core:
        code = create_claim(core, house.refs["laurentia"].id, "Banc", None, now_ms())
        core.commit()
    folder = tmp_path / "site"
    folder.mkdir()
    device = Numbered(PERIOD)
    (folder / "collector.toml").write_text(f"""
state = "{folder / "state"}"
commit = 0.2
[[device]]
asset = "NUM-0001"
driver = "libresolar"
link = {{ kind = "tcp", host = "127.0.0.1", port = {device.port} }}
options = {{ poll = "no" }}
""")
    run("collector", "enrol", code, "--portal", front.url, "--config", folder / "collector.toml")
    program = collector(folder)
    yield program
    program.end()
    device.close()


def stored(house):
    """Every number in the history, repeats included."""
    with house.tenant() as session:
        chunks = [Chunk(data) for data in session.scalars(select(HistoryChunk.data))]
    amperes = [chunk.array(("current", None)) for chunk in chunks]
    return [round(number * 1000) for part in amperes for number in np.asarray(part)]


def gaps(numbers):
    ordered = sorted(numbers)
    return sum(b - a > 1 for a, b in zip(ordered, ordered[1:], strict=False))


def kill(victim, front, chance):
    """At a random instant of its life, half the time soon after a push has begun."""
    time.sleep(chance.uniform(0.2, 1.5))
    if chance.random() < 0.5:
        front.arrived.clear()
        front.arrived.wait(5)
        time.sleep(chance.uniform(0, 0.04))
    victim.kill()


def test_what_was_committed_is_in_the_history_once(house, portal, site, front, chance, tmp_path):
    site.start()
    assert front.arrived.wait(30), site.said()
    front.trouble = 0.4
    promised, collector_kills = set(), 0
    for number in range(KILLS):
        both = number % 3 == 2
        if both or number % 2:
            kill(site, front, chance)
            collector_kills += 1
            promised |= committed(tmp_path / "site" / "state", tmp_path / "aside")
        if both or not number % 2:
            kill(portal, front, chance)
            time.sleep(chance.random())
            portal.start()
            portal.ready()
        if both or number % 2:
            site.start()
    until(lambda: set(front.met) == set(FAULTS), lambda: site.said()[-2000:])
    front.trouble = 0.0
    until(lambda: promised <= set(stored(house)), lambda: site.said()[-2000:])
    site.check()
    assert site.end() == 0
    promised |= committed(tmp_path / "site" / "state", tmp_path / "aside")
    site.start()
    until(lambda: promised <= set(stored(house)), lambda: site.said()[-2000:])

    numbers = stored(house)
    assert len(numbers) == len(set(numbers)), "a reading is stored twice"
    assert gaps(numbers) <= collector_kills + 1, "something is missing that no kill explains"
    assert len(promised) > 3 * KILLS
    assert "Traceback" not in site.said()


def until(true, told):
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, told()
        time.sleep(0.5)
