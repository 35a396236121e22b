"""What is acknowledged is deleted, what is not is sent again, and no fault loses or doubles any."""

import random

import pytest
import requests

from collector.clock import Clock
from collector.portal.enrolment import enrol
from collector.portal.push import BURIED_AT_MOST, LONGEST_PAUSE, Pusher
from collector.portal.wishes import Wishes
from collector.sampler import Sampler
from collector.spool.spool import Spool
from collector.wire.alarms import alarm
from collector.wire.reading import Reading
from collector.wire.sending import Sending
from tests.collector.sink import KEPT, Sink


class Site:
    """The parts of a collector behind its devices, against a sink, in one thread."""

    def __init__(self, sink, folder, *, wall=None, enrolled=False):
        self.sink, self.folder = sink, folder
        if not enrolled:
            enrol(sink.url, "ab-cd", folder, requests.Session())
        self.clock = Clock(wall) if wall else Clock()
        self.alarms, self.taken = 0, []
        self.start()

    def start(self):
        """As a new process would: what is known is on the disk."""
        self.spool = Spool(self.folder / "spool.db", "boot", self.clock.base)
        self.sampler = Sampler(self.spool, self.clock.monotonic, self._alarmed)
        self.wishes = Wishes(self.folder, Sending(), allowed=True)
        self.pusher = Pusher(
            self.folder, self.spool, self.sampler, self.clock, self.wishes, chance=lambda: 1.0
        )

    def _alarmed(self):
        self.alarms += 1

    def take(self, count=1, asset="A"):
        for _ in range(count):
            ts = self.clock.now() + len(self.taken)
            reading = Reading(asset, ts, {"current": len(self.taken) / 100})
            self.taken.append(reading)
            self.sampler.take(reading)

    def seal(self):
        self.sampler.keep(seal_all=True)

    def drain(self, most=300):
        for _ in range(most):
            if self.pusher.push().stored and not self.spool.queued():
                return
        raise AssertionError(f"still queued: {self.spool.queued()}")


@pytest.fixture
def sink():
    with Sink() as sink:
        yield sink


@pytest.fixture
def site(sink, tmp_path):
    site = Site(sink, tmp_path)
    assert site.pusher.push().stored  # the first push only learns the time
    return site


def test_a_reading_is_live_at_once_and_stored_once(site, sink):
    site.take(5)
    site.seal()
    site.drain()
    assert sink.live["A"] == site.taken[-1]
    assert sink.readings() == site.taken


def test_a_batch_says_how_many_blocks_wait_behind_it(site, sink):
    for asset in ("A", "B", "C"):
        site.take(asset=asset)
    site.seal()
    site.pusher._most = 1  # one block a batch
    site.drain()
    site.take()
    assert site.pusher.push().stored
    assert [agent.queued for agent in sink.agents] == [0, 2, 1, 0, 0]


def test_blocks_that_wait_for_the_time_are_counted(sink, tmp_path):
    site = Site(sink, tmp_path)
    site.take(3)
    site.seal()
    site.drain()
    assert [agent.queued for agent in sink.agents] == [1, 0]


def test_live_readings_are_not_spooled_and_not_repeated(site, sink):
    site.take()
    assert site.pusher.push().stored
    assert (sink.live["A"], site.spool.queued()) == (site.taken[0], 0)
    assert site.sampler.fresh() == ()


@pytest.mark.parametrize("fault", KEPT)
def test_whatever_is_no_receipt_is_sent_again_with_the_same_bytes(site, sink, fault):
    site.take(3)
    site.seal()
    sink.faults.append(fault)
    assert not site.pusher.push().stored
    frozen = site.spool.pending()
    assert frozen is not None
    site.drain()
    seqs = [seq for _, seq in sink.requests[1:]]
    assert seqs == [str(frozen.seq)] * 2
    assert sink.batches[frozen.epoch, frozen.seq] == frozen.digest
    assert sink.readings() == site.taken


@pytest.mark.parametrize(("fault", "seconds"), [("503", 7), ("429", 11), ("revoked", 3600)])
def test_the_portal_says_how_long_to_wait(site, sink, fault, seconds):
    sink.faults.append(fault)
    assert seconds <= site.pusher.push().pause <= seconds + 1


def test_the_pause_doubles_up_to_five_minutes(site, sink):
    sink.faults.extend(["500"] * 12)
    pauses = [site.pusher.push().pause for _ in range(12)]
    assert pauses[:3] == [2, 4, 8]
    assert pauses[-1] == LONGEST_PAUSE
    assert site.pusher.push().stored
    sink.faults.append("500")
    assert site.pusher.push().pause == 2


def test_an_unreachable_portal_costs_nothing(site, sink):
    site.take(3)
    site.seal()
    sink.close()
    site.pusher._session.close()  # a connection kept alive would outlive the server
    pushed = site.pusher.push()
    assert not pushed.stored
    assert "reach" in pushed.reason
    assert site.spool.pending() is not None


def test_a_batch_too_large_is_made_smaller_until_it_fits(site, sink):
    for _ in range(40):
        site.take(20)
        site.seal()
    sink.largest = 1500
    site.drain()
    assert sink.readings() == site.taken
    assert site.spool.health().dead == 0


@pytest.mark.parametrize("fault", ["400", "422"])
def test_a_poisoned_batch_is_set_aside_and_the_rest_flows(site, sink, fault):
    site.take(2)
    site.seal()
    sink.faults.append(fault)
    site.pusher.push()
    poisoned = len(site.taken)
    site.take(2)
    site.seal()
    site.drain()
    assert sink.readings() == site.taken[poisoned:]
    assert site.spool.health().dead == 1


def test_a_portal_that_refuses_everything_does_not_empty_the_spool(site, sink):
    sink.faults.extend(["422"] * 20)
    for _ in range(20):
        site.take()
        site.seal()
        site.pusher.push()
    assert site.spool.health().dead == BURIED_AT_MOST
    site.drain()
    assert len(sink.readings()) == 20 - BURIED_AT_MOST


def test_a_copied_spool_goes_on_under_a_new_epoch(site, sink):
    site.take()
    site.seal()
    before = site.spool.epoch
    sink.faults.append("conflict")
    site.pusher.push()
    assert site.spool.epoch != before
    assert site.spool.health().dead == 1
    site.take()
    site.seal()
    site.drain()
    assert sink.readings() == site.taken[1:]


@pytest.mark.parametrize("hours", [-24 * 365 * 50, -1, 1, 24 * 365])
def test_a_wrong_clock_is_corrected_by_the_portal(sink, tmp_path, hours):
    import time

    site = Site(sink, tmp_path, wall=lambda: time.time() + hours * 3600)
    site.take(3)
    site.sampler.keep()
    site.take(2)
    site.seal()
    site.take(1)
    site.drain()
    site.seal()
    site.drain()
    now = sink.now()
    stored = sink.readings()
    assert [r.values["current"] for r in stored] == [r.values["current"] for r in site.taken]
    assert all(abs(r.ts - now) < 5000 for r in stored)
    assert abs(sink.live["A"].ts - now) < 5000


def test_the_clock_may_go_wrong_while_running(site, sink):
    sink.skew_ms = 3_600_000 * 5
    site.take()
    site.seal()
    site.drain()
    assert abs(site.clock.now() - sink.now()) < 5000


def test_the_next_push_is_when_the_portal_likes(site, sink):
    sink.next_push, sink.watched = 2.0, True
    assert site.pusher.push().pause == 2.0


def test_a_backlog_is_sent_without_waiting(site, sink, monkeypatch):
    monkeypatch.setattr("collector.portal.push.BATCH_PACKED", 100)
    site.pusher._most = 100
    for _ in range(5):
        site.take(50)
        site.seal()
    assert site.pusher.push().pause <= 1.0
    assert sink.live["A"] == site.taken[-1]


def test_an_alarm_that_comes_or_goes_asks_for_a_push(site):
    first = Reading("A", site.clock.now(), {"current": 1.0})
    alarmed = Reading("A", first.ts + 1, {"current": 1.0}, alarms=(alarm("cell_overvoltage"),))
    for reading, expected in [(first, 0), (alarmed, 1), (alarmed, 1), (first, 2)]:
        site.sampler.take(reading)
        assert site.alarms == expected
    assert site.sampler.keep()
    assert site.spool.queued() == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_faults_loses_and_doubles_nothing(site, sink, seed):
    chance = random.Random(seed)
    for _ in range(60):
        site.take(chance.randrange(5))
        if chance.random() < 0.5:
            site.seal()
        if chance.random() < 0.6:
            sink.faults.append(chance.choice([f for f in KEPT if f not in ("revoked",)] + ["413"]))
        site.pusher.push()
    sink.faults.clear()
    site.seal()
    site.drain()
    assert sink.readings() == site.taken
    assert len(sink.blocks) == len({(e, a, s) for e, a, s in sink.blocks})
