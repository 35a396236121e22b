"""What the models say becomes a reading: scales, what is not implemented, strings, cells, events."""

import json

import pytest

from collector.drivers._sunspec_models import BANK, BASE, MODULE, STRING
from collector.simulators.modbus import reading_of
from collector.simulators.pack import Pack, PackSpec
from collector.simulators.sunspec import SunSpecTable, _Sheet
from tests.collector.drivers.sunspec.device import cycle, memory, opened
from tests.requirement import shared


def device(*models: tuple[int, list[int]], base: int = 40_000) -> dict[int, int]:
    words = [0x5375, 0x6E53]
    for number, sheet in models:
        words += [number, len(sheet) - 2, *sheet[2:]]
    return {base + i: word for i, word in enumerate([*words, 0xFFFF, 0])}


def battery(**values: float) -> list[int]:
    sheet = _Sheet(BASE)
    for name, value in values.items():
        sheet.put(name, value)
    return sheet.words


def read(*models, **options):
    decoder = opened(**options)
    (reading,) = cycle(decoder, device(*models))
    return reading, decoder


def test_published_registers():
    (vector,) = json.loads(shared("reference/data/ecosystem/sunspec.json").read_text())["vectors"]
    data, base = bytes.fromhex(vector["registers_hex"]), vector["base_address"]
    words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
    decoder = opened()
    (reading,) = cycle(decoder, {base + i: word for i, word in enumerate(words)})
    said = vector["expected"]["802"]
    assert reading.values["soc"] == said["SoC"]
    assert reading.values["pack_voltage"] == said["V"]
    assert reading.values["current"] == said["A"]
    assert reading.values["power"] == said["W"]
    assert reading.states["mode"] == said["ChaSt"].lower()
    assert reading.states["x_maker"] == vector["expected"]["1"]["Mn"]
    assert reading.states["serial"] == vector["expected"]["1"]["SN"]
    assert [alarm.code for alarm in reading.alarms] == ["vendor:sunspec:EvtVnd2.16"]
    assert reading.arrays == {}


def test_what_is_not_implemented_is_absent():
    reading, _ = read((802, battery(SoC=50)))
    assert reading.values == {"soc": 50}
    assert reading.states == {}


def test_a_point_without_its_scale_factor_means_nothing():
    sheet = battery(SoC=50, V=48.1, A=-3)
    sheet[BASE.factors["V"]] = 0x8000
    sheet[BASE.factors["A"]] = 11
    assert read((802, sheet))[0].values == {"soc": 50}


def test_strings_and_modules_and_cells():
    strings = []
    for amperes, volts in ((-5, 48.2), (-6, 48.3)):
        sheet = _Sheet(STRING, 2)
        sheet.put("A", amperes)
        sheet.put("V", volts)
        sheet.put("SoC", 51)
        sheet.put("NMod", 2)
        sheet.put("CellVMax", 3.301, 0)
        sheet.put("CellVMax", 3.302, 1)
        strings.append((804, sheet.words))
    bank = _Sheet(BANK, 2)
    for i, event in enumerate((0, 1 << 9 | 1 << 27)):
        bank.put("A", -5 - i, i)
        bank.put("SoC", 50 + i, i)
        bank.put("Evt1", event, i)
        bank.put("ConFail", 5 * i, i)
    modules = []
    for cells in (3, 2):
        sheet = _Sheet(MODULE, 4)
        sheet.put("NCell", cells)
        for i in range(4):
            sheet.put("V", 3.3 + i / 1000, i)
            sheet.put("Tmp", 20 + i, i)
            sheet.put("St", i == 1, i)
        modules.append((805, sheet.words))
    reading, _ = read((803, bank.words), *strings, *modules)
    assert reading.values["pack_voltage"] == 48.25
    assert reading.values["current"] == -11
    assert reading.arrays["string_current"] == (-5, -6)
    assert reading.arrays["string_voltage"] == (48.2, 48.3)
    assert reading.arrays["string_soc"] == (50, 51)
    assert reading.arrays["x_module_cell_voltage_max"] == (3.301, 3.302) * 2
    assert reading.arrays["cell_voltage"] == (3.3, 3.301, 3.302, 3.3, 3.301)
    assert reading.arrays["cell_temperature"] == (20, 21, 22, 20, 21)
    assert reading.arrays["balancing"] == (0, 1, 0, 0, 1)
    assert [(a.code, a.severity, a.index) for a in reading.alarms] == [
        ("fuse_blown", "critical", 1),
        ("pack_overvoltage", "critical", 1),
        ("vendor:sunspec:event27", "warning", 1),
    ]


def test_vendor_events_stay_visible():
    reading, _ = read((802, battery(Evt1=1 << 23, EvtVnd2=1 << 31)))
    assert {a.code for a in reading.alarms} == {
        "vendor:sunspec:open_door",
        "vendor:sunspec:EvtVnd2.31",
    }


@pytest.mark.parametrize(
    ("charge", "amperes", "sign", "warned"),
    [(4, 20, "charge", 0), (4, -20, "charge", 1), (3, 20, "discharge", 0), (3, 20, "charge", 1)],
)
def test_a_sign_that_contradicts_the_state_is_told(charge, amperes, sign, warned):
    reading, decoder = read((802, battery(ChaSt=charge, A=amperes)), positive_current=sign)
    assert len(decoder.tally.warnings) == warned
    assert reading.values["current"] == (amperes if sign == "charge" else -amperes)


def test_a_heartbeat_that_stands_still_is_told():
    decoder, held = opened(), device((802, battery(SoC=50, Hb=7)))
    beat = 40_002 + 18
    stopped = []
    for second in range(0, 30, 3):
        (reading,) = cycle(decoder, held, 1_790_000_000_000 + second * 1000)
        stopped.append(reading.states["x_heartbeat_stopped"])
        held[beat] += second < 9
    assert stopped == [False] * 7 + [True] * 3


@pytest.mark.parametrize("strings", [1, 2])
def test_a_simulated_pack(strings):
    pack = Pack(PackSpec(strings=strings, cells=15, soc=3, weak_cell=4))
    said = reading_of(pack)
    decoder = opened()
    (reading,) = cycle(decoder, memory(SunSpecTable(strings, 15).encode(said)))
    assert reading.arrays["cell_voltage"] == pytest.approx(said.arrays["cell_voltage"], abs=6e-4)
    assert reading.arrays["balancing"] == said.arrays["balancing"]
    assert reading.values["soc"] == pytest.approx(said.values["soc"], abs=0.06)
    assert {a.code for a in reading.alarms} == set(pack.alarms)
    assert decoder.tally.bad == 0
