"""A pack, through the registers of a simulated device, a real connection and the driver."""

import threading

import pytest

from collector.decoding import tidied
from collector.drivers.base import OptionError, RegisterRead, load
from collector.links.errors import BadAnswer
from collector.registers.map import Array, Quantity
from collector.registers.profile import load as load_profile
from collector.registers.profile import names
from collector.simulators.base import load as load_simulator
from collector.simulators.modbus import reading_of
from collector.simulators.pack import Pack, PackSpec
from collector.wire.reading import digits_of

NOW = 1_700_000_000_000


def busy_pack() -> Pack:
    pack = Pack(PackSpec(cells=15, duty="traction", soc=50, hour=7))
    while not pack.discharging:
        pack.step(10)
    return pack


def cycle(link, profile: str):
    decoder = load("modbus").decoder("b1", {"profile": profile})
    readings = []
    for question in decoder.requests(NOW):
        readings += decoder.feed(link.read(question))
    assert decoder.tally.bad == 0
    (reading,) = tidied([*readings, *decoder.finish()])
    return reading


def rounding(quantity: Quantity) -> float:
    """Half of what registers and registry can tell apart; a float can tell anything."""
    step = abs(quantity.scale) if quantity.point.type != "f32" else 0
    return 0.51 * max(step, 10 ** -digits_of(quantity.code))


@pytest.mark.parametrize("transport", ["tcp", "pty"])
@pytest.mark.parametrize("profile", names())
def test_what_the_pack_is_comes_out_of_the_driver(device, profile, transport):
    pack = busy_pack()
    said, heard = reading_of(pack), cycle(device(transport, pack, profile=profile), profile)
    registers = load_profile(profile).map
    compared = set()
    for quantity in registers.quantities:
        if quantity.code in said.values:
            expected = said.values[quantity.code]
            assert heard.values[quantity.code] == pytest.approx(expected, abs=rounding(quantity))
            compared.add(quantity.code)
    assert {"pack_voltage", "current", "soc"} <= compared
    for array in registers.arrays:
        _same_array(array, said.arrays[array.code], heard.arrays[array.code])
    for state in registers.states:
        if state.code in said.states:
            assert heard.states[state.code] == said.states[state.code]
    assert heard.alarms == ()


def _same_array(array: Array, said: tuple, heard: tuple) -> None:
    if array.count is not None:
        assert len(heard) == len(said)
    for quantity, value, expected in zip(array.elements, heard, said, strict=False):
        assert value == pytest.approx(expected, abs=rounding(quantity))


def test_alarms_come_through(device):
    pack = Pack(PackSpec(soc=3, weak_cell=4))
    assert "soc_low" in pack.alarms
    reading = cycle(device("tcp", pack, profile="generic"), "generic")
    assert {alarm.code for alarm in reading.alarms} == set(pack.alarms)


def test_a_pack_that_lives_changes(device):
    pack = Pack(PackSpec(duty="traction", hour=7))
    link = device("tcp", pack, profile="generic", period="0.01", speed="1000")
    before = cycle(link, "generic").arrays["cell_voltage"]
    moved = threading.Event()
    for _ in range(500):
        if cycle(link, "generic").arrays["cell_voltage"] != before:
            moved.set()
            break
        moved.wait(0.01)
    assert moved.is_set()


def test_registers_outside_the_table_are_refused_like_on_a_real_device(device):
    link = device("tcp", Pack(), profile="generic")
    with pytest.raises(BadAnswer) as raised:
        link.read(RegisterRead(1, 3, 59, 2))
    assert raised.value.reason == "exception_2"


def test_another_unit_has_no_device_behind_it(device):
    link = device("tcp", Pack(), profile="generic", unit="7")
    assert link.read(RegisterRead(7, 3, 0, 1)).unit == 7
    with pytest.raises(BadAnswer) as raised:
        link.read(RegisterRead(8, 3, 0, 1))
    assert raised.value.reason == "exception_11"


@pytest.mark.parametrize(
    ("where", "options", "reason"),
    [
        ("tcp:127.0.0.1", {}, "tcp wants tcp:HOST:PORT"),
        ("tcp:127.0.0.1:0", {"profile": "nothing"}, "there is no profile nothing"),
        ("tcp:127.0.0.1:0", {"unit": "900"}, "unit must be a number from 0 to 255"),
        ("tcp:127.0.0.1:0", {"fault": "fire"}, "fault must be one of"),
        ("tcp:192.0.2.1:0", {}, "cannot serve there"),
        ("can:virtual", {}, "cannot serve on can:virtual"),
    ],
)
def test_impossible_wishes_are_refused(where, options, reason):
    with pytest.raises(OptionError) as raised:
        load_simulator("modbus").serve(Pack(), where, threading.Event(), options, print)
    assert reason in str(raised.value)
