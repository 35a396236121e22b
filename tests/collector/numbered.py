"""A device on a TCP line whose every reading carries a number, so that none can go missing unseen."""

import json
import shutil
import socket
import threading
from itertools import count

from collector.spool.spool import Spool
from collector.wire import envelope
from collector.wire.envelope import Agent


class Numbered:
    """Serves numbered ThingSet reports to whoever connects; numbers go on across connections."""

    def __init__(self, period_s):
        self.flags = 0
        self._period, self._stop, self._numbers = period_s, threading.Event(), count(1)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._stop.set()
        self._server.close()

    def _serve(self):
        while not self._stop.is_set():
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            with line:
                self._talk(line)

    def _talk(self, line):
        while not self._stop.wait(self._period):
            number = next(self._numbers)
            values = {
                "rPackVoltage_V": 50.0,
                "rPackCurrent_A": number / 1000,
                "rErrorFlags": self.flags,
            }
            text = f"#mLive {json.dumps({'Meas': values})}\r\n"
            try:
                line.sendall(text.encode())
            except OSError:
                return


def numbers(readings):
    return [round(reading.values["current"] * 1000) for reading in readings]


def committed(state, aside):
    """Numbers in a copy of the spool as the killed process left it."""
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(state, aside)
    if not (aside / "spool.db").exists():
        return set()
    spool = Spool(aside / "spool.db", "reader", 0)
    found = set()
    while frozen := spool.pending() or spool.freeze(0, (), Agent()):
        for block in envelope.decode(frozen.body).blocks:
            found.update(numbers(block.readings()))
        spool.bury(frozen, "read", 0)
    spool.close()
    return found
