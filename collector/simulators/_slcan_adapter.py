"""An SLCAN adapter between a CAN bus and a serial port: its answers, without the port.

Source: the Lawicel CAN232 and CANUSB manuals.
"""

from ..drivers.base import CanFrame
from ..protocols import slcan

MAX_COMMAND = 64
_CODES = {code: rate for rate, code in slcan.BIT_RATES.items()}


class Adapter:
    """Closed until opened at the bus's bit rate; then it writes down what it hears.

    sent  frames the computer asked it to transmit: of a collector, none
    """

    def __init__(self, bit_rate: int) -> None:
        self._bus_rate = bit_rate
        self._rate: int | None = None
        self._open = self._listening = self._stamping = False
        self._rest = b""
        self.sent: list[CanFrame] = []

    def receive(self, data: bytes) -> bytes:
        """Commands from the computer, cut anywhere, to answers."""
        *commands, rest = (self._rest + data.replace(b"\n", b"")).split(b"\r")
        self._rest = rest[:MAX_COMMAND]
        return b"".join(self._answer(command.decode("ascii", "replace")) for command in commands)

    def hear(self, frame: CanFrame, clock_ms: int) -> bytes:
        """What the adapter writes when this frame is on the bus."""
        if not self._open or self._rate != self._bus_rate:
            return b""
        return slcan.write(frame, clock_ms if self._stamping else None)

    def _answer(self, command: str) -> bytes:
        match command[:1]:
            case "":
                return slcan.DONE
            case "V":
                return b"V1013\r"
            case "N":
                return b"NS001\r"
            case "F" if self._open:
                return b"F00\r"
            case "C":
                self._open = False
                return slcan.DONE
            case "S" | "Z" | "O" | "L" if not self._open:
                return slcan.DONE if self._set(command) else slcan.ERROR
            case "t" | "T" | "r" | "R" if self._open and not self._listening:
                return self._transmit(command)
        return slcan.ERROR

    def _set(self, command: str) -> bool:
        if command in _CODES:
            self._rate = _CODES[command]
        elif command in ("Z0", "Z1"):
            self._stamping = command == "Z1"
        elif command in ("O", "L") and self._rate:
            self._open, self._listening = True, command == "L"
        else:
            return False
        return True

    def _transmit(self, command: str) -> bytes:
        try:
            line = slcan.parse(command.encode(), 0)
        except slcan.BadLineError:
            return slcan.ERROR
        if line is None:
            return slcan.ERROR
        self.sent.append(line.frame)
        return b"z\r" if command[0] in "tr" else b"Z\r"
