"""Questions on a half-duplex line, one at a time; no I/O, times are handed in.

A question that got no answer is followed by as long a silence, so that a late answer finds nobody
waiting for it. A clock that was set counts as time past.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

What = str | int
"""The subject of a question: a name, or the protocol's own number."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent, and how its answer is known.

    address   of the device on the line
    what      names the answer
    optional  the device may not know it, and is no worse for it
    """

    frame: bytes
    address: int
    what: What
    optional: bool = False


class Exchange:
    """One cycle of questions after the other. Times in milliseconds."""

    def __init__(self, patience_ms: int, gap_ms: int) -> None:
        self._patience, self._gap = patience_ms, gap_ms
        self._waiting: deque[Question] = deque()
        self._since, self._silence = 0, 0
        self.asked: Question | None = None

    @property
    def running(self) -> bool:
        """Whether a cycle is under way."""
        return self.asked is not None or bool(self._waiting)

    def begin(self, questions: Iterable[Question]) -> None:
        self._waiting = deque(questions)
        self.asked = None

    def overdue(self, now: int) -> Question | None:
        """The question whose answer does not come any more, once."""
        if self.asked is None or 0 <= now - self._since < self._patience:
            return None
        lost, self.asked = self.asked, None
        self._since, self._silence = now, self._patience
        return lost

    def next(self, now: int) -> Question | None:
        """The question to put now; None while one is open, the line must rest, or all is said."""
        if self.asked is not None or not self._waiting:
            return None
        if 0 <= now - self._since < self._silence:
            return None
        self.asked = self._waiting.popleft()
        self._since = now
        return self.asked

    def answered(self, now: int) -> None:
        """The answer is complete."""
        self.asked = None
        self._since, self._silence = now, self._gap

    def drop(self, address: int) -> None:
        """Do not put the rest of the questions to this device."""
        self._waiting = deque(q for q in self._waiting if q.address != address)

    def more_to(self, address: int) -> bool:
        """Whether something is still open with this device."""
        open_ = self._waiting if self.asked is None else [self.asked, *self._waiting]
        return any(question.address == address for question in open_)
