"""A simulator in a thread, its port opened like any serial port, and a decoder fed from it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from time import monotonic, time

from collector.decoding import decode
from collector.drivers.base import Decoder, load
from collector.links.spec import from_text
from collector.links.stream import open_stream
from collector.simulators import base as simulators
from collector.simulators.pack import Pack
from collector.wire.reading import Reading


@dataclass
class Site:
    """What a collector does with a line: read, ask once a cycle, keep the readings."""

    code: str
    port: str
    options: dict = field(default_factory=dict)
    cycle_s: float = 0.1
    decoder: Decoder = None
    sent: list[bytes] = field(default_factory=list)

    def follow(self, done: Callable[[Reading], bool], within_s: float) -> Reading:
        """The first reading that is wanted; fails when it does not come in time."""
        self.decoder = load(self.code).decoder("a", self.options)
        stream = open_stream(from_text(f"serial:{self.port}"), lambda: int(time() * 1000))
        until, ask_at = monotonic() + within_s, 0.0
        try:
            while (now := monotonic()) < until:
                if now >= ask_at:
                    ask_at = now + self.cycle_s
                    for request in self.decoder.requests(int(now * 1000)):
                        self.sent.append(request)
                        stream.send(request)
                for reading in decode(self.decoder, stream.receive(0.05)):
                    if done(reading):
                        return reading
        finally:
            stream.close()
        raise AssertionError(f"no such reading in {within_s} s; {self.decoder.tally}")


@contextmanager
def served(code: str, pack: Pack, where: str = "pty", **options: str) -> Iterator[str]:
    """The port of a simulator that runs until the end of the block."""
    stop, ready, failed = threading.Event(), Queue(), []

    def run() -> None:
        try:
            simulators.load(code).serve(pack, where, stop, options, ready.put)
        except Exception as error:
            failed.append(error)
            ready.put(None)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        port = ready.get(timeout=10)
        if port is None:
            raise failed[0]
        yield port
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive() and not failed
