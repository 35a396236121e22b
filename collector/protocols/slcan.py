"""SLCAN, the text protocol of serial CAN adapters, both ways and without I/O.

Every message ends with CR; an adapter answers CR for done and BEL for an error. A received frame
is `tIIILDD…` (`T` with an 8-digit identifier, `r` and `R` for remote frames), followed by a time
stamp of 4 hexadecimal digits, milliseconds modulo 60 000, if stamps are on; some makers send 8.
Source: the Lawicel CAN232 and CANUSB manuals.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..drivers.base import CanFrame, Garbage

BIT_RATES = {
    10_000: "S0",
    20_000: "S1",
    50_000: "S2",
    100_000: "S3",
    125_000: "S4",
    250_000: "S5",
    500_000: "S6",
    800_000: "S7",
    1_000_000: "S8",
}
CLOSE = b"C\r"
OPEN = b"O\r"
LISTEN = b"L\r"
DONE = b"\r"
ERROR = b"\a"
STAMP_WRAP = 60_000
MAX_LINE = 64

_FRAME = re.compile(rb"(?:([tr])([0-9A-Fa-f]{3})|([TR])([0-9A-Fa-f]{8}))([0-8])([0-9A-Fa-f]*)")
_ANSWER = re.compile(rb"[zZ]|[FVvN][\x20-\x7e]*")


def listening(bit_rate: int, *, acknowledge: bool = False) -> bytes:
    """What opens an adapter so that it hears everything and sends nothing; ValueError if it cannot.

    One that is to acknowledge frames is opened as an ordinary node of the bus, and still sends none
    of its own. The leading CR ends whatever half a command the adapter may have in its buffer.
    """
    if bit_rate not in BIT_RATES:
        raise ValueError(f"an SLCAN adapter has no bit rate of {bit_rate}")
    opened = OPEN if acknowledge else LISTEN
    return DONE + CLOSE + BIT_RATES[bit_rate].encode() + b"\r" + opened


@dataclass(frozen=True, slots=True)
class Line:
    """A frame as an adapter wrote it; `stamp` is its clock in ms modulo STAMP_WRAP, if given."""

    frame: CanFrame
    stamp: int | None


class BadLineError(ValueError):
    """A line that is neither a frame nor an answer; `reason` is a short code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(line: bytes, ts: int) -> Line | None:
    """One line without its end; None for an adapter's answer; raises BadLineError."""
    if not line or _ANSWER.fullmatch(line):
        return None
    match = _FRAME.fullmatch(line)
    if not match:
        raise BadLineError("bad_slcan_line")
    kind = (match[1] or match[3]).decode()
    identifier = int(match[2] or match[4], 16)
    if identifier > (0x1FFF_FFFF if match[4] else 0x7FF):
        raise BadLineError("bad_identifier")
    remote = kind in "rR"
    digits = 0 if remote else 2 * int(match[5])
    data, stamp = match[6][:digits], match[6][digits:]
    if len(data) < digits or len(stamp) not in (0, 4, 8):
        raise BadLineError("bad_length")
    frame = CanFrame(identifier, bytes.fromhex(data.decode()), ts, match[4] is not None, remote)
    return Line(frame, int(stamp, 16) % STAMP_WRAP if len(stamp) == 4 else None)


class Parser:
    """Cuts a stream, however it is chopped, into frames; a damaged line costs that line."""

    def __init__(self) -> None:
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes, ts: int) -> Iterator[CanFrame | Garbage]:
        """Frames get `ts`, the time their bytes arrived."""
        for item in self.lines(data, ts):
            yield item.frame if isinstance(item, Line) else item

    def lines(self, data: bytes, ts: int) -> Iterator[Line | Garbage]:
        """The same with the adapter's time stamps."""
        *lines, self._rest = (self._rest + data).replace(ERROR, DONE).split(DONE)
        for line in lines:
            if self._overlong:
                self._overlong = False
                continue
            try:
                parsed = parse(line.strip(b"\n"), ts)
            except BadLineError as error:
                yield Garbage(error.reason, ts)
                continue
            if parsed:
                yield parsed
        if len(self._rest) > MAX_LINE:
            self._rest = b""
            if not self._overlong:
                self._overlong = True
                yield Garbage("bad_slcan_line", ts)


def write(frame: CanFrame, stamp: int | None = None) -> bytes:
    """The line an adapter would send for this frame."""
    letter = "r" if frame.remote else "t"
    head = f"{letter.upper()}{frame.id:08X}" if frame.extended else f"{letter}{frame.id:03X}"
    tail = "" if stamp is None else f"{stamp % STAMP_WRAP:04X}"
    data = b"" if frame.remote else frame.data
    return f"{head}{len(data)}{data.hex().upper()}{tail}\r".encode()
