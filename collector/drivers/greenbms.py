"""Green-BMS: the ASCII stream of its Bluetooth serial module (9600 baud, 8N1).

The control unit shows one page at a time, chosen by whoever talks to it: page 2 has the pack, page
3 scans the cells, two a line. A reading is made by each line of page 2 and by each complete scan;
it carries the last scan with `x_cells_age`, its age in seconds, while that is worth anything.

There is no checksum: an item counts only if it is complete and its number is clean and plausible.
Current on the wire is positive while charging, in steps of 0.5 A; cells come in steps of 10 mV.

Not provided by the device: state of health, cycles, ambient temperature.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..protocols.lines import Lines
from ..wire.alarms import Alarm, alarm
from ..wire.reading import Reading, State
from . import _greenbms_items as items
from ._greenbms_paging import SENDS, Paging
from .base import Assembler, Bytes, Driver, Input, Option, Request, whole

LONGEST = 1024
"""Bytes of a line; the longest documented one has about 120."""
CELLS_PER_LINE = 2
OVERVIEW_HOLD_MS = 15_000
SCANS_HELD = 3
"""A scan is shown for this many scan intervals."""


@dataclass(frozen=True, slots=True)
class _Overview:
    values: Mapping[str, float]
    states: Mapping[str, State]
    ts: int


@dataclass(frozen=True, slots=True)
class _Scan:
    arrays: Mapping[str, tuple[float | None, ...]]
    alarms: tuple[Alarm, ...]
    ts: int


class GreenBms(Assembler):
    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        super().__init__(asset)
        self._count: int | None = options["cells"]
        self._count_is_told = self._count is not None
        self._scan_hold_ms = SCANS_HELD * options["scan"] * 1000
        self._paging = Paging(options["poll"] == "yes", options["scan"] * 1000)
        self._lines = Lines(LONGEST)
        self._now = 0
        self._capacity: float | None = None
        self._overview: _Overview | None = None
        self._scan: _Scan | None = None
        self._pass: dict[int, dict[str, str]] = {}
        self._pass_line: Mapping[int, Any] = {}
        self._pass_ts = 0
        self._summary: tuple[bool, int] | None = None
        self._shown = False
        self._quiet_beats = 0

    def feed(self, item: Input) -> Iterator[Reading]:
        if not isinstance(item, Bytes):
            self.tally.reject("not_serial")
            return
        self._now = item.ts
        for line in self._lines.feed(item.data):
            yield from self.counted(self._line(line))

    def finish(self) -> Iterator[Reading]:
        """The last line may lack its end; the last scan may lack its successor."""
        yield from self.counted(self._line(self._lines.rest()))
        yield from self.counted(self._end_pass(interrupted=True))

    def requests(self, now: int) -> Sequence[Request]:
        """Lines to send in this cycle; `now` is epoch milliseconds."""
        is_learned = self._count is not None and self._capacity is not None
        return self._paging.due(now, self._count, is_learned=is_learned)

    def _line(self, line: bytes | None) -> Iterator[Reading]:
        if line is None:
            self.tally.reject("too_long")
            return
        found, rejected = items.parse(line)
        for reason in rejected:
            self.tally.reject(reason)
        if not found:
            return
        self.tally.frames += 1
        cells: dict[int, dict[str, str]] = {}
        overview: dict[str, str] = {}
        for item in found:
            if item.is_cell:
                cells.setdefault(item.number, {})[item.letter] = item.text
            elif item.key in items.OVERVIEW:
                overview[item.key] = item.text
            else:
                self._setting(item)
        if cells:
            yield from self._cells(cells)
        if overview:
            yield from self._show_overview(overview)
        if any(item.key == items.ALARM for item in found):
            yield from self._beat()

    def _setting(self, item: items.Item) -> None:
        if item.key == items.ALARM:
            self._summary = (item.text == "1", self._now)
        elif item.key == items.CAPACITY:
            self._capacity = items.within(item.text, 1, 999)
        elif item.key == items.COUNT and not self._count_is_told:
            count = items.within(item.text, 1, items.MAX_CELLS)
            self._count = int(count) if count else self._count

    def _beat(self) -> Iterator[Reading]:
        """A device on a page without values still tells when its alarm comes and goes."""
        self._quiet_beats += 1
        if self._quiet_beats > 1 and self._summary and self._summary[0] != self._shown:
            yield self._reading()

    def _show_overview(self, texts: Mapping[str, str]) -> Iterator[Reading]:
        yield from self._end_pass(interrupted=True)
        self._paging.heard(page=2)
        values, rejected = items.overview(texts)
        for _ in range(rejected):
            self.tally.reject("implausible")
        states = items.states(texts, values.get("current"))
        if values or states:
            self._overview = _Overview(values, states, self._now)
            yield self._reading()

    def _cells(self, line: dict[int, dict[str, str]]) -> Iterator[Reading]:
        """Add a line to the pass over the cells; a cell that comes again begins the next one."""
        self._paging.heard(page=3)
        if not self._count_is_told and self._count and max(line) > self._count + 1:
            self._count = None  # it came damaged: there are more cells than that
        if self._pass and min(line) <= min(self._pass_line):
            yield from self._end_pass(interrupted=False)
        for number, texts in line.items():
            self._pass.setdefault(number, {}).update(texts)
        self._pass_line, self._pass_ts = line, self._now
        if self._count and max(line) >= self._count:
            yield from self._end_pass(interrupted=False)

    def _end_pass(self, *, interrupted: bool) -> Iterator[Reading]:
        """Take the pass for a scan, unless it began too late or is known to be cut short."""
        cells, self._pass = self._pass, {}
        if not cells or min(cells) > CELLS_PER_LINE:
            return
        if interrupted and self._count and max(cells) < self._count:
            return
        arrays, alarms, rejected = items.scan(cells, self._count)
        for _ in range(rejected):
            self.tally.reject("implausible")
        if arrays:
            self._paging.scanned()
            self._scan = _Scan(arrays, alarms, self._pass_ts)
            yield self._reading()

    def _reading(self) -> Reading:
        """What is known now."""
        self._quiet_beats = 0
        self._shown = bool(self._summary and self._summary[0])
        values: dict[str, float] = {}
        states: dict[str, State] = {}
        arrays: Mapping[str, tuple[float | None, ...]] = {}
        if self._overview and self._now - self._overview.ts <= OVERVIEW_HOLD_MS:
            values |= self._overview.values
            states |= self._overview.states
        if self._scan and self._now - self._scan.ts <= self._scan_hold_ms:
            arrays = self._scan.arrays
            values["x_cells_age"] = (self._now - self._scan.ts) / 1000
            states["balancing_active"] = any(arrays.get("balancing", ()))
        if self._capacity:
            values["capacity_design"] = self._capacity
        return Reading(self.asset, self._now, values, arrays, states, self._alarms(bool(arrays)))

    def _alarms(self, is_scanned: bool) -> tuple[Alarm, ...]:
        """Those of the last scan, as far as the summary, sent every five seconds, agrees."""
        of_cells = self._scan.alarms if self._scan and is_scanned else ()
        if self._summary is None:
            return of_cells
        is_alarm, ts = self._summary
        if self._scan and ts < self._scan.ts:
            return of_cells
        if not is_alarm:
            return ()
        return of_cells or (alarm("general_error"),)


DRIVER = Driver(
    code="greenbms",
    title=(
        "Green-BMS (ASCII sur série Bluetooth, 9600 bauds)",
        "Green-BMS (ASCII over Bluetooth serial, 9600 baud)",
    ),
    link="serial",
    formats=("serial", "transcript"),
    open=GreenBms,
    options=(
        Option(
            "cells",
            (
                "nombre de cellules ; sinon, celui que dit l'appareil",
                "number of cells; left out: as the device says",
            ),
            None,
            whole(1, items.MAX_CELLS),
        ),
        Option(
            "poll",
            (
                "yes : choisir les pages et garder l'appareil actif (interval d'au plus 10 s) ; "
                "no : écouter à côté de l'application du téléphone",
                "yes: choose pages and keep the device talking (interval at most 10 s); "
                "no: listen beside the phone app",
            ),
            "yes",
            choices=("yes", "no"),
        ),
        Option(
            "scan",
            (
                "secondes d'une lecture des cellules à la suivante",
                "seconds from one scan of the cells to the next",
            ),
            60,
            whole(20, 3600),
        ),
    ),
    sends=SENDS,
)
