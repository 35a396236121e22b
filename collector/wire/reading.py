"""A reading: what one asset measured at one moment."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from .alarms import ALARMS, SEVERITIES, VENDOR, Alarm
from .errors import WireError
from .metrics import DERIVED, EXTENSION, METRICS, STATES

UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")
VENDOR_CODE = re.compile(r"vendor:[a-z0-9_]{1,32}:[A-Za-z0-9_.-]{1,64}")
MAX_ELEMENTS = 1024
MAX_ALARMS = 256
MAX_STATES = 64
MAX_TEXT = 120
EXTENSION_DIGITS = 4

State = bool | int | str


@dataclass(frozen=True, slots=True)
class Reading:
    """Values of one asset at one time.

    asset   identifier given at the site, usually the serial number
    ts      epoch milliseconds, UTC, of the measurement
    values  metric code to number, in the registry's units
    arrays  metric code to one number or None (unknown) per cell or sensor
    states  state code to bool, int or short text
    alarms  what the BMS complains about, sorted
    """

    asset: str
    ts: int
    values: Mapping[str, float] = field(default_factory=dict)
    arrays: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The live form on the wire."""
        return {
            "asset": self.asset,
            "ts": self.ts,
            "values": dict(self.values),
            "arrays": {code: list(array) for code, array in self.arrays.items()},
            "states": dict(self.states),
            "alarms": [alarm.to_json() for alarm in self.alarms],
        }

    def flat(self) -> dict[str, Any]:
        """Metric codes on top, `alarms` and `states` beside them: what `decode` prints."""
        return {
            **self.values,
            **{code: list(array) for code, array in self.arrays.items()},
            "states": dict(self.states),
            "alarms": [alarm.to_json() for alarm in self.alarms],
        }


def digits_of(code: str) -> int:
    """Decimals kept of a metric, registered or not."""
    entry = METRICS.get(code)
    return EXTENSION_DIGITS if entry is None else entry.digits


def tidy(reading: Reading) -> tuple[Reading, tuple[str, ...]]:
    """The reading at registry resolution, without what cannot be true, and the codes left out.

    Implausible or non-finite numbers become absent (in arrays: unknown). An array in which
    nothing is known disappears.
    """
    dropped: list[str] = []
    values = {}
    for code, value in reading.values.items():
        kept = _kept(code, value)
        if kept is None:
            dropped.append(code)
        else:
            values[code] = kept
    arrays = {}
    for code, array in reading.arrays.items():
        kept_array = _kept_array(code, array)
        if kept_array.count(None) > array.count(None):
            dropped.append(code)
        if kept_array.count(None) < len(kept_array):
            arrays[code] = kept_array
    alarms = tuple(sorted(set(reading.alarms), key=alarm_order))
    return replace(reading, values=values, arrays=arrays, alarms=alarms), tuple(dropped)


def alarm_order(alarm: Alarm) -> tuple:
    return (alarm.code, -1 if alarm.index is None else alarm.index, alarm.severity)


def _kept(code: str, value: float) -> float | None:
    if not isfinite(value):
        return None
    entry = METRICS.get(code)
    if entry is not None and not entry.plausible(value):
        return None
    digits = digits_of(code)
    return round(float(value), digits) + 0.0 if digits else round(value)


def _kept_array(code: str, array: tuple[float | None, ...]) -> tuple[float | None, ...]:
    """`_kept` of each element; at once where all of them are plain numbers within limits."""
    entry, digits = METRICS.get(code), digits_of(code)
    plain = entry is not None and digits > 0 and set(map(type, array)) == {float}
    if plain and all(map(entry.plausible, array)):  # which no infinity is, and no NaN
        return tuple([round(item, digits) + 0.0 for item in array])
    return tuple(None if item is None else _kept(code, item) for item in array)


def derive(reading: Reading) -> Reading:
    """Fill what follows from the rest (power, cell extremes, ...) where the BMS did not send it."""
    values = dict(reading.values)
    for metric in DERIVED:
        if metric.code not in values:
            value = metric.derive(values, reading.arrays)
            if value is not None and metric.plausible(value):
                values[metric.code] = round(value, metric.digits) + 0.0
    return replace(reading, values=values)


def from_json(data: Any) -> Reading:
    """Parse the live form; raises WireError naming the first thing that is wrong."""
    _object(data, "reading")
    return Reading(
        asset=parse_uid(data.get("asset")),
        ts=parse_ts(data.get("ts")),
        values=_values(data.get("values", {})),
        arrays=_arrays(data.get("arrays", {})),
        states=parse_states(data.get("states", {})),
        alarms=parse_alarms(data.get("alarms", [])),
    )


def parse_uid(value: Any) -> str:
    if not isinstance(value, str) or not UID.fullmatch(value):
        raise WireError("bad_asset", "asset must be 1 to 64 letters, digits or . _ : / -")
    return value


def parse_ts(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 47:
        raise WireError("bad_time", "time must be epoch milliseconds")
    return value


def parse_code(value: Any, *, array: bool) -> str:
    """A metric code of the right shape; unregistered codes must carry the extension prefix."""
    if not isinstance(value, str) or not CODE.fullmatch(value):
        raise WireError("bad_metric", str(value)[:48])
    entry = METRICS.get(value)
    if entry is None:
        if not value.startswith(EXTENSION):
            raise WireError("unknown_metric", value)
    elif entry.is_array != array:
        raise WireError("bad_metric", f"{value} is {'an array' if entry.is_array else 'a scalar'}")
    return value


def _number(value: Any, code: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WireError("bad_value", f"{code} must be a number")
    if isinstance(value, int) and abs(value) > 1 << 60 or not isfinite(value):
        raise WireError("bad_value", f"{code} is out of range")
    return value


def _values(data: Any) -> dict[str, float]:
    _object(data, "values")
    return {parse_code(code, array=False): _number(value, code) for code, value in data.items()}


def _arrays(data: Any) -> dict[str, tuple[float | None, ...]]:
    _object(data, "arrays")
    arrays = {}
    for code, items in data.items():
        parse_code(code, array=True)
        if not isinstance(items, list) or len(items) > MAX_ELEMENTS:
            raise WireError("bad_value", f"{code} must be a list of at most {MAX_ELEMENTS}")
        arrays[code] = tuple(None if item is None else _number(item, code) for item in items)
    return arrays


def parse_states(data: Any) -> dict[str, State]:
    _object(data, "states")
    if len(data) > MAX_STATES:
        raise WireError("bad_state", "too many states")
    states: dict[str, State] = {}
    for code, value in data.items():
        if not isinstance(code, str) or not CODE.fullmatch(code):
            raise WireError("bad_state", str(code)[:48])
        expected = STATES.get(code)
        if expected is None and not code.startswith(EXTENSION):
            raise WireError("unknown_state", code)
        if expected is not None and type(value) is not expected:
            raise WireError("bad_state", f"{code} must be {expected.__name__}")
        if (
            not isinstance(value, bool | int | str)
            or (isinstance(value, str) and (len(value) > MAX_TEXT or not value.isprintable()))
            or (isinstance(value, int) and abs(value) > 1 << 60)
        ):
            raise WireError("bad_state", code)
        states[code] = value
    return states


def parse_alarms(data: Any) -> tuple[Alarm, ...]:
    if not isinstance(data, list) or len(data) > MAX_ALARMS:
        raise WireError("bad_alarm", f"alarms must be a list of at most {MAX_ALARMS}")
    return tuple(sorted({_alarm(item) for item in data}, key=alarm_order))


def _alarm(item: Any) -> Alarm:
    _object(item, "alarm")
    code, severity, index = item.get("code"), item.get("severity"), item.get("index")
    if not isinstance(code, str) or not (
        code in ALARMS or (code.startswith(VENDOR) and VENDOR_CODE.fullmatch(code))
    ):
        raise WireError("unknown_alarm", str(code)[:64])
    if severity not in SEVERITIES:
        raise WireError("bad_alarm", f"{code}: severity")
    if index is not None and (type(index) is not int or not 0 <= index < MAX_ELEMENTS):
        raise WireError("bad_alarm", f"{code}: index")
    return Alarm(code, severity, index)


def _object(data: Any, name: str) -> None:
    if not isinstance(data, dict):
        raise WireError("bad_structure", f"{name} must be an object")


def names(readings: Iterable[Reading]) -> tuple[set[str], set[str]]:
    """Every scalar and every array code that occurs."""
    scalars: set[str] = set()
    arrays: set[str] = set()
    for reading in readings:
        scalars.update(reading.values)
        arrays.update(reading.arrays)
    return scalars, arrays
