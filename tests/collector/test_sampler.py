"""Readings are journalled in groups, sealed by the minute, and wait in memory when the disk refuses."""

from dataclasses import replace

import pytest

from collector.sampler import BLOCK, FIRST_BLOCK, Sampler
from collector.spool.spool import Spool, SpoolError
from collector.wire import envelope
from collector.wire.alarms import alarm
from collector.wire.envelope import Agent
from collector.wire.reading import Reading

NOW = 1_790_000_000_000


class Bench:
    def __init__(self, folder):
        self.time = 100.0
        self.spool = Spool(folder / "spool.db", "boot", NOW)
        self.sampler = Sampler(self.spool, lambda: self.time, lambda: None)

    def take(self, i, asset="A"):
        self.sampler.take(Reading(asset, NOW + i * 1000, {"current": float(i)}))

    def counts(self):
        health = self.spool.health()
        return health.journal, health.blocks


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_a_group_is_one_row_of_the_journal(bench):
    for i in range(5):
        bench.take(i)
        bench.take(i, "B")
    bench.sampler.keep()
    assert bench.counts() == (1, 0)
    bench.sampler.keep()
    assert bench.counts() == (1, 0)


def test_what_is_still_open_survives_the_sealing_of_another(bench):
    """The journal begins anew whenever a block is sealed, with every reading that is in none."""
    bench.take(0)
    bench.sampler.keep()
    bench.take(0, "B")
    bench.sampler.keep()
    bench.time += FIRST_BLOCK
    bench.take(1)
    bench.sampler.keep(seal_all=True)
    for i in range(2, 4):
        bench.take(i)
        bench.take(i, "B")
        bench.sampler.keep()
    bench.sampler.take(Reading("A", NOW + 4000, {"current": 4.0}, alarms={alarm("general_error")}))
    bench.sampler.keep()
    assert bench.counts() == (1, 3)
    after = Spool(bench.spool.path, "boot", NOW)  # the process is gone
    blocks = envelope.decode(after.freeze(NOW, (), Agent()).body).blocks
    found = sorted((block.asset, ts - NOW) for block in blocks for ts in block.times)
    assert found == [
        *(("A", i * 1000) for i in range(5)),
        *(("B", i * 1000) for i in (0, 2, 3)),
    ]
    after.close()


def test_the_first_block_is_sealed_soon_and_the_next_after_a_minute(bench):
    bench.take(0)
    assert not bench.sampler.keep()
    bench.time += FIRST_BLOCK
    assert bench.sampler.keep()
    assert bench.counts() == (0, 1)
    bench.take(1)
    bench.time += BLOCK - 1
    bench.sampler.keep()
    assert bench.counts() == (1, 1)
    bench.time += 1
    assert not bench.sampler.keep()
    assert bench.counts() == (0, 2)


def test_readings_of_one_moment_do_not_hide_each_other(bench):
    for _ in range(3):
        bench.take(7)
    bench.sampler.keep(seal_all=True)
    assert bench.sampler.newest()["A"].ts == NOW + 7002


def test_the_disk_may_refuse_for_a_while(bench, monkeypatch):
    def refuse(*_):
        raise SpoolError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(bench.spool, "journal", refuse)
        bench.take(1)
        bench.sampler.keep()
        bench.take(2)
        bench.sampler.keep()
        assert bench.counts() == (0, 0)
    bench.sampler.keep()
    assert bench.counts() == (1, 0)


def test_a_corrected_clock_moves_memory_and_disk_alike(bench):
    bench.take(1)
    bench.sampler.keep()
    bench.take(2)
    bench.sampler.redate(5000, NOW + 5000, final=True)
    bench.sampler.keep(seal_all=True)
    assert bench.sampler.newest()["A"] == replace(Reading("A", NOW + 7000), values={"current": 2.0})
    assert bench.spool.health().oldest == NOW + 6000
