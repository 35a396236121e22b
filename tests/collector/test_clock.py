"""The collector's clock does not jump with the computer's, and learns from the portal."""

import pytest

from collector.clock import TOLERANCE, Clock


class Time:
    def __init__(self, wall=1_790_000_000.0):
        self.wall, self.monotonic = wall, 50.0

    def pass_(self, seconds):
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def clock(time):
    return Clock(lambda: time.wall, lambda: time.monotonic)


def test_it_goes_on_when_the_computers_clock_is_set(clock, time):
    before = clock.now()
    time.pass_(10)
    time.wall -= 3600
    assert clock.now() == before + 10_000
    assert clock.step() == -3_600_000
    assert clock.step() == 0


def test_before_the_portal_was_heard_the_computer_knows_best(clock, time):
    time.wall += 1000
    assert clock.follow() == 1_000_000
    assert clock.now() == round(time.wall * 1000)


def test_after_the_portal_was_heard_the_computer_does_not_matter(clock, time):
    right = clock.now()
    assert clock.learn(right + 500, time.monotonic, time.monotonic) == 0
    time.wall += 1000
    assert clock.follow() == 0
    assert clock.now() == right


def test_it_learns_the_time_of_the_middle_of_a_request(clock, time):
    sent = time.monotonic
    time.pass_(1)
    assert clock.learn(9_000_000_000_000, sent, time.monotonic) != 0
    assert clock.now() == 9_000_000_000_500


def test_a_slow_answer_corrects_only_what_is_worse(clock, time):
    sent = time.monotonic
    time.pass_(20)
    server = clock.now() - 15_000
    assert clock.learn(server, sent, time.monotonic) == 0
    assert clock.learn(server, time.monotonic, time.monotonic) == -15_000


def test_small_steps_are_the_daily_business_of_ntp(clock, time):
    time.wall += TOLERANCE / 1000 / 2
    assert clock.step() == 0
    assert clock.follow() == 0
