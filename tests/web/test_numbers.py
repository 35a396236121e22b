"""Numbers and times are written alike by the server and by the page that rewrites them."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import format as fmt
from collector.wire.metrics import METRICS
from tests.web.twins import call

NB, MINUS = "\u00a0", "\u2212"


@pytest.mark.parametrize(
    ("written", "call"),
    [
        (f"{MINUS}34,8{NB}A", (-34.8, "A", 1, True)),
        (f"+12,0{NB}A", (12, "A", 1, True)),
        (f"0,0{NB}A", (0.04, "A", 1, True)),
        (f"0,0{NB}A", (-0.04, "A", 1, True)),
        (f"62{NB}%", (62.4, "%")),
        (f"1{NB}240{NB}Ah", (1240, "Ah")),
        (f"12{NB}345{NB}678,50{NB}V", (12345678.5, "V", 2)),
        (f"3,228{NB}V", (3.2281, "V", 3)),
        ("412", (412, "")),
    ],
)
def test_french_of_canada(written, call):
    assert fmt.quantity(*call) == written


def test_english_joins_the_percent_sign():
    assert fmt.quantity(62, "%", locale="en") == "62%"
    assert fmt.quantity(-1234.5, "W", 1, locale="en") == f"{MINUS}1,234.5{NB}W"


@pytest.mark.parametrize(
    ("code", "value", "written"),
    [
        ("power", -1840, f"{MINUS}1,84{NB}kW"),
        ("power", 12_400, f"+12,4{NB}kW"),
        ("energy_remaining", 8_912, f"8,9{NB}kWh"),
        ("energy_remaining", 403_000, f"403{NB}kWh"),
        ("cell_voltage_spread", 0.0842, f"84{NB}mV"),
        ("soh", 94.12, f"94,1{NB}%"),
        ("cycles", 1204, f"1{NB}204"),
        ("x_fan", 2.5, "2,50"),
    ],
)
def test_each_quantity_has_its_digits(code, value, written):
    assert fmt.metric(code, value) == written


@pytest.mark.parametrize(
    ("ms", "written"),
    [
        (-5, f"0{NB}s"),
        (3_999, f"3{NB}s"),
        (59_999, f"59{NB}s"),
        (60_000, f"1{NB}min"),
        (16_440_000, f"4{NB}h{NB}34"),
        (90_000_000, f"1{NB}j{NB}1{NB}h"),
    ],
)
def test_durations(ms, written):
    assert fmt.duration(ms) == written


def test_a_time_of_another_day_says_which():
    zone, night = "America/Toronto", 1_762_063_200_000  # 2025-11-02 02:00 EDT, clocks go back
    assert fmt.clock(night, zone) == f"01{NB}h{NB}00"
    assert fmt.clock(night, zone, "en") == "01:00"
    assert fmt.moment(night, night + fmt.DAY, zone) == f"2025-11-02, 01{NB}h{NB}00"
    assert fmt.seen(night, night + fmt.DAY, zone) == f"2025-11-02, 01{NB}h{NB}00"
    assert fmt.seen(night, night + 3000, zone) == f"il y a 3{NB}s"


def floats(count: int) -> list[float]:
    """Plain ones, ties of rounding, and every kind of bit pattern below a million millions."""
    chance = random.Random(1)
    plain = [chance.uniform(-2000, 2000) for _ in range(count)]
    ties = [chance.randint(-4000, 4000) / 2 ** chance.randint(0, 6) for _ in range(count)]
    bits = [struct.unpack("d", chance.randbytes(8))[0] for _ in range(count)]
    return plain + ties + [value for value in bits if abs(value) < 1e12] + [0.0, -0.0, 0.5, 2.5]


def test_the_page_writes_the_same_numbers():
    chance = random.Random(2)
    calls = [
        (value, "V", chance.randint(0, 4), chance.random() < 0.5, chance.choice(["fr", "en"]))
        for value in floats(2000)
    ]
    assert call("format", "quantity", calls) == [fmt.quantity(*args) for args in calls]


def test_the_page_writes_the_same_metrics():
    chance = random.Random(3)
    cases = [
        (code, round(chance.uniform(max(entry.low, -1e5), min(entry.high, 1e6)), 4), language)
        for code, entry in METRICS.items()
        for language in ("fr", "en")
        for _ in range(20)
    ]
    written = call("format", "metric", [(fmt.shown(c), v, language) for c, v, language in cases])
    assert written == [fmt.metric(*case) for case in cases]


def test_the_page_writes_the_same_ages():
    chance = random.Random(4)
    now = 1_762_063_200_000
    zones = ["America/Toronto", "UTC", "America/St_Johns", "Pacific/Auckland"]
    calls = [
        (now - chance.choice([10**4, 10**6, 10**8, 10**10]) * chance.randint(0, 9), now,
         chance.choice(zones), chance.choice(["fr", "en"]))
        for _ in range(400)
    ]  # fmt: skip
    assert call("format", "seen", calls) == [fmt.seen(*args) for args in calls]


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_written_number_reads_back(value, digits):
    text = fmt.number(value, digits).replace(NB, "").replace(",", ".").replace(MINUS, "-")
    assert abs(float(text) - value) <= 0.5000001 * 10**-digits + abs(value) * 1e-12
