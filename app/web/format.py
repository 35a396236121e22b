"""Numbers, units, ages and times as people here write them.

`static/js/format.js` holds the exact twins, because a number written by the server is rewritten
by the page a second later; a test compares the two. French is that of Canada: decimal comma,
no-break space between thousands and before units, true minus sign, `14 h 32`.
"""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from collector.wire.metrics import METRICS

NBSP = "\u00a0"
MINUS = "\u2212"
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


class Shown(NamedTuple):
    """How a metric is written: its unit on screen, how the wire's value becomes it, decimals.

    From `turn` upwards (in the unit shown) one decimal less is written; 0 means never.
    """

    unit: str
    divisor: int = 1
    digits: int = 1
    signed: bool = False
    turn: int = 0
    times: int = 1


_OWN = {
    "pack_voltage": Shown("V"),
    "current": Shown("A", signed=True),
    "power": Shown("kW", 1000, 2, signed=True, turn=10),
    "soc": Shown("%", digits=0),
    "soe": Shown("%", digits=0),
    "soh": Shown("%"),
    "cycles": Shown("", digits=0),
    "cell_voltage_spread": Shown("mV", 1, 0, times=1000),
    "charge_current_limit": Shown("A", digits=0),
    "discharge_current_limit": Shown("A", digits=0),
    "string_current": Shown("A", signed=True),
    "string_soc": Shown("%", digits=0),
    "insulation_resistance": Shown("kΩ", digits=0),
}
_BY_UNIT = {"Wh": Shown("kWh", 1000, 1, turn=100), "°C": Shown("°C"), "Ah": Shown("Ah")}


def shown(code: str) -> Shown:
    """How to write a metric; unregistered ones keep two decimals and no unit."""
    if code in _OWN:
        return _OWN[code]
    entry = METRICS.get(code)
    if entry is None:
        return Shown("", digits=2)
    if code.startswith("cell_voltage"):
        return Shown("V", digits=3)
    return _BY_UNIT.get(entry.unit, Shown(entry.unit, digits=min(entry.digits, 1)))


def scaled(value: float, how: Shown) -> tuple[float, int]:
    """The number in the unit shown, and how many decimals to write."""
    amount = value * how.times / how.divisor
    over = how.turn and abs(amount) >= how.turn
    return amount, how.digits - 1 if over else how.digits


def number(value: float, digits: int = 0, sign: bool = False, locale: str = "fr") -> str:
    """`−1 234,5`; half rounds away from zero, and what rounds to zero has no sign."""
    step = Decimal(1).scaleb(-digits)
    size = Decimal(abs(value)).quantize(step, ROUND_HALF_UP)
    text = f"{size:,f}"
    if locale == "fr":
        text = text.replace(",", NBSP).replace(".", ",")
    if size == 0:
        return text
    return (MINUS if value < 0 else "+" if sign else "") + text


def unit_gap(unit: str, locale: str) -> str:
    """What stands between a number and its unit."""
    return "" if not unit or (unit == "%" and locale == "en") else NBSP


def quantity(
    value: float, unit: str, digits: int = 0, sign: bool = False, locale: str = "fr"
) -> str:
    """`52,8 V`, `62 %`."""
    return number(value, digits, sign, locale) + unit_gap(unit, locale) + unit


def metric(code: str, value: float, locale: str = "fr") -> str:
    """A metric's value as it is written everywhere."""
    how = shown(code)
    amount, digits = scaled(value, how)
    return quantity(amount, how.unit, digits, how.signed, locale)


def duration(ms: float, locale: str = "fr") -> str:
    """`48 s`, `12 min`, `3 h 17`, `2 j 4 h`; whole units, rounded down."""
    ms = max(ms, 0)
    if ms < MINUTE:
        return f"{int(ms // SECOND)}{NBSP}s"
    if ms < HOUR:
        return f"{int(ms // MINUTE)}{NBSP}min"
    if ms < DAY:
        return f"{int(ms // HOUR)}{NBSP}h{NBSP}{int(ms % HOUR // MINUTE):02d}"
    day = "j" if locale == "fr" else "d"
    return f"{int(ms // DAY)}{NBSP}{day}{NBSP}{int(ms % DAY // HOUR)}{NBSP}h"


def age(ms: float, locale: str = "fr") -> str:
    """`il y a 3 s`."""
    text = duration(ms, locale)
    return f"il y a {text}" if locale == "fr" else f"{text} ago"


def seen(ts: int, now: int, zone: str, locale: str = "fr") -> str:
    """How long ago something was, or its date once that is more than a day."""
    past = max(now - ts, 0)
    return age(past, locale) if past < DAY else moment(ts, now, zone, locale)


def clock(ts: int, zone: str, locale: str = "fr") -> str:
    """`14 h 32`, in the zone given."""
    local = _local(ts, zone)
    return f"{local:%H}{NBSP}h{NBSP}{local:%M}" if locale == "fr" else f"{local:%H:%M}"


def day(ts: int, zone: str) -> str:
    """`2026-11-23`, in the zone given."""
    return f"{_local(ts, zone):%Y-%m-%d}"


def moment(ts: int, now: int, zone: str, locale: str = "fr") -> str:
    """The time of day, with its date unless it is today's."""
    if day(ts, zone) == day(now, zone):
        return clock(ts, zone, locale)
    return f"{day(ts, zone)}, {clock(ts, zone, locale)}"


def _local(ts: int, zone: str) -> datetime:
    return datetime.fromtimestamp(ts / 1000, ZoneInfo(zone))
