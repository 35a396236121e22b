"""A simulated Libre Solar BMS, on a real pseudo-terminal and by itself."""

import json
import threading

import can
import pytest

from collector.clock import Clock
from collector.config import Device as ConfiguredDevice
from collector.devices import Listener, Poller
from collector.drivers.base import Bytes, OptionError, load
from collector.links.asked import open_asked
from collector.links.errors import LinkDown
from collector.links.spec import from_text, spec
from collector.links.stream import open_stream
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


def resembles(reading, battery):
    """A pack of the same life, but for the noise of its measurements."""
    values = reading.values
    assert values["pack_voltage"] == pytest.approx(battery.voltage, abs=0.02)
    assert values["current"] == pytest.approx(battery.current, abs=0.1)
    assert values["soc"] == pytest.approx(battery.soc, abs=0.1)


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


def followed(code, link, options, done):
    """The first reading wanted of a device on a stream, asked as the schedule would ask it."""
    stop, heard = threading.Event(), []

    def take(reading):
        if done(reading):
            heard.append(reading)
            stop.set()

    device = ConfiguredDevice("a", load(code), options, link, 0.1)
    listener = Listener(device, Clock(), take, stop)
    thread = threading.Thread(target=listener.run)
    thread.start()
    for _ in range(100):
        if stop.wait(0.1):
            break
        listener.ask()
    stop.set()
    thread.join()
    assert heard, listener.tally
    return heard[0], listener


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_listening_on_a_can_bus(firmware):
    battery = lived()
    with served("libresolar", battery, f"can:virtual:listen-{firmware}", firmware=firmware) as bus:
        link = from_text(f"can:{bus}")
        reading, listener = followed("libresolar_can", link, {}, lambda r: "soc" in r.values)
    resembles(reading, lived())
    assert ("cell_voltage" in reading.arrays) == (firmware == "main")
    assert listener.tally.bad == 0


def test_asking_for_cells_on_a_can_bus():
    with served("libresolar", lived(), "can:virtual:asking", firmware="v23.1") as bus:
        given = {"kind": "can", "interface": "virtual", "channel": "asking"}
        link = spec({**given, "acknowledge": True})
        assert bus == "virtual:asking"
        reading, listener = followed(
            "libresolar_can", link, {"transmit": "yes"}, lambda r: "cell_voltage" in r.arrays
        )
    assert len(reading.arrays["cell_voltage"]) == 8
    assert listener.tally.bad == 0


def test_nothing_is_sent_on_a_can_bus_that_is_only_listened_to():
    with can.Bus(interface="virtual", channel="silent") as others:
        stream = open_stream(from_text("can:virtual:silent"), lambda: 0)
        for frame in load("libresolar_can").sends:
            with pytest.raises(LinkDown, match="only listened"):
                stream.send(frame)
        stream.close()
        assert others.recv(0) is None


def test_listening_through_an_slcan_adapter():
    with served("libresolar", lived(), "can-pty") as port:
        link = from_text(f"slcan:{port}:500000")
        done = lambda reading: "cell_voltage" in reading.arrays  # noqa: E731
        reading, _ = followed("libresolar_can", link, {}, done)
    assert len(reading.arrays["cell_voltage"]) == 8


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_asked_over_http(firmware):
    heard = []
    with served("libresolar", lived(), "http:127.0.0.1:0", firmware=firmware) as url:
        link = from_text(f"http:{url}")
        options = {"firmware": firmware[:3]} if firmware.startswith("v2") else {}
        device = ConfiguredDevice("a", load("libresolar_http"), options, link, 1.0)
        poller = Poller(device, Clock(), heard.append, open_asked(link, Clock().now))
        poller.poll()
    resembles(heard[0], lived())
    assert poller.trouble is None


def is_whole(reading):
    return {"pv_voltage", "pv_current", "load_current", "pack_voltage"} <= reading.values.keys()


def test_a_charge_controller_on_a_line_on_can_and_over_http():
    sunny = {"seconds": 9000, "hour": 10, "duty": "traction"}
    options = {"device": "mppt"}
    with served("libresolar", lived(**sunny), "pty", **options) as port:
        link = from_text(f"serial:{port}")
        on_line, listener = followed("libresolar", link, options, is_whole)
        assert listener.tally.bad == 0
    with served("libresolar", lived(**sunny), "can:virtual:mppt", **options) as bus:
        on_can, _ = followed("libresolar_can", from_text(f"can:{bus}"), options, is_whole)
    heard = []
    with served("libresolar", lived(**sunny), "http:127.0.0.1:0", **options) as url:
        link = from_text(f"http:{url}")
        device = ConfiguredDevice("a", load("libresolar_http"), options, link, 1.0)
        Poller(device, Clock(), heard.append, open_asked(link, Clock().now)).poll()
    for reading in (on_line, on_can, heard[0]):
        assert reading.values["pv_current"] > 0
        assert reading.values["load_current"] == pytest.approx(2.25)
        assert reading.values["pv_voltage"] > reading.values["pack_voltage"]
        assert reading.states["load_on"] is True
