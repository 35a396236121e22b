"""The control unit of a Green-BMS as its Bluetooth module shows it; no I/O, time is handed in.

It knows four commands of the real one: pages (`#s0`, `#s2`, `#s3`), cell count (`#h1`, `#h0`) and
keep-alive (`#m<n>`, a new number each time). The others, which change settings, it ignores.
"""

from collections.abc import Iterator

from ..protocols.lines import Lines
from .pack import Pack

TICK_S = 0.4
HEARTBEAT_S = 5.0
ASLEEP_AFTER_S = 15.0
APP_STAYS_S = 10.0
"""On page 2, before the phone app looks at the cells."""
LONGEST_COMMAND = 32
POLE_HOT, RESISTOR_WARMTH = 45, 32


class Unit:
    """`has_app`: a phone is connected, keeps it awake and turns the pages."""

    def __init__(self, pack: Pack, *, has_app: bool = False) -> None:
        self._pack, self._has_app = pack, has_app
        self._lines = Lines(LONGEST_COMMAND)
        self._page = 2 if has_app else 0
        self._page_since = 0.0
        self._counting = False
        self._alive = b""
        self._alive_at = 0.0
        self._beat_at = 0.0
        self._beats = 0
        self._ticks = 0
        self._cell = 1

    def receive(self, data: bytes, now: float) -> None:
        """Obey the commands that `data` completes."""
        for line in self._lines.feed(data.replace(b"\r", b"\n")):
            command = (line or b"").strip()
            if command in (b"#s0", b"#s2", b"#s3"):
                self._turn_to(int(command[2:]), now)
                self._alive_at = now
            elif command in (b"#h0", b"#h1"):
                self._counting = command == b"#h1"
            elif command[:2] == b"#m" and command != self._alive:
                self._alive, self._alive_at = command, now

    def tick(self, now: float) -> bytes:
        """What is sent in this tick of 0.4 s."""
        self._ticks += 1
        if self._has_app:
            self._play_app(now)
        elif now - self._alive_at >= ASLEEP_AFTER_S:
            self._turn_to(0, now)
        return b"".join(b"".join(line) + b"$\r\n" for line in self._said(now))

    def _said(self, now: float) -> Iterator[list[bytes]]:
        if now >= self._beat_at:
            self._beat_at = now + HEARTBEAT_S
            yield [_item("i000", self._beats), _item("i001", int(self._has_alarm()))]
            self._beats = (self._beats + 1) % 1000
        if self._page == 2 and self._ticks % 3 == 0:
            yield [_item("m000", "")]
        elif self._page == 2 and self._counting:
            yield [_item("p012", round(self._pack.spec.capacity_ah)), _item("p014", self._cells)]
        elif self._page == 2:
            yield self._overview()
        elif self._page == 3:
            yield [item for n in (self._cell, self._cell + 1) for item in self._cell_items(n)]
            self._cell = self._cell + 2 if self._cell + 2 <= self._cells else 1

    def _turn_to(self, page: int, now: float) -> None:
        if page != self._page:
            self._page, self._page_since, self._cell = page, now, 1

    def _play_app(self, now: float) -> None:
        """Count first; then page 2 for a while, and page 3 for one scan."""
        self._counting = self._page == 2 and self._ticks <= 2
        scan_s = -(-self._cells // 2) * TICK_S
        if now - self._page_since >= (APP_STAYS_S if self._page == 2 else scan_s):
            self._turn_to(3 if self._page == 2 else 2, now)

    @property
    def _cells(self) -> int:
        return len(self._pack.cell_voltages)

    def _overview(self) -> list[bytes]:
        pack = self._pack
        amperes = round(pack.current * 2) / 2 + 0.0
        mode = 1 if amperes >= 3 else 2 if amperes <= -5 else 0
        return [
            _item("g001", f"{pack.voltage:.1f}"),
            _item("g002", f"{amperes:.{2 if abs(amperes) < 10 else 0}f}"),
            _item("g003", round(pack.soc)),
            _item("g004", f"{max(pack.cell_voltages):.2f}"),
            _item("g005", f"{min(pack.cell_voltages):.2f}"),
            _item("g006", mode),
        ]

    def _cell_items(self, number: int) -> list[bytes]:
        """Four items; behind the last cell of an odd pack comes one that does not exist."""
        volt, pole, resistor, flags = "0.00", 0, 0, "000000"
        if number <= self._cells:
            volt = f"{self._pack.cell_voltages[number - 1]:.2f}"
            pole, resistor = round(self._pole(number)), round(self._resistor(number))
            flags = self._flags(number)
        values = {"v": volt, "t": pole, "u": resistor, "z": flags}
        return [_item(f"{letter}{number:03}", value) for letter, value in values.items()]

    def _pole(self, number: int) -> float:
        sensors = self._pack.temperatures or [self._pack.ambient]
        return sensors[(number - 1) * len(sensors) // self._cells]

    def _resistor(self, number: int) -> float:
        return self._pole(number) + RESISTOR_WARMTH * self._pack.balancing[number - 1]

    def _flags(self, number: int) -> str:
        """Very high, balancing, low, error, pole hot, resistor hot."""
        volt, chemistry = self._pack.cell_voltages[number - 1], self._pack.chemistry
        bits = (
            volt > chemistry.full - 0.05,
            self._pack.balancing[number - 1],
            volt < chemistry.empty + 0.4,
            not 2.3 <= volt <= 4.5,
            self._pole(number) > POLE_HOT,
            False,
        )
        return "".join(str(int(bit)) for bit in bits)

    def _has_alarm(self) -> bool:
        flags = (self._flags(n) for n in range(1, self._cells + 1))
        return any("1" in text[0] + text[2:] for text in flags)


def _item(key: str, value: str | int) -> bytes:
    return f"$#{key}{value}".encode()
