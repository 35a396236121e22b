"""A number inside the eight bytes of a CAN frame, read and written.

`start` is the bit number of CAN databases, `byte * 8 + bit` with bit 7 on top of a byte: of the
most significant bit in a big-endian signal, of the least significant one in a little-endian one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Signal:
    """value = raw * factor + offset, in the portal's units whatever the database says."""

    start: int
    length: int
    factor: float = 1
    signed: bool = False
    offset: float = 0
    little: bool = False
    shift: int = field(init=False, repr=False)
    end: int = field(init=False, repr=False)
    """Bytes a frame must have for the signal to be in it."""

    def __post_init__(self) -> None:
        first = 8 * (self.start // 8) + 7 - self.start % 8
        shift = self.start if self.little else 64 - first - self.length
        last = (self.start if self.little else first) + self.length - 1
        object.__setattr__(self, "shift", shift)
        object.__setattr__(self, "end", last // 8 + 1)

    def raw(self, word: int) -> int:
        """Out of the eight bytes as one number, in the signal's byte order."""
        value = word >> self.shift & (1 << self.length) - 1
        if self.signed and value >> self.length - 1:
            value -= 1 << self.length
        return value

    def value(self, word: int) -> float:
        return self.raw(word) * self.factor + self.offset

    def place(self, value: float) -> int:
        """The bits of a value, at their place; what the field cannot hold becomes its limit."""
        low, high = (
            (-(1 << self.length - 1), (1 << self.length - 1) - 1)
            if self.signed
            else (0, (1 << self.length) - 1)
        )
        raw = min(max(round((value - self.offset) / self.factor), low), high)
        return (raw & (1 << self.length) - 1) << self.shift


def compose(signals: Mapping[str, Signal], values: Mapping[str, float]) -> int:
    """The eight bytes as one number; signals without a value are zero."""
    word = 0
    for name, signal in signals.items():
        word |= signal.place(values[name]) if name in values else 0
    return word
