"""What the BMS does: its own word for it, and ours."""

import pytest

from tests.collector.drivers.foxbms.frames import frame, last, run

CURRENT = {
    "charging": frame(0x233, "0000000000FFFC18"),
    "discharging": frame(0x233, "00000000000003E8"),
    "none": frame(0x233, "0000000000000000"),
}


@pytest.mark.parametrize(
    ("state", "current", "word", "mode"),
    [
        (0x10, None, "UNINITIALIZED", "off"),
        (0x15, None, "STANDBY", "idle"),
        (0x17, None, "NORMAL", None),
        (0x17, "none", "NORMAL", "idle"),
        (0x17, "charging", "NORMAL", "charging"),
        (0x18, "discharging", "DISCHARGE", "discharging"),
        (0x1A, "discharging", "ERROR", "fault"),
        (0x1F, None, "15", None),
    ],
)
def test_state_and_mode(state, current, word, mode):
    items = [frame(0x220, f"{state:02X}00000000000000")]
    items += [CURRENT[current]] if current else []
    states = last(items).states
    assert states["bms_state"] == word
    assert states.get("mode") == mode
    assert states.get("charging") == (current == "charging" if current else None)


def test_balancing_at_rest():
    items = [frame(0x240, "2000000000000000"), frame(0x220, "1500000000000000")]
    states = last(items).states
    assert states["balancing_active"] is True
    assert states["mode"] == "balancing"


def test_contactors_and_precharge():
    assert last([frame(0x220, "1700000000000000")]).states["contactor"] is True
    states = last([frame(0x220, "0600000000000000")]).states
    assert states["contactor"] is False
    assert states["precharge"] is True


def test_the_state_of_the_system():
    states = last([frame(0x219, "0650000000000000")]).states
    assert (states["x_system_state"], states["x_system_substate"]) == (5, 3)


def test_the_soc_of_the_pack_frame_is_not_believed():
    _, (reading,) = run([frame(0x235, "0000000000C80000")])
    assert "soc" not in reading.values
    assert "soh" not in reading.values


def test_insulation_that_is_not_monitored_and_zero_is_unknown():
    assert "insulation_resistance" not in last([frame(0x220, "1700000000000000")]).values
    assert last([frame(0x220, "1720000000000000")]).values["insulation_resistance"] == 0
    assert last([frame(0x220, "1700000000000019")]).values["insulation_resistance"] == 5000
