"""A transcript of a link: all that passed on it, with times, in a form that `decode` reads.

What is written depends on what passes: CAN frames as candump writes them, bytes as a `transcript`
of both directions, register questions and answers as `registers`, documents as `json`. Nothing is
interpreted, so that a transcript of an unknown device is as good as one of a known one.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Event, Lock
from typing import Any

from .clock import Now
from .drivers.base import Bytes, CanFrame, Document, Fetch, Garbage, Input, RegisterRead
from .formats.candump import ERROR_FRAME
from .links.asked import Asked
from .links.errors import BadAnswer, LinkTimeout
from .links.stream import Stream
from .wire.strict_json import dumps

SUFFIXES = {"candump": ".log", "transcript": ".jsonl", "registers": ".jsonl", "json": ".jsonl"}
KINDS = {"can": "candump", "serial": "transcript", "modbus": "registers", "http": "json"}
"""What a driver's link is recorded as."""


class Transcript:
    """A file of at most `most` bytes that is new, and only ours to read; safe from any thread.

    `full` is set when nothing more fits. `received` and `sent` count what passed.
    """

    def __init__(self, path: Path, most: int) -> None:
        self.path, self.full = path, Event()
        self.received = self.sent = self.size = 0
        self._most, self._lock = most, Lock()
        self._file = path.open("xb")
        path.chmod(0o600)

    def heard(self, item: Input) -> None:
        """Something came."""
        if self._write(_line(item)):
            self.received += 1

    def said(self, request: bytes | CanFrame, ts: int) -> None:
        """Something was sent; on a bus it stays a remark, since nobody else said it."""
        if isinstance(request, CanFrame):
            line = b"# sent " + _frame(request)
        else:
            line = dumps({"t": ts, "tx": request.hex()})
        if self._write(line):
            self.sent += 1

    def exchanged(self, question: RegisterRead, asked: int, ts: int, **answer: Any) -> None:
        """A register question and what came of it: `registers`, or `error`."""
        record = {"t": ts, "asked": asked, "unit": question.unit, "function": question.function}
        record |= {"address": question.address, "count": question.count, **answer}
        if self._write(dumps(record)):
            self.sent += 1
            self.received += "registers" in answer

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _write(self, line: bytes) -> bool:
        with self._lock:
            if self._file.closed or self.size + len(line) + 1 > self._most:
                self.full.set()
                return False
            self._file.write(line + b"\n")
            self._file.flush()
            self.size += len(line) + 1
            return True


class Recorded:
    """A stream whose every input and output is also written down."""

    def __init__(self, stream: Stream, transcript: Transcript, now: Now) -> None:
        self._stream, self._transcript, self._now = stream, transcript, now

    def receive(self, wait_s: float) -> Sequence[Input]:
        items = self._stream.receive(wait_s)
        for item in items:
            self._transcript.heard(item)
        return items

    def send(self, request: bytes | CanFrame) -> None:
        self._stream.send(request)
        self._transcript.said(request, self._now())

    def close(self) -> None:
        self._stream.close()


class RecordedAnswers:
    """An asked link whose every question and answer is also written down."""

    def __init__(self, link: Asked, transcript: Transcript, now: Now) -> None:
        self._link, self._transcript, self._now = link, transcript, now

    def read(self, question: RegisterRead | Fetch) -> Input:
        if not isinstance(question, RegisterRead):
            answer = self._link.read(question)
            self._transcript.heard(answer)
            return answer
        asked = self._now()
        try:
            answer = self._link.read(question)
        except (BadAnswer, LinkTimeout) as error:
            reason = error.reason if isinstance(error, BadAnswer) else "timeout"
            self._transcript.exchanged(question, asked, self._now(), error=reason)
            raise
        self._transcript.exchanged(question, asked, answer.ts, registers=list(answer.values))
        return answer

    def close(self) -> None:
        self._link.close()


def _line(item: Input) -> bytes:
    if isinstance(item, CanFrame):
        return _frame(item)
    if isinstance(item, Bytes):
        return dumps({"t": item.ts, "rx": item.data.hex()})
    if isinstance(item, Document):
        asked = {"path": item.path} if item.path else {}
        return dumps({"t": item.ts, **asked, "document": item.data})
    if isinstance(item, Garbage):
        return f"# {item.ts} {item.reason}".encode()
    raise TypeError(f"registers are written with their question: {item}")


def _frame(frame: CanFrame) -> bytes:
    number = frame.id | (ERROR_FRAME if frame.error else 0)
    identifier = f"{number:08X}" if frame.extended or frame.error else f"{number:03X}"
    data = "R" if frame.remote else frame.data.hex().upper()
    seconds, milliseconds = divmod(frame.ts, 1000)
    return f"({seconds}.{milliseconds:03}000) can0 {identifier}#{data}".encode()
