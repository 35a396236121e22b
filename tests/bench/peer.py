"""VictoriaMetrics beside ours: a private instance, asked for the same and measured the same way."""

import gzip
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from urllib.parse import urlencode

from collector.wire.block import Block

from .processes import cpu_of, free_port, running

MISSING = "VictoriaMetrics is not installed here (Debian: victoria-metrics): no ratios"
FLUSH_SECONDS = 6
EMONCMS = "emoncms is no package and is not run here: its figures are in docs/performance.md"


@dataclass(slots=True)
class Peer:
    """A running instance."""

    pid: int
    folder: Path
    web: HTTPConnection

    def cpu(self) -> float:
        return cpu_of(self.pid)

    def push(self, body: bytes) -> None:
        """Write series that `lines` made."""
        self.web.request("POST", "/api/v1/import", body, {"Content-Encoding": "gzip"})
        answer = self.web.getresponse()
        answer.read()
        if answer.status != 204:
            raise SystemExit(f"VictoriaMetrics answered {answer.status}")

    def ask(self, path: str, **query: object) -> dict:
        self.web.request("GET", f"{path}?{urlencode(query)}")
        try:
            answer = self.web.getresponse()
        except RemoteDisconnected:  # it hangs up on who was silent for a minute
            self.web.close()
            self.web.request("GET", f"{path}?{urlencode(query)}")
            answer = self.web.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"VictoriaMetrics answered {answer.status}: {text[:200]!r}")
        return json.loads(text) if text.startswith(b"{") else {}

    def settle(self) -> None:
        """Everything on disk, in as few parts as it will ever be."""
        self.ask("/internal/force_flush")
        self._wait()
        self.ask("/internal/force_merge")
        self._wait()

    def _wait(self) -> None:
        """Until its files have not grown or shrunk for as long as it keeps parts in memory."""
        before, since = -1, time.monotonic()
        while time.monotonic() - since < FLUSH_SECONDS:
            time.sleep(0.5)
            if self.size() != before:
                before, since = self.size(), time.monotonic()

    def size(self) -> int:
        """Bytes of its files."""
        found = 0
        for file in self.folder.rglob("*"):
            with suppress(FileNotFoundError):  # merged away meanwhile
                found += file.stat().st_size if file.is_file() else 0
        return found


@contextmanager
def victoria(folder: Path) -> Iterator[Peer | None]:
    """An instance with its files in `folder`; None, said aloud, where it is not installed."""
    program = shutil.which("victoria-metrics")
    if program is None:
        print(MISSING, flush=True)
        yield None
        return
    port = free_port()
    command = [
        program, f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y", "-selfScrapeInterval=0", "-search.disableCache",
        "-search.latencyOffset=0s", "-loggerLevel=ERROR", "-memory.allowedPercent=10",
    ]  # fmt: skip
    with running(command, port, {}) as pid:
        yield Peer(pid, folder, HTTPConnection("127.0.0.1", port))


def lines(blocks: Sequence[Block]) -> bytes:
    """The blocks as its fastest format, a line a series, compressed as ours are."""
    made = [line for block in blocks for line in _lines(block)]
    return gzip.compress("\n".join(made).encode(), compresslevel=6, mtime=0)


def _lines(block: Block) -> Iterator[str]:
    series = dict(block.values)
    for code, columns in block.arrays.items():
        series |= {f"{code}_{i}": column for i, column in enumerate(columns)}
    times = list(block.times)
    for code, column in series.items():
        metric = {"__name__": code, "battery": block.asset}
        yield json.dumps(
            {"metric": metric, "values": list(column.values()), "timestamps": times},
            separators=(",", ":"),
        )
