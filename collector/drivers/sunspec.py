"""SunSpec batteries over Modbus TCP or RTU: models 802 (battery), 803 (bank), 804 (string) and 805
(module, with its cells). Only ever reads.

First the models are found: the mark at one of three addresses, then from each to the next. Then a
cycle reads those of a battery, each with its scale factors; one that takes several answers has its
factors read again after the last, and is left out if they changed. A device that moved its models
is searched anew. What comes is believed only if it is the answer to the open question.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..wire.reading import Reading
from ._sunspec_models import BASE, BASES, BATTERY, END, MARK, MODELS, Words
from ._sunspec_reading import CHARGING, DISCHARGING, parts
from .base import Assembler, Driver, Garbage, Input, Option, RegisterRead, Registers, whole

HOLDING = 3
MOST_MODELS = 256
PAUSE_MS = 60_000
"""Before a device without the mark, or without a battery, is searched again."""
HUNG_MS = 10_000
"""A heartbeat that counts seconds and stands still for so long is none."""
CLEARLY_A = 0.5
USUAL_UNITS = (1, 126, 240)

Script = Generator[RegisterRead, Words | None, None]
"""Yields questions; is sent each answer, or None where there was none."""


@dataclass(frozen=True, slots=True)
class Place:
    """A model as found: its number, the address of its first register, how many there are."""

    number: int
    address: int
    size: int


class SunSpec(Assembler):
    """Runs the script of a cycle, one question at a time.

    In a recording nobody asks: there the script runs by itself, and a question whose answer is not
    in the recording counts as unanswered.
    """

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        super().__init__(asset)
        self._unit, self._most = options["unit"], options["max_registers"]
        self._sign = -1 if options["positive_current"] == "discharge" else 1
        self._script: Script | None = None
        self._open: RegisterRead | None = None
        self._polled = self._put = False
        self._since = self._ts = self._search_at = 0
        self._base = 0
        self._places: list[Place] = []
        self._words: dict[Place, Words] = {}
        self._common: Words | None = None
        self._beat: tuple[float, int] | None = None

    def requests(self, now: int) -> Sequence[RegisterRead]:
        self._polled = True
        self._words.clear()
        self._begin(now)
        return self.follow_up(now)

    def follow_up(self, now: int) -> Sequence[RegisterRead]:
        if self._open is None or self._put:
            return ()
        self._put, self._since = True, now
        return (self._open,)

    def refused(self, request: RegisterRead, reason: str) -> None:
        if self._places or not reason.startswith("exception_"):  # a search meets those
            self.tally.reject(reason)
        if request == self._open:
            self._advance(None)

    def feed(self, item: Input) -> Iterator[Reading]:
        return self.counted(self._feed(item))

    def finish(self) -> Iterator[Reading]:
        return self.counted(self._close())

    def _feed(self, item: Input) -> Iterator[Reading]:
        if not isinstance(item, Registers):
            self.tally.reject(item.reason if isinstance(item, Garbage) else "not_registers")
            return
        if not all(type(value) is int and 0 <= value <= 0xFFFF for value in item.values):
            self.tally.reject("bad_register")
            return
        if item.unit != self._unit:
            self.tally.reject("wrong_unit")
            return
        if not self._polled:
            yield from self._follow(item)
        if _question(item) != self._open:
            self.tally.reject("not_awaited")
            return
        if self._polled and item.ts < self._since:
            self.tally.reject("stale")
            return
        self.tally.frames += 1
        self._ts = item.ts
        self._advance(item.values)
        if self._script is None:
            yield from self._close()

    def _follow(self, item: Registers) -> Iterator[Reading]:
        """In a recording: go on to the question that this answers, in this cycle or the next."""
        question = _question(item)
        if self._places and item.values == MARK and item.address in BASES:
            yield from self._close()
            self._places, self._script = [], None
        for _ in range(2):
            if self._script is None:
                self._begin(item.ts)
            while self._open is not None and self._open != question:
                self._advance(None)
            if self._open is not None:
                return
            yield from self._close()

    def _begin(self, now: int) -> None:
        self._script = self._cycle(now)
        self._open, self._put = None, False
        self._advance(None)

    def _advance(self, answer: Words | None) -> None:
        try:
            self._open, self._put = self._script.send(answer), False
        except StopIteration:
            self._script = self._open = None

    def _close(self) -> Iterator[Reading]:
        """The reading of the answers so far, if there are any of the battery."""
        words = dict(self._words)
        self._words.clear()
        if not words:
            return
        models = [(p.number, p.size, words.get(p)) for p in self._places]
        if self._common is not None:
            models.insert(0, (1, len(self._common), self._common))
        found = parts(models, self._sign)
        base = next((BASE.read(w) for number, _, w in models if number == 802 and w), {})
        self._check_sign(base)
        if "Hb" in base:
            found["states"]["x_heartbeat_stopped"] = self._hung(base["Hb"])
        yield Reading(asset=self.asset, ts=self._ts, **found)

    def _cycle(self, now: int) -> Script:
        if not self._places:
            if now < self._search_at and self._polled:
                return
            yield from self._search(now)
        for place in tuple(self._places):
            words = yield from self._model(place)
            if words is None:
                continue
            if tuple(words[:2]) != (place.number, place.size - 2):
                self._places = []
                self._words.clear()
                return
            self._words[place] = words

    def _search(self, now: int) -> Script:
        """Find the mark, then every model after it."""
        for base in BASES[self._base :] + BASES[: self._base]:
            self._base = (BASES.index(base) + 1) % len(BASES)  # the next one, if this hangs
            if tuple((yield self._read(base, 2)) or ()) == MARK:
                self._base = BASES.index(base)
                yield from self._walk(base + 2, now)
                return
        self._search_at = now + PAUSE_MS
        units = ", ".join(map(str, USUAL_UNITS))
        self.tally.warn(
            f"l'unité {self._unit} ne répond pas en SunSpec ; d'habitude c'est l'une de {units}",
            f"unit {self._unit} does not answer in SunSpec; usually it is one of {units}",
        )

    def _walk(self, address: int, now: int) -> Script:
        numbers, places, common = [], [], None
        while address < END - 2 and len(numbers) < MOST_MODELS:
            head = yield self._read(address, 2)
            if head is None:  # the end may be a single register
                first = yield self._read(address, 1)
                if not first or first[0] == END:
                    break
                second = yield self._read(address + 1, 1)
                head = (*first, *(second or (END,)))
            number, length = head
            if number == END or length == END:
                break
            numbers.append(number)
            place = Place(number, address, length + 2)
            address += place.size
            if number in MODELS and length >= MODELS[number].length and address <= END:
                if number in BATTERY:
                    places.append(place)
                elif common is None:
                    common = place
        if not places:
            self._search_at = now + PAUSE_MS
            listed = ", ".join(map(str, numbers))
            self.tally.warn(
                f"l'appareil n'a pas de modèle de batterie (802 à 805), mais {listed}",
                f"the device has no model of a battery (802 to 805), but {listed}",
            )
            return
        if common is not None:
            self._common = yield from self._model(common)
        self._places = places

    def _model(self, place: Place) -> Generator[RegisterRead, Words | None, Words | None]:
        """All registers of a model, of one mind about its scale factors; None if they are not."""
        pieces = self._pieces(place)
        for _ in range(2):
            words: list[int] = []
            for first, count in pieces:
                piece = yield self._read(place.address + first, count)
                if piece is None:
                    return None
                words += piece
            model = MODELS[place.number]
            if len(pieces) == 1 or not model.factors:
                return words
            first, count = model.scales()
            again = yield self._read(place.address + first, count)
            if again is not None and list(again) == words[first : first + count]:
                return words
        self.tally.reject("scale_factors_changed")
        return None

    def _pieces(self, place: Place) -> list[tuple[int, int]]:
        """(offset, count) of what one question can ask for; a group comes whole."""
        model = MODELS[place.number]
        size = model.size or 1
        first = min(place.size, model.fixed + (self._most - model.fixed) // size * size)
        most = self._most // size * size
        rest = range(first, place.size, most)
        return [(0, first), *((at, min(most, place.size - at)) for at in rest)]

    def _read(self, address: int, count: int) -> RegisterRead:
        return RegisterRead(self._unit, HOLDING, address, count)

    def _hung(self, beat: float) -> bool:
        if self._beat is None or self._beat[0] != beat:
            self._beat = beat, self._ts
        return self._ts - self._beat[1] >= HUNG_MS

    def _check_sign(self, base: Mapping[str, float]) -> None:
        """The standard leaves the sign open: compare it with what the battery says it does."""
        wrong = {CHARGING: -1, DISCHARGING: 1}.get(base.get("ChaSt", 0), 0)
        if wrong * self._sign * base.get("A", 0) > CLEARLY_A:
            self.tally.warn(
                "le signe du courant contredit l'état de charge annoncé : l'autre valeur de "
                "positive_current est sans doute la bonne",
                "the sign of the current contradicts what the battery says it does: the other "
                "value of positive_current is probably right",
            )


def _question(item: Registers) -> RegisterRead:
    return RegisterRead(item.unit, item.function, item.address, len(item.values))


DRIVER = Driver(
    code="sunspec",
    title=("SunSpec 802 à 805 (Modbus TCP ou RTU)", "SunSpec 802 to 805 (Modbus TCP or RTU)"),
    link="modbus",
    formats=("registers",),
    open=SunSpec,
    options=(
        Option(
            "unit",
            (
                "numéro d'unité du BMS ou de sa passerelle, souvent 1, 126 ou 240",
                "unit number of the BMS or of its gateway, often 1, 126 or 240",
            ),
            1,
            whole(0, 255),
        ),
        Option(
            "max_registers",
            (
                "registres que l'appareil donne en une réponse",
                "registers that the device gives in one answer",
            ),
            125,
            whole(68, 125),
        ),
        Option(
            "positive_current",
            (
                "ce que veut dire un courant positif chez ce fabricant ; charge d'origine",
                "what a positive current means to this maker; by default charge",
            ),
            "charge",
            choices=("charge", "discharge"),
        ),
    ),
    variants=tuple({"unit": unit} for unit in USUAL_UNITS),
    turned=("positive_current", "discharge"),
)
