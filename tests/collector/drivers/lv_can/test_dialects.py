"""What differs between the dialects, and that a foreign one is said and not guessed."""

import pytest

from collector.decoding import decode, tidied
from collector.drivers.base import CanFrame, OptionError, load
from collector.drivers.lv_can import DIALECTS

T0 = 1_790_000_000_000


def read(dialect: str, *frames: tuple[int, str]):
    decoder = load("lv_can").decoder("b1", {"dialect": dialect})
    heard = [
        CanFrame(number, bytes.fromhex(data), T0 + i) for i, (number, data) in enumerate(frames)
    ]
    (reading,) = [*decode(decoder, heard), *tidied(decoder.finish())]
    return reading, decoder


def alarms(*frames: tuple[int, str]) -> set[tuple[str, str]]:
    return {(a.code, a.severity) for a in read("victron", *frames)[0].alarms}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("AAAAAAAAAAAAAAAA", set()),
        ("0000000000000000", set()),
        ("FFFFFFFFFFFFFFFF", set()),
        ("A6AAAAAAAAAAAAAA", {("pack_overvoltage", "critical")}),
        ("AAAAAAAAA6AAAAAA", {("pack_overvoltage", "warning")}),
        ("A6AAAAAAA6AAAAAA", {("pack_overvoltage", "critical")}),
        ("AA6A AA A9", {("overcurrent_discharge", "critical"), ("cell_imbalance", "critical")}),
    ],
)
def test_pairs_of_bits(data, expected):
    """1 is active; 0 is not supported, 2 not active, 3 reserved: none of them an alarm."""
    assert alarms((0x35A, data)) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0000000001504E", set()),
        ("0200000001504E", {("pack_overvoltage", "critical")}),
        ("0001000001504E", {("overcurrent_charge", "critical")}),
        ("0000080101504E", {("overtemperature", "warning"), ("overcurrent_charge", "warning")}),
        ("0080000001504E", {("vendor:can:lv_victron.359.1.7", "warning")}),
    ],
)
def test_single_bits(data, expected):
    """A bit that some emulators use and the manufacturer's table does not have stays visible."""
    assert alarms((0x359, data)) == expected


def test_both_kinds_of_alarms_are_merged():
    found = alarms((0x359, "0400000001504E"), (0x35A, "A6AAAAAAAAAAAAAA"))
    assert found == {("pack_undervoltage", "critical"), ("pack_overvoltage", "critical")}


@pytest.mark.parametrize(
    ("data", "soc"),
    [
        ("52006400BC20", 82),
        ("520064003820", 82.48),
        ("520064000000", 82),
        ("52006400", 82),
        ("00000000 3200", 0.5),
    ],
)
def test_the_finer_charge_is_believed_only_near_the_coarse_one(data, soc):
    assert read("victron", (0x355, data))[0].values["soc"] == soc


def test_the_same_identifier_means_other_things_to_luxpower():
    frames = (0x355, "52006400EE0CE40C"), (0x356, "BE14F9FF FA00DC00")
    lux, _ = read("luxpower", *frames)
    assert (lux.values["cell_voltage_max"], lux.values["cell_voltage_min"]) == (3.310, 3.3)
    assert (lux.values["temperature_max"], lux.values["temperature_min"]) == (25, 22)
    assert "cycles" not in lux.values
    assert read("victron", *frames)[0].values["cycles"] == 220


def test_a_limit_that_is_written_as_negative_is_a_magnitude():
    values = read("pylontech", (0x351, "1C02E80318FC"))[0].values
    assert values["discharge_current_limit"] == 100
    assert "discharge_voltage_limit" not in values


def test_a_name_is_made_of_characters_only():
    name = (0x370, "507265746F726961"), (0x371, "2D31000000000000")
    assert read("victron", *name)[0].states["x_name"] == "Pretoria-1"
    numbers = (0x370, "FA00F000EE0CE40C"), (0x371, "0100020003000400")
    assert "x_name" not in read("victron", *numbers)[0].states
    assert "x_name" not in read("victron", name[0])[0].states


def test_nothing_is_known_of_a_cell_at_zero_volts_or_zero_kelvin():
    values = read("victron", (0x373, "0000010D00002201"))[0].values
    assert values == {"cell_voltage_max": 3.329, "temperature_max": 17}


def test_a_foreign_dialect_is_warned_about_and_not_taken():
    reading, decoder = read("pylontech", (0x356, "BE14F9FF8C00"), (0x360, "FF"))
    assert "x_force_charge_1" not in reading.states
    assert list(decoder.tally.warnings) == ["frame 0x360 is of the dialect victron"]
    _, own = read("victron", (0x356, "BE14F9FF8C00"), (0x360, "FF"))
    assert not own.tally.warnings


def test_an_unknown_dialect_is_refused():
    with pytest.raises(OptionError, match="dialect must be one of pylontech, victron"):
        load("lv_can").decoder("b1", {"dialect": "byd"})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_dialect_can_transmit(dialect):
    assert load("lv_can").sends == frozenset()
    assert load("lv_can").decoder("b1", {"dialect": dialect}).requests(T0) == ()
