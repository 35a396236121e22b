"""Error bits become alarms, states stay states, and no bit is lost."""

import pytest

from collector.drivers._foxbms_flags import BMS_STATE, STATE_DETAILS, STRING_STATE, fatal_alarm
from collector.drivers.foxbms import LAYOUTS
from collector.wire.alarms import ALARMS
from collector.wire.reading import VENDOR_CODE
from tests.collector.drivers.foxbms.frames import frame, last


def bit(number: int, position: int, head: int = 0, **options):
    """The reading after a frame with only this bit set, string 1 in its selector if `head`."""
    data = bytearray(8)
    data[position // 8] |= 1 << position % 8
    data[0] |= head
    return last([frame(number, data.hex())], **options)


@pytest.mark.parametrize(
    ("position", "code", "severity"),
    [(f.signal.start, f.code or f"vendor:foxbms:{f.name}", f.severity) for f in STRING_STATE],
)
def test_bits_of_a_string_name_the_string(position, code, severity):
    (alarm,) = bit(0x240, position, head=1, strings=2).alarms
    assert (alarm.code, alarm.index) == (code, 1)
    assert alarm.severity == (severity or ALARMS[code])


@pytest.mark.parametrize(
    ("position", "code"), [(f.signal.start, f.code) for f in BMS_STATE if f.signal.length == 1]
)
def test_bits_of_the_pack(position, code):
    (alarm,) = bit(0x220, position).alarms
    assert alarm.index is None
    assert alarm.code == code or alarm.code.startswith("vendor:foxbms:")


@pytest.mark.parametrize("position", [flag.signal.start for flag in STATE_DETAILS])
def test_a_timing_violation_is_a_warning(position):
    (alarm,) = bit(0x221, position).alarms
    assert alarm.severity == "warning"
    assert alarm.code.startswith("vendor:foxbms:TimingViolation")


def test_the_three_levels_of_a_limit():
    severities = [bit(0x240, position).alarms[0].severity for position in (14, 30, 22)]
    assert severities == ["critical", "warning", "info"]


@pytest.mark.parametrize(
    ("position", "state"),
    [
        (8, "x_charging_complete"),
        (13, "x_insulation_monitoring"),
        (14, "heater"),
        (15, "cooling"),
        (31, "x_balancing_allowed"),
        (38, "x_phy_linked"),
        (39, "x_phy_alive"),
    ],
)
def test_states_are_no_alarms(position, state):
    reading = bit(0x220, position)
    assert not reading.alarms
    assert reading.states[state] is True


def test_deactivated_strings_are_a_warning():
    (alarm,) = last([frame(0x220, "1700000000000200")]).alarms
    assert (alarm.code, alarm.severity) == ("vendor:foxbms:StringsDeactivated", "warning")


@pytest.mark.parametrize("generation", LAYOUTS)
def test_every_flag_has_a_code_of_the_registry(generation):
    for message in LAYOUTS[generation].messages.values():
        for flag in message.flags:
            assert flag.code in ALARMS or VENDOR_CODE.fullmatch(f"vendor:foxbms:{flag.name}")


@pytest.mark.parametrize(
    ("code", "version", "alarm"),
    [
        (17, (1, 11), "cell_overvoltage"),
        (18, (1, 10), "cell_overvoltage"),
        (53, (1, 11), "interlock_open"),
        (20, (1, 9), "vendor:foxbms:FatalError20"),
        (84, (1, 11), "vendor:foxbms:FatalError84"),
        (0, (1, 10), "vendor:foxbms:FatalError0"),
    ],
)
def test_a_fatal_error_is_translated_where_its_list_is_known(code, version, alarm):
    found = fatal_alarm(code, version)
    assert (found.code, found.severity) == (alarm, "critical")


def test_no_fatal_error_is_no_alarm():
    assert fatal_alarm(85, (1, 11)) is None
    assert not last([frame(0x222, "5500000000000000")]).alarms


def test_a_fatal_error_lasts_as_long_as_the_error():
    fatal = frame(0x222, "3500000000000000")
    error = [frame(0x220, "0A00000000000000", ts) for ts in range(0, 20_000, 100)]
    assert [a.code for a in last([fatal, *error]).alarms] == ["interlock_open"]
    normal = [frame(0x220, "1700000000000000", ts) for ts in range(20_000, 22_000, 100)]
    assert not last([fatal, *error, *normal]).alarms


def test_an_alarm_ends_with_its_bit():
    on, off = frame(0x240, "0040000000000000"), frame(0x240, "0000000000000000", 100)
    assert last([on]).alarms
    assert not last([on, off]).alarms
