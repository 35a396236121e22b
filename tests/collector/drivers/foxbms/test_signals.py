"""Every signal of every frame is read as foxBMS's own CAN databases say."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.drivers._foxbms1_layout import FOXBMS_1
from collector.drivers._foxbms_layouts import G1, G2, G3, Layout, Message
from collector.signals.signal import Signal
from tests.requirement import SHARED, shared

DATA = SHARED / "reference/data/foxbms"
GENERATIONS = {"1.6": G1, "1.10": G2, "1.11": G3}
OURS = {"mV": 0.001, "kW": 1000, "kWh": 1000, "mA": 0.001}
"""Our unit in theirs."""
UNSTATED = {"CAN_SIG_PackVolt": "mV"}
"""Units that the database leaves out."""
_ROW = re.compile(
    r'SG_ (\w+) (?:(M)|m(\d+))? ?: (\d+)\|(\d+)@([01])([+-]) \(([^,]+),([^)]+)\) \[.*?\] "(.*?)"'
)


def database(path: Path) -> dict[int, dict[str, tuple]]:
    """Name to (Signal, unit) by message identifier, as the database has it."""
    found: dict[int, dict[str, tuple]] = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith("BO_ "):
            current = found.setdefault(int(line.split()[1]), {})
        elif row := _ROW.match(line.strip()):
            name, _, _, start, length, little, sign, factor, offset, unit = row.groups()
            order = little == "1" and int(length) > 1
            signal = Signal(
                int(start), int(length), float(factor), sign == "-", float(offset), order
            )
            current[name] = (signal, UNSTATED.get(name.rsplit("_", 1)[0], unit))
    return found


def of(message: Message) -> dict[tuple[int, int], Signal]:
    """All fields of a message by position."""
    fields = [*message.signals.values(), *(flag.signal for flag in message.flags)]
    fields += [signal for pair in message.items for signal in pair]
    fields += [message.selector] if message.selector else []
    return {(signal.start, signal.length): signal for signal in fields}


def cases():
    for generation in GENERATIONS:
        path = DATA / f"vectors-v{generation}.json"
        if not path.exists():
            yield pytest.param(generation, None, id=generation)
            continue
        for number, case in enumerate(json.loads(path.read_text())["cases"]):
            yield pytest.param(generation, case, id=f"{generation}-{case['id']}-{number}")


@pytest.mark.parametrize(("generation", "case"), list(cases()))
def test_vectors(generation, case):
    dbc = database(shared(f"reference/data/foxbms/foxbms-2-v{generation}.0.dbc"))
    number = int(case["id"], 16)
    word = int.from_bytes(bytes.fromhex(case["data"]).ljust(8, b"\0"), "big")
    message = GENERATIONS[generation].messages[number]
    layout = of(message)
    for name, expected in case["signals"].items():
        signal, unit = dbc[number][name]
        assert signal.raw(word) == expected["raw"]
        assert signal.value(word) == pytest.approx(expected["value"], abs=signal.factor / 2)
        if message.only is None:
            ours = layout[signal.start, signal.length]
            assert ours.raw(word) == expected["raw"]
            assert ours.value(word) == pytest.approx(expected["value"] * OURS.get(unit, 1))


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        (G1, "foxbms-2-v1.6.0.dbc"),
        (G2, "foxbms-2-v1.10.0.dbc"),
        (G3, "foxbms-2-v1.11.0.dbc"),
        (FOXBMS_1, "foxbms-1-v1.6.8.dbc"),
    ],
)
def test_no_field_is_anywhere_else_than_in_the_database(layout: Layout, file):
    dbc = database(shared(f"reference/data/foxbms/{file}"))
    for number, message in layout.messages.items():
        theirs = {(s.start, s.length): (s, OURS.get(unit, 1)) for s, unit in dbc[number].values()}
        for position, signal in of(message).items():
            if number == 0x112 and position == (24, 4):
                continue  # four neighbouring bits read as one number
            signal_there, unit = theirs[position]
            assert signal.factor == pytest.approx(signal_there.factor * unit), hex(number)
            assert signal.offset == pytest.approx(signal_there.offset * unit), hex(number)
            assert signal.signed == signal_there.signed or file.startswith("foxbms-1"), hex(number)


WORKED = [
    (G3, 0x233, "6367E5BFFD8F15D7", [1272.3, -168.1, -3130, -599.45]),
    (G3, 0x235, "D46789A92EB580FE", [84.9, 63.2, 61.8, 30.2, 90.5, 3_302_200]),
    (G3, 0x243, "1CAA0B8C39D25200", [-273.27, 1162.52, -233_880]),
    (G3, 0x245, "0BB8F667DE1700E4", [75.0, 12.2, 61.4, 95.6, 9.2, 2280]),
    (G3, 0x242, "00E31E47D7071000", [14, 3, 1, 14, 4.597, -3.983]),
    (G2, 0x231, "C9BE8440259DAC6C", [37, -99, -3.473, -6.076, -84, 108]),
    (G2, 0x241, "005B071CA622C800", [5.825, -3.638, 98.0, 89.0]),
    (G1, 0x222, "28D0D341065C89AD", [261.2, 338.0, 167_910, 352.45]),
    (G1, 0x282, "0FC2D6DDCCD78905", [126.0, 45.25, 91.5, 115, 107.75, 23_090]),
]


@pytest.mark.parametrize(("layout", "number", "data", "values"), WORKED)
def test_worked_examples(layout, number, data, values):
    word = int(data, 16)
    signals = layout.messages[number].signals.values()
    assert [signal.value(word) for signal in signals] == pytest.approx(values)


@pytest.mark.parametrize(
    ("layout", "number", "data", "group", "values", "bits"),
    [
        (G3, 0x250, "0F89EF45A2DEA239", 15, [5.086, 4.456, 5.877, 0.569], [0, 0, 0, 1]),
        (G1, 0x240, "2329B9EC631D15B4", 35, [4.979, 6.936, 6.376, 5.556], [0, 1, 0, 0]),
        (G2, 0x260, "18343AEF24053EA1", 24, [58, -17, 36, 5, 62, -95], [0, 0, 1, 0, 1, 1]),
    ],
)
def test_worked_examples_of_groups(layout, number, data, group, values, bits):
    word, message = int(data, 16), layout.messages[number]
    assert message.selector.raw(word) == group
    assert [value.value(word) for value, _ in message.items] == pytest.approx(values)
    assert [bit.raw(word) for _, bit in message.items] == bits


@given(st.data())
def test_what_is_placed_is_read(data):
    little = data.draw(st.booleans())
    length = data.draw(st.integers(1, 32))
    first = data.draw(st.integers(0, 64 - length))
    start = first if little else 8 * (first // 8) + 7 - first % 8
    signal = Signal(start, length, 0.1, data.draw(st.booleans()), 3, little)
    raw = data.draw(st.integers(0, (1 << length) - 1))
    assert signal.place(signal.value(raw << signal.shift)) == raw << signal.shift
    assert signal.raw(signal.place(1e12)) >= signal.raw(signal.place(-1e12))
