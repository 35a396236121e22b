"""A pack, through the frames of every profile and the driver: the values come back."""

import pytest

from collector.decoding import decode, tidied
from collector.drivers.base import CanFrame, load
from collector.signals.profile import load as load_profile
from collector.signals.profile import names
from collector.simulators._can_talker import Talker
from collector.simulators.modbus import reading_of
from collector.simulators.pack import Pack, PackSpec

START = 1_790_000_000_000
SECOND = 1000


def busy_pack() -> Pack:
    pack = Pack(PackSpec(cells=15, duty="traction", soc=50, hour=7))
    while not pack.discharging:
        pack.step(10)
    return pack


def heard(talker: Talker, options: dict, seconds: int = 3):
    """The last reading of some seconds in which everything is said once each."""
    decoder = load("can").decoder("b1", options)
    said = [frame for i in range(seconds) for frame in talker.frames(START + SECOND * i)]
    readings = [*decode(decoder, said), *tidied(decoder.finish())]
    assert decoder.tally.bad == 0
    assert decoder.tally.frames >= len(said)
    return readings[-1], decoder


@pytest.mark.parametrize("name", names())
def test_what_the_pack_is_comes_out_of_the_driver(name):
    pack = busy_pack()
    profile = load_profile(name)
    address = profile.addresses[-1]
    reading, decoder = heard(
        Talker(pack, profile, address, 1), {"profile": name, "address": address}
    )
    said = reading_of(pack)
    compared = set()
    for message in profile.map.messages:
        for quantity in message.quantities:
            if quantity.code in said.values:
                step = max(abs(quantity.field.signal.factor), 0.0001)
                expected = pytest.approx(said.values[quantity.code], abs=0.51 * step)
                assert reading.values[quantity.code] == expected
                compared.add(quantity.code)
        for items in message.items:
            if items.code == "cell_voltage":
                expected = pytest.approx(said.arrays["cell_voltage"], abs=0.00051)
                assert reading.arrays["cell_voltage"] == expected
    assert {"pack_voltage", "current", "soc"} <= compared
    assert reading.alarms == ()
    assert set(decoder.tally.warnings) <= set(profile.note or ())


def test_packs_with_other_addresses_are_left_alone():
    profile = load_profile("jk")
    decoder = load("can").decoder("b1", {"profile": "jk", "address": "2"})
    for address in (0, 1, 3, 15):
        assert list(decode(decoder, Talker(busy_pack(), profile, address, 1).frames())) == []
    assert decoder.tally.frames == 0


@pytest.mark.parametrize("name", names())
def test_alarms_come_through(name):
    pack = Pack(PackSpec(soc=3, weak_cell=4))
    profile = load_profile(name)
    reading, _ = heard(Talker(pack, profile, profile.addresses[0], 1), {"profile": name})
    known = {
        alarm.code
        for message in profile.map.messages
        for complaint in message.complaints
        for alarm in complaint.alarms.values()
    }
    assert {alarm.code for alarm in reading.alarms} == set(pack.alarms) & known


def test_the_current_can_be_turned_round():
    pack, profile = busy_pack(), load_profile("jk")
    plain, _ = heard(Talker(pack, profile, 0, 1), {"profile": "jk"})
    turned, _ = heard(
        Talker(pack, profile, 0, 1), {"profile": "jk", "positive_current": "discharge"}
    )
    assert turned.values["current"] == -plain.values["current"] > 0


def test_frames_of_somebody_else_mean_nothing():
    decoder = load("can").decoder("b1", {"profile": "generic"})
    other = [
        CanFrame(0x600, bytes(8), START, extended=True),
        CanFrame(0x600, b"", START, remote=True),
        CanFrame(0x600, bytes(8), START, error=True),
        CanFrame(0x123, bytes(8), START),
    ]
    assert list(decode(decoder, other)) == list(decoder.finish()) == []
    assert decoder.tally.frames == 0
