"""What the simulator encodes, the driver decodes back to the pack it came from."""

import pytest

from collector.decoding import decode
from collector.drivers.foxbms import DRIVER, LAYOUTS
from collector.simulators._foxbms_frames import beats_per_round, frames
from collector.simulators.pack import Pack, PackSpec
from collector.wire.reading import Reading


def readings(pack: Pack, generation: str, rounds: int = 2, **options) -> list[Reading]:
    spec = pack.spec
    decoder = DRIVER.decoder(
        "SIM-1",
        {
            "generation": generation,
            "strings": spec.strings,
            "cells": spec.cells,
            "temperatures": spec.temperatures,
            **options,
        },
    )
    sent = (
        frame
        for beat in range(rounds * beats_per_round(pack, generation))
        for frame in frames(pack, generation, beat, 1_000 + 100 * beat)
    )
    found = list(decode(decoder, sent))
    assert decoder.tally.bad == 0
    assert not decoder.tally.warnings
    return found


def working(**spec) -> Pack:
    pack = Pack(PackSpec(**({"duty": "traction", "hour": 7.0, "capacity_ah": 200.0} | spec)))
    while pack.current > -1:
        pack.step(5)
    return pack


@pytest.mark.parametrize("generation", LAYOUTS)
@pytest.mark.parametrize(("cells", "temperatures"), [(1, 1), (14, 8), (18, 12), (96, 30)])
def test_a_pack_comes_back_as_it_was(generation, cells, temperatures):
    if generation == "foxbms1" and cells % 18:
        cells, temperatures = 18, 12
    pack = working(cells=cells, temperatures=temperatures)
    reading = readings(pack, generation)[-1]
    assert reading.arrays["cell_voltage"] == pytest.approx(pack.cell_voltages, abs=0.00051)
    assert reading.arrays["cell_temperature"] == pytest.approx(pack.temperatures, abs=0.51)
    assert reading.values["pack_voltage"] == pytest.approx(pack.voltage, abs=0.051)
    assert reading.values["current"] == pytest.approx(pack.current, abs=0.0051)
    assert reading.values["power"] == pytest.approx(pack.voltage * pack.current, abs=5.01)
    assert reading.values["soc"] == pytest.approx(pack.soc, abs=0.13)
    assert reading.values["energy_remaining"] == pytest.approx(
        pack.capacity_remaining * pack.voltage, abs=5.01
    )
    assert reading.states["mode"] == "discharging"
    assert reading.states["soh_provided"] is False
    assert "soh" not in reading.values
    assert not reading.alarms


@pytest.mark.parametrize("generation", ["1.6", "1.10", "1.11"])
def test_several_strings(generation):
    pack = working(cells=10, temperatures=4, strings=3)
    reading = readings(pack, generation)[-1]
    assert len(reading.arrays["cell_voltage"]) == 30
    assert reading.arrays["cell_voltage"] == pytest.approx(pack.cell_voltages, abs=0.00051)
    assert reading.arrays["string_voltage"] == pytest.approx(pack.string_voltages, abs=0.0051)
    assert reading.arrays["string_current"] == pytest.approx([pack.current / 3] * 3, abs=0.0051)
    assert reading.arrays["string_soc"] == pytest.approx(pack.string_socs, abs=0.13)
    assert reading.values["soc"] == pytest.approx(pack.soc, abs=0.13)
    assert reading.states["strings_connected"] == 3


@pytest.mark.parametrize("generation", LAYOUTS)
def test_the_sign_can_be_turned(generation):
    pack = working(cells=18, temperatures=12)
    reading = readings(pack, generation, positive_current="charge")[-1]
    assert reading.values["current"] == pytest.approx(-pack.current, abs=0.0051)


@pytest.mark.parametrize("generation", LAYOUTS)
def test_an_empty_pack_complains(generation):
    pack = Pack(PackSpec(cells=18, temperatures=12, duty="lighting", hour=19, soc=6))
    while "cell_undervoltage" not in pack.alarms:
        pack.step(60)
    alarms = {(a.code, a.severity) for a in readings(pack, generation)[-1].alarms}
    assert ("cell_undervoltage", "critical") in alarms


@pytest.mark.parametrize("generation", ["1.6", "1.10", "1.11"])
def test_readings_come_as_often_as_the_cells_do(generation):
    times = [r.ts for r in readings(working(cells=18, temperatures=8), generation, rounds=6)]
    assert {b - a for a, b in zip(times, times[1:], strict=False)} == {500}
