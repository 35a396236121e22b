"""A simulated Green-BMS, on a real pseudo-terminal and by itself."""

import pytest

from collector.drivers.base import Bytes, OptionError, load
from collector.simulators._greenbms_unit import TICK_S, Unit
from collector.simulators.pack import Pack, PackSpec
from tests.collector.simulators.serving import Site, served


def lived(seconds=600.0, **changes):
    battery = Pack(PackSpec(**{"cells": 7, "temperatures": 2, **changes}))
    battery.step(seconds)
    return battery


def agrees(reading, battery):
    """Equal to half a step of what the device writes."""
    assert reading.values["pack_voltage"] == pytest.approx(battery.voltage, abs=0.051)
    assert reading.values["current"] == pytest.approx(battery.current, abs=0.51)
    assert reading.values["soc"] == pytest.approx(battery.soc, abs=0.51)
    assert reading.arrays["cell_voltage"] == pytest.approx(tuple(battery.cell_voltages), abs=0.0051)
    assert reading.arrays["balancing"] == tuple(battery.balancing)
    low = {i for i, volt in enumerate(battery.cell_voltages) if volt < 2.9}
    assert {a.index for a in reading.alarms if a.code == "cell_undervoltage"} == low


def conversation(unit, decoder, cycle_s=1.0):
    """Time and readings of each tick, without a clock: unit and decoder talk directly."""
    tick = 0
    ask_at = 0.0
    while True:
        now = tick * TICK_S
        readings = list(decoder.feed(Bytes(unit.tick(now), int(now * 1000))))
        if now >= ask_at:
            ask_at += cycle_s
            for request in decoder.requests(int(now * 1000)):
                assert request in load("greenbms").sends
                unit.receive(request, now)
        yield now, readings
        tick += 1


@pytest.mark.parametrize("cells", [1, 2, 7, 16, 40])
@pytest.mark.parametrize("spec", [{}, {"soc": 2, "weak_cell": 0}, {"duty": "lighting"}])
def test_what_is_asked_for_comes(cells, spec):
    battery = lived(cells=cells, **spec)
    decoder = load("greenbms").decoder("a", {})
    scans, visits = [], []
    for now, readings in conversation(Unit(battery), decoder):
        found = [r for r in readings if r.values.get("x_cells_age") == 0]
        if found and (not visits or now > visits[-1] + 10):
            visits.append(now)
        scans += found
        if len(visits) == 3:
            break
        assert now < 300
    for reading in scans:
        agrees(reading, battery)
    assert all(58 < b - a < 64 for a, b in zip(visits, visits[1:], strict=False))
    assert decoder.tally.bad == 0
    assert reading.values["capacity_design"] == 100


@pytest.mark.parametrize("cycle_s", [0.4, 1.0, 5.0, 10.0])
def test_page_2_is_what_is_mostly_shown(cycle_s):
    decoder = load("greenbms").decoder("a", {"scan": "120"})
    times = []
    for now, readings in conversation(Unit(lived()), decoder, cycle_s):
        times += [now for _ in readings]
        if now > 600:
            break
    assert len(times) > 800
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) < 21


def test_a_unit_nobody_talks_to_sends_heartbeats_only():
    unit = Unit(lived())
    unit.receive(b"#s2\n#m1\n", 0.0)
    lines = [unit.tick(n * TICK_S) for n in range(200)]
    assert any(line.startswith(b"$#g001") for line in lines[:30])
    assert {line[:6] for line in lines[60:] if line} == {b"$#i000"}


def test_the_same_keep_alive_again_is_none():
    unit = Unit(lived())
    unit.receive(b"#s2\n", 0.0)
    for n in range(100):
        unit.receive(b"#m1\r", n * TICK_S)
        unit.tick(n * TICK_S)
    assert b"g001" not in unit.tick(100 * TICK_S)


def test_listening_beside_the_app():
    battery = lived()
    unit, decoder = Unit(battery, has_app=True), load("greenbms").decoder("a", {"poll": "no"})
    found = [
        r
        for _, readings in zip(range(100), conversation(unit, decoder), strict=False)
        for r in readings[1]
    ]
    agrees(found[-1], battery)
    assert decoder.tally.bad == 0


def test_asking_on_a_real_port():
    battery = lived(cells=3)
    with served("greenbms", battery) as port:
        site = Site("greenbms", port)
        reading = site.follow(lambda r: "cell_voltage" in r.arrays and "soc" in r.values, 10)
    assert len(reading.arrays["cell_voltage"]) == 3
    assert None not in reading.arrays["cell_voltage"]
    assert site.decoder.tally.bad == 0
    assert set(site.sent) <= load("greenbms").sends


@pytest.mark.parametrize(
    ("spec", "options"),
    [({"cells": 41}, {}), ({"strings": 2}, {}), ({}, {"app": "perhaps"}), ({}, {"speed": "x"})],
)
def test_impossible_settings_are_refused(spec, options):
    with pytest.raises(OptionError), served("greenbms", lived(1, **spec), **options):
        pass
