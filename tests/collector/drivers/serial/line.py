"""A line with simulated devices and a decoder on it, without a clock: time is a number."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from collector.drivers.base import Bytes, Decoder, load
from collector.simulators import daly, jbd, jk, pylontech
from collector.simulators._answering import Answers, Device
from collector.simulators.pack import Pack, PackSpec
from collector.wire.reading import Reading

STEP_MS = 20


@dataclass(frozen=True)
class Family:
    """A driver with a simulated device that it can talk to, and how the driver must be set."""

    code: str
    answers: Callable[[Pack], Answers]
    options: dict = field(default_factory=dict)


FAMILIES = (
    Family("jbd", jbd.answers),
    Family("daly", partial(daly.answers, board=1)),
    Family("jk", partial(jk.answers, boards=3), {"form": "request"}),
    Family("pylontech", partial(pylontech.answers, batteries=3)),
)
SEVERAL = {"jk": "1-3", "pylontech": "2-4"}


def busy_pack() -> Pack:
    pack = Pack(PackSpec(cells=15, duty="traction", soc=50, hour=7))
    while not pack.discharging:
        pack.step(10)
    return pack


@dataclass
class Line:
    """What the decoder sends reaches the device; `spoil` decides what comes back, and how late.

    spoil  (number of the question, question, answer) to pieces: (delay in ms, bytes)
    """

    decoder: Decoder
    device: Device
    cycle_ms: int = 1000
    spoil: Callable = lambda number, question, answer: [(STEP_MS, answer)]
    now: int = 1_700_000_000_000
    sent: list[bytes] = field(default_factory=list)
    coming: list[tuple[int, bytes]] = field(default_factory=list)

    def run(self, ms: int) -> list[Reading]:
        """Let so much time pass, as a collector does it."""
        readings, until = [], self.now + ms
        while self.now < until:
            due = [data for at, data in self.coming if at <= self.now]
            self.coming = [(at, data) for at, data in self.coming if at > self.now]
            for data in due:
                readings += self.decoder.feed(Bytes(data, self.now))
            if self.now % self.cycle_ms == 0:
                self._send(self.decoder.requests(self.now))
            self._send(self.decoder.follow_up(self.now))
            self.now += STEP_MS
        return readings

    def _send(self, questions) -> None:
        assert len(questions) <= 1
        for question in questions:
            self.sent.append(question)
            pieces = self.spoil(len(self.sent), question, self.device.receive(question))
            self.coming += [(self.now + delay, data) for delay, data in pieces]


def line(family: Family, pack: Pack | None = None, **options) -> Line:
    decoder = load(family.code).decoder("a", {**family.options, **options})
    return Line(decoder, Device(family.answers(pack or busy_pack())))
