"""Each use asks its own question; the answers are those of duty profiles worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from app.processor.analytics.application import ANALYTIC
from app.processor.analytics.base import Observed, Refused
from tests.pack import Cells, Simulation


def lived(use, profile, days, soc=90.0, **terms):
    cells = Cells(step_s=60, soc=np.full(16, soc))
    pack = replace(cells.pack(**terms), application=use)
    battery, seen = Simulation(cells, profile), []
    for number in range(days):
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(pack, day), len(day)))
    return ANALYTIC.conclude(pack, seen)


def lamps(sun):
    """Four ampere from dusk till dawn, and `sun(day)` ampere from 8 to 16 h, of a hundred."""

    def profile(number, seconds):
        hours = seconds / 3600
        night = (hours < 6) | (hours >= 18)
        return np.where(night, -0.04, np.where((hours >= 8) & (hours < 16), sun(number) / 100, 0.0))

    return profile


def test_lights_that_last():
    answer = lived("lighting", lamps(lambda day: 8.0), 10)
    assert (answer.level, answer.text) == ("good", "lit")
    assert answer.values["lit"].value == 100
    assert answer.values["night_charge"].value == pytest.approx(48, abs=0.5)


def test_a_battery_that_loses_a_little_every_day():
    answer = lived("lighting", lamps(lambda day: 5.5), 9)
    assert answer.text == "dark_soon"
    # 4 Ah short a day; dawn of the last day is 90 - 24 - 8 * 4 = 34 %, so some seven days.
    assert answer.values["left"].value == pytest.approx(7, abs=1.5)
    assert answer.values["trend"].value == pytest.approx(-4, abs=0.3)


def test_a_night_that_went_dark():
    answer = lived("lighting", lamps(lambda day: 9.0 if day else 0.0), 6, soc=50.0)
    assert answer.text == "dark"
    assert answer.values["dark"].value >= 1


def outage(on, minutes, rate=0.3):
    def profile(number, seconds):
        out = (number == on) & (seconds >= 36_000) & (seconds < 36_000 + 60 * minutes)
        return np.where(out, -rate, 0.1 if number != on else 0.0)

    return profile


def test_a_backup_that_was_proved():
    answer = lived("backup", outage(2, 60), 5, soc=100.0)
    assert (answer.level, answer.text) == ("good", "proved")
    assert answer.values["since"].value == 2
    assert answer.values["minutes"].value == pytest.approx(60, abs=1)
    assert answer.values["charge"].value == pytest.approx(30, abs=1)


def test_a_backup_nobody_has_tried():
    assert lived("backup", outage(99, 60), 4, soc=100.0).text == "never_tested"


def test_a_test_that_ended_early():
    answer = lived("backup", outage(1, 600, 0.5), 3, soc=100.0, autonomy_h=4.0)
    assert (answer.level, answer.text) == ("bad", "test_failed")
    assert answer.values["result"].value == pytest.approx(50, abs=2)


def shift(depth, charge=True):
    def profile(number, seconds):
        hours = seconds / 3600
        work = (hours >= 7) & (hours < 15)
        return np.where(work, -depth / 8, np.where((hours < 6) & charge, 0.3, 0.0))

    return profile


def test_a_truck_that_does_its_shift():
    answer = lived("traction", shift(0.6), 6)
    assert (answer.level, answer.text) == ("good", "works")
    assert answer.values["shift"].value == pytest.approx(60, abs=1)
    assert answer.values["depth"].value == pytest.approx(60, abs=3)
    assert answer.values["energy"].value == pytest.approx(7.5 * 52 / 1000, rel=0.05)


def test_trucks_that_are_used_hard():
    assert lived("traction", shift(0.9), 6).text == "deep"
    assert lived("traction", shift(1.3), 4).text == "not_enough"


def test_no_use_on_record():
    assert isinstance(lived("", shift(0.5), 2), Refused)
