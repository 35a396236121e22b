"""A simulated Libre Solar BMS, on a real pseudo-terminal and by itself."""

import json

import pytest

from collector.drivers.base import Bytes, OptionError, load
from collector.protocols.thingset import parse
from collector.simulators._thingset_device import FIRMWARES, NODE_ID, Device
from collector.simulators.pack import Pack, PackSpec
from tests.collector.simulators.serving import Site, served

FORMS = {"v21.0": b"?output\n"}


def pack(**changes):
    return Pack(PackSpec(**{"cells": 8, "temperatures": 2, "capacity_ah": 45, **changes}))


def lived(seconds=600.0, **changes):
    battery = pack(**changes)
    battery.step(seconds)
    return battery


def agrees(reading, battery, *, has_cells=True):
    """Equal to half a step of what the firmware writes."""
    values = reading.values
    assert values["pack_voltage"] == pytest.approx(battery.voltage, abs=0.0051)
    assert values["current"] == pytest.approx(battery.current, abs=0.0051)
    assert values["soc"] == pytest.approx(battery.soc, abs=0.051)
    assert values["cell_voltage_min"] == pytest.approx(min(battery.cell_voltages), abs=5.1e-4)
    assert values["cell_voltage_max"] == pytest.approx(max(battery.cell_voltages), abs=5.1e-4)
    if has_cells:
        cells = reading.arrays["cell_voltage"]
        assert cells == pytest.approx(tuple(battery.cell_voltages), abs=5.1e-4)
        assert reading.arrays["balancing"] == tuple(battery.balancing)


@pytest.mark.parametrize("duty", ["backup", "lighting", "traction"])
@pytest.mark.parametrize("firmware", FIRMWARES)
def test_a_report_says_what_the_pack_is(firmware, duty):
    battery = lived(9000, duty=duty, weak_cell=3)
    decoder = load("libresolar").decoder("a", {})
    (reading,) = decoder.feed(Bytes(Device(battery, firmware, 16).report(), 1))
    agrees(reading, battery, has_cells=firmware != "v21.0")
    assert decoder.tally.bad == 0
    assert (reading.states["mode"] == "charging") == (battery.current >= 0.05)


@pytest.mark.parametrize(
    ("spec", "seconds", "codes", "state"),
    [
        ({}, 600, set(), "NORMAL"),
        ({"soc": 1.5, "duty": "traction"}, 600, {"cell_undervoltage"}, "CHG"),
        (
            {"ambient": 70, "duty": "traction", "hour": 20, "soc": 20},
            600,
            {"overtemperature_charge"},
            "NORMAL",
        ),
        (
            {"ambient": 70, "duty": "lighting", "hour": 19},
            20_000,
            {"overtemperature_discharge"},
            "NORMAL",
        ),
    ],
)
def test_alarms_of_the_pack_are_flags(spec, seconds, codes, state):
    decoder = load("libresolar").decoder("a", {})
    (reading,) = decoder.feed(Bytes(Device(lived(seconds, **spec), "main", 16).report(), 1))
    assert {alarm.code for alarm in reading.alarms} == codes
    assert reading.states["bms_state"] == state


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_requests_that_read_are_answered_and_others_refused(firmware):
    device = Device(lived(), firmware, 16)
    group = FIRMWARES[firmware].group
    names = parse(device.receive(b"?%s null\n" % group.encode())).data
    values = parse(device.receive(f"?{group} {json.dumps(names[:3])}\r\n".encode())).data
    single = [parse(device.receive(f"?{group}/{name}\n".encode())).data for name in names[:3]]
    assert values == single and len(names) > 10
    assert group in parse(device.receive(b"?\n")).data
    for request in (b"=Meas {}", b"!Device/xReset", b"+mLive 1", b"-mLive 1", b"nonsense"):
        assert parse(device.receive(request + b"\n")).code == 0xA3
    for request in (b"?nope", b"?%s/nope" % group.encode(), b'?%s ["nope"]' % group.encode()):
        assert parse(device.receive(request + b"\n")).code == 0xA4
    assert parse(device.receive(b"?%s [true]\n" % group.encode())).code == 0xA0
    assert parse(device.receive(b"?%s {\n" % group.encode())).code == 0xA0


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_listening_on_a_real_port(firmware):
    battery = lived()
    with served("libresolar", battery, firmware=firmware) as port:
        site = Site("libresolar", port)
        site.follow(lambda reading: reading.values["soc"] > 0, 5)
    assert site.sent == [] and site.decoder.tally.bad == 0


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_asking_on_a_real_port(firmware):
    battery = lived()
    with served("libresolar", battery, firmware=firmware, publish="no") as port:
        site = Site("libresolar", port, {"poll": "yes", "cells": "8"})
        reading = site.follow(_is_complete(firmware), 5)
    assert len(reading.arrays["cell_voltage"]) == 8
    assert None not in reading.arrays["cell_voltage"]
    assert site.decoder.tally.bad == 0
    assert set(site.sent) <= load("libresolar").sends


def _is_complete(firmware):
    if firmware == "v21.0":
        return lambda reading: "cell_voltage" in reading.arrays
    return lambda reading: (
        reading.states.get("serial") == NODE_ID
        and reading.states.get("firmware") == firmware
        and reading.values.get("capacity_design") == 45
    )


def test_asking_a_command_shell_on_a_real_port(tmp_path):
    where = f"pty:{tmp_path / 'shell'}"
    with served("libresolar", lived(), where, port="shell", publish="no") as port:
        assert port == str(tmp_path / "shell")
        site = Site("libresolar", port, {"poll": "yes"}, cycle_s=0.05)
        site.follow(lambda reading: "cell_voltage" in reading.arrays, 5)
    assert b"thingset ?Meas\n" in site.sent
    assert not (tmp_path / "shell").is_symlink()


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ({"cells": 33}, {}),
        ({"strings": 2}, {}),
        ({}, {"firmware": "v9"}),
        ({}, {"inputs": "7"}),
        ({}, {"inputs": "many"}),
        ({}, {"publish": "maybe"}),
        ({}, {"speed": "0"}),
    ],
)
def test_impossible_settings_are_refused(spec, options):
    with pytest.raises(OptionError), served("libresolar", pack(**spec), **options):
        pass
