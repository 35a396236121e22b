"""Items, flags, plausibility, and how long a scan is shown."""

import pytest

from collector.drivers.base import Bytes, OptionError, load

PAGE_2 = "$#g00112.8$#g00216$#g00331$#g0043.33$#g0052.85$#g0061$"


def cell(n, volt="3.30", pole="20", resistor="25", flags="000000"):
    return f"$#v{n:03}{volt}$#t{n:03}{pole}$#u{n:03}{resistor}$#z{n:03}{flags}$"


def opened(**options):
    return load("greenbms").decoder("a", options)


def fed(decoder, *lines, ts=0):
    return list(decoder.feed(Bytes("".join(f"{line}\r\n" for line in lines).encode(), ts)))


@pytest.mark.parametrize(
    ("text", "amperes", "mode"),
    [
        ("16", 16.0, "charging"),
        ("-23", -23.0, "discharging"),
        ("1.00", 1.0, "charging"),
        ("-0.50", -0.5, "discharging"),
        ("0.00", 0.0, "idle"),
    ],
)
def test_current_is_positive_while_charging_whatever_the_state_says(text, amperes, mode):
    (reading,) = fed(opened(), f"$#g002{text}$#g0060$")
    assert reading.values == {"current": amperes}
    assert reading.states == {"bms_state": "standby", "mode": mode}


@pytest.mark.parametrize(
    ("flags", "code", "severity"),
    [
        ("100000", "cell_overvoltage", "critical"),
        ("001000", "cell_undervoltage", "critical"),
        ("000100", "communication_fault", "critical"),
        ("000010", "overtemperature", "critical"),
        ("000001", "vendor:greenbms:balance_resistor_hot", "warning"),
    ],
)
def test_cell_flag(flags, code, severity):
    (reading,) = fed(opened(cells="2"), cell(1) + cell(2, flags=flags)[1:])
    (alarm,) = reading.alarms
    assert (alarm.code, alarm.severity, alarm.index) == (code, severity, 1)


def test_balancing_is_no_alarm():
    (reading,) = fed(opened(cells="2"), cell(1) + cell(2, flags="010000")[1:])
    assert reading.alarms == ()
    assert reading.arrays["balancing"] == (0, 1)
    assert reading.states["balancing_active"] is True


def test_a_cell_in_error_has_no_values():
    (reading,) = fed(opened(cells="2"), cell(1) + cell(2, flags="011100")[1:])
    assert reading.arrays == {
        "cell_voltage": (3.3, None),
        "cell_temperature": (20, None),
        "balancer_temperature": (25, None),
        "balancing": (0, None),
    }
    assert [a.code for a in reading.alarms] == ["communication_fault"]


def test_a_damaged_item_costs_that_item():
    decoder = opened()
    (reading,) = fed(decoder, "$#g00112.8$#g0021x6$#g003$#g0043.33$#g0052.8.5$#g0061$")
    assert reading.values == {"pack_voltage": 12.8, "cell_voltage_max": 3.33}
    assert decoder.tally.reasons == {"bad_item": 3}


def test_incomplete_items_do_not_count():
    decoder = opened()
    assert fed(decoder, "2.8$#g00216$#g0033")[0].values == {"current": 16}
    assert fed(decoder, "Setup Success") == []
    assert fed(decoder, "") == []
    assert decoder.tally.reasons == {"cut": 2, "noise": 1}


@pytest.mark.parametrize("item", ["g001201", "g0021001", "g002-1001", "g003101", "g0040.49"])
def test_implausible_numbers_are_left_out(item):
    decoder = opened()
    (reading,) = fed(decoder, f"$#{item}$#g0061$")
    assert reading.values == {}
    assert decoder.tally.reasons == {"implausible": 1}


def test_implausible_cells_are_unknown():
    decoder = opened(cells="2")
    (reading,) = fed(decoder, cell(1, "5.01", "131") + cell(2, "0.49", "-46")[1:])
    assert set(reading.arrays) == {"balancer_temperature", "balancing", "cell_voltage"} | {
        "cell_temperature"
    }
    assert reading.arrays["cell_voltage"] == (None, None)
    assert decoder.tally.reasons == {"implausible": 4}


def test_the_extra_cell_of_an_odd_pack_is_ignored_even_if_it_looks_real():
    decoder = opened()
    fed(decoder, "$#p012100$#p0143$")
    (reading,) = fed(decoder, cell(1) + cell(2)[1:], cell(3) + cell(4)[1:])
    assert reading.arrays["cell_voltage"] == (3.3, 3.3, 3.3)


def test_a_damaged_count_is_given_up():
    decoder = opened()
    fed(decoder, "$#p0142$")
    lines = [cell(n) + cell(n + 1)[1:] for n in (1, 3, 5)]
    fed(decoder, *lines)
    readings = fed(decoder, *lines, PAGE_2)
    assert len(readings[-1].arrays["cell_voltage"]) == 6


def test_a_scan_begun_in_the_middle_or_left_early_is_not_taken():
    decoder = opened(cells="6")
    lines = [cell(n) + cell(n + 1)[1:] for n in (1, 3, 5)]
    assert fed(decoder, *lines[1:]) == []
    assert fed(decoder, *lines[:2], PAGE_2)[0].arrays == {}
    assert len(fed(decoder, *lines)) == 1


def test_a_lost_line_leaves_its_cells_unknown():
    decoder = opened(cells="6")
    lines = [cell(n) + cell(n + 1)[1:] for n in (1, 3, 5)]
    (reading,) = fed(decoder, lines[0], lines[2])
    assert reading.arrays["cell_voltage"] == (3.3, 3.3, None, None, 3.3, 3.3)
    (reading,) = fed(decoder, *lines[:2], lines[0])
    assert reading.arrays["cell_voltage"] == (3.3, 3.3, 3.3, 3.3, None, None)


def test_a_scan_is_shown_with_its_age_and_not_for_ever():
    decoder = opened(cells="1")
    (scan,) = fed(decoder, cell(1), ts=1000)
    assert scan.values == {"x_cells_age": 0}
    (later,) = fed(decoder, PAGE_2, ts=61_000)
    assert later.values["x_cells_age"] == 60
    assert later.arrays["cell_voltage"] == (3.3,)
    (late,) = fed(decoder, PAGE_2, ts=181_001)
    assert late.arrays == {} and "x_cells_age" not in late.values


def test_the_pack_is_not_shown_for_ever_either():
    decoder = opened(cells="1")
    fed(decoder, PAGE_2, ts=0)
    assert "soc" in fed(decoder, cell(1), ts=15_000)[0].values
    assert "soc" not in fed(decoder, cell(1), ts=15_001)[0].values


def test_the_summary_stands_in_for_flags_not_seen_and_clears_those_seen():
    decoder = opened(cells="1")
    fed(decoder, "$#i0001$#i0011$")
    assert [a.code for a in fed(decoder, PAGE_2, ts=1)[0].alarms] == ["general_error"]
    (scan,) = fed(decoder, cell(1, flags="001000"), ts=2)
    assert [a.code for a in scan.alarms] == ["cell_undervoltage"]
    fed(decoder, "$#i0002$#i0011$", ts=3)
    assert [a.code for a in fed(decoder, PAGE_2, ts=4)[0].alarms] == ["cell_undervoltage"]
    fed(decoder, "$#i0003$#i0010$", ts=5)
    assert fed(decoder, PAGE_2, ts=6)[0].alarms == ()


def test_an_alarm_is_told_even_from_a_page_without_values():
    decoder = opened()
    beats = [f"$#i{0:03}{n}$#i001{n // 3 % 2}$" for n in range(9)]
    alarms = [fed(decoder, beat, ts=5000 * n) for n, beat in enumerate(beats)]
    told = {n: [a.code for a in found[0].alarms] for n, found in enumerate(alarms) if found}
    assert told == {3: ["general_error"], 6: []}


@pytest.mark.parametrize(
    "options", [{"cells": "0"}, {"cells": "41"}, {"cells": "x"}, {"scan": "5"}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(OptionError):
        opened(**options)
