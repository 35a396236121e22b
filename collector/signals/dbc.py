"""CAN databases (.dbc), as makers hand them out: identifiers, and where each signal sits.

Only frames (BO_) and their signals (SG_) are read; names of values, comments and attributes are
not needed here. Bit numbers are those of `signal`. Floating-point signals (SIG_VALTYPE_) and
selectors within selectors are left out, so that a profile which names one is told so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .signal import Signal

EXTENDED = 0x8000_0000
"""In the identifier of a 29-bit frame."""
_NUMBER = r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)"
_FRAME = re.compile(r"BO_\s+(\d+)\s+(\w+)\s*:\s*(\d+)")
_SIGNAL = re.compile(
    r"SG_\s+(\w+)\s*(M|m\d+|m\d+M)?\s*:\s*(\d+)\|(\d+)@([01])([-+])"
    rf"\s*\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)"
)
_FLOAT = re.compile(r"SIG_VALTYPE_\s+(\d+)\s+(\w+)\s*:?\s*[12]")


@dataclass(slots=True)
class Frame:
    """A frame of a database. `chosen`: the value of the selector with which a signal is there."""

    id: int
    extended: bool
    signals: dict[str, Signal] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)


def parse(text: str) -> Mapping[str, Frame]:
    """The frames of a database by name; lines that mean nothing here are passed over."""
    found: dict[str, Frame] = {}
    numbered: dict[str, Frame] = {}
    current: Frame | None = None
    for line in map(str.strip, text.splitlines()):
        if match := _FRAME.match(line):
            number = int(match[1])
            current = Frame(number & ~EXTENDED, bool(number & EXTENDED))
            found[match[2]] = numbered[match[1]] = current
        elif (match := _SIGNAL.match(line)) and current is not None:
            _add(current, match)
        elif (match := _FLOAT.match(line)) and match[1] in numbered:
            numbered[match[1]].signals.pop(match[2], None)
        elif not line:
            current = None
    return found


def _add(frame: Frame, match: re.Match[str]) -> None:
    name, role, start, length, order, sign, factor, offset = match.groups()
    if role and role.endswith("M") and role != "M":
        return
    if not (0 <= int(start) < 64 and 0 < int(length) <= 64) or not float(factor):
        return
    signal = Signal(
        int(start), int(length), float(factor), sign == "-", float(offset), order == "1"
    )
    if signal.end > 8 or signal.shift < 0:
        return
    frame.signals[name] = signal
    if role and role != "M":
        frame.chosen[name] = int(role[1:])
