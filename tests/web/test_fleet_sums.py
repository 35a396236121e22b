"""Counts and sums of a fleet: worst first, silence is not zero, the offline are not counted in."""

import pytest

from app.clients.models import Battery, BatteryType
from app.web import board

NOW = 1_760_000_000_000
KIND = BatteryType(id=1, name="LFP", chemistry="LFP", nominal_voltage=50.0, capacity_ah=100.0)


def row(number: int, age_ms: int | None = 0, severity: str = "", alarms: int = 0, **values: float):
    battery = Battery(id=number, name=f"B{number}", uid=f"U{number}", type=KIND)
    entry = {
        "id": number,
        "ts": None if age_ms is None else NOW - age_ms,
        "interval_ms": 5000,
        "severity": severity,
        "values": values,
        "alarms": [{"code": "soc_low"}] * alarms,
    }
    return board.row(battery, entry, NOW)


def test_rows_come_worst_first_then_by_name():
    entries = [
        row(1, soc=50),
        row(2, None),
        row(3, 120_000),
        row(4, severity="warning"),
        row(5, 400_000, severity="critical"),
        row(6, severity="critical"),
        row(7, soc=50),
    ]
    found = board.rows([r.asset for r in entries], [r.entry for r in entries], NOW)
    assert [r.status for r in found] == ["crit", "off", "warn", "stale", "wait", "ok", "ok"]
    assert [r.asset.id for r in found[-2:]] == [1, 7]
    assert [r.status for r in board.unwell(found)] == ["crit", "off", "warn", "stale"]


def test_the_offline_take_no_part_in_sums():
    fleet = board.summary([row(1, soc=80, power=-100), row(2, 400_000, soc=10, power=900)])
    assert (fleet.total, fleet.present) == (2, 1)
    assert (fleet.stored_wh, fleet.rated_wh, fleet.charge) == (4000, 5000, 80)
    assert fleet.power_w == -100


def test_what_nobody_says_is_unknown_and_not_zero():
    fleet = board.summary([row(1, pack_voltage=51)])
    assert (fleet.stored_wh, fleet.charge, fleet.power_w) == (None, None, None)
    nothing = board.summary([])
    assert (nothing.total, nothing.worst, nothing.newest) == (0, "wait", None)


def test_the_energy_a_bms_measures_wins_over_the_nameplate():
    assert row(1, soc=50, energy_remaining=2300).energy_wh == 2300
    assert row(1, soc=50).energy_wh == 2500


def test_a_fleet_is_never_charged_to_more_than_all():
    fleet = board.summary([row(1, soc=99, energy_remaining=5_200.0)])
    assert (fleet.stored_wh, fleet.rated_wh, fleet.charge) == (5_200, 5_000, 100)


def test_the_bars_of_a_group_are_as_long_as_its_parts():
    told = board.summary([row(1, soc=50), row(2, soc=50), row(3, None), row(4, 400_000, soc=50)])
    assert [(part.status, part.x, part.width) for part in told.parts] == [
        ("off", 0, 25),
        ("wait", 25, 25),
        ("ok", 50, 50),
    ]


@pytest.mark.parametrize(
    ("power", "flow", "x", "width"),
    [(2_500, "charging", 50, 25), (-2_500, "discharging", 25, 25), (-9e9, "discharging", 0, 50)],
)
def test_net_power_pulls_the_bar_from_its_middle(power, flow, x, width):
    fleet = board.summary([row(1, soc=50, power=power)])
    assert fleet.flow == flow
    assert (fleet.pull.x, fleet.pull.width) == (x, width)


def test_at_rest_nothing_pulls():
    fleet = board.summary([row(1, soc=50, power=0.0)])
    assert (fleet.flow, fleet.pull) == ("idle", None)
    assert board.summary([row(1, soc=50)]).flow == ""


@pytest.mark.parametrize(
    ("code", "order"), [("soc", [2, 1]), ("soh", [1, 2]), ("cell_voltage_spread", [1, 2])]
)
def test_the_weakest_are_ranked_among_those_that_say(code, order):
    group = [
        row(1, soc=60, soh=80, cell_voltage_spread=0.09),
        row(2, soc=20, soh=95, cell_voltage_spread=0.01),
        row(3, pack_voltage=50),
        row(4, 400_000, soc=1, soh=1, cell_voltage_spread=1),
    ]
    assert [r.asset.id for r in board.weakest(group, code)] == order
