"""What core said of a caller, remembered by each process for a moment.

Every poll and every push asks the same of core: who is this, and may they. An answer is believed
for `HELD_SECONDS` at most, and no longer than until anything that decides it is written by any
process of this host: they share a file whose time moves after each such commit. So an ended
session or a revoked collector is refused at once here, and within those seconds where the change
was made past this program or the file cannot be written.
"""

import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

HELD_SECONDS = 5.0
KEPT = 2_000
"""Answers kept by one process."""
DECIDING = frozenset({"tenants", "users", "user_sessions", "collectors"})
"""Tables from which answers are made."""
IN_PASSING = {"in_passing": True}
"""Execution options of a statement that notes a use and decides nothing."""

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Remembered:
    """The answers of one process. Several requests read what is remembered: never change it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: OrderedDict[Hashable, tuple[float, int, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, ask: Callable[[], Answer | None]) -> Answer | None:
        """The answer to `key`, asked for when it is not remembered; None is never remembered."""
        moved = self._moved()  # before asking: what is written meanwhile makes the answer old
        known = self._known.get(key)
        if known and known[1] == moved and 0 <= time.monotonic() - known[0] < HELD_SECONDS:
            return known[2]
        answer = ask()
        if answer is not None:
            with self._lock:
                self._known[key] = time.monotonic(), moved, answer
                self._known.move_to_end(key)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
        return answer

    def forget(self, key: Hashable) -> None:
        """Ask again the next time."""
        with self._lock:
            self._known.pop(key, None)

    def changed(self) -> None:
        """Let every process of this host ask again."""
        with self._lock:
            self._known.clear()
        moment = max(time.time_ns(), self._moved() + 1)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch(0o600)
            os.utime(self._file, ns=(moment, moment))
        except OSError as error:
            log.warning("other processes ask again only later: %s", error.strerror)

    def _moved(self) -> int:
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return 0


def watch(session_class: type[Session]) -> None:
    """Tell the `remembered` of a session's info after commits that wrote to `DECIDING` tables."""
    event.listen(session_class, "after_flush", _note_flush)
    event.listen(session_class, "do_orm_execute", _note_statement)
    event.listen(session_class, "after_commit", _tell)
    event.listen(session_class, "after_rollback", lambda session: session.info.pop("wrote", None))


def _note_flush(session: Session, _: Any) -> None:
    written = (*session.new, *session.dirty, *session.deleted)
    if any(row.__tablename__ in DECIDING for row in written):
        session.info["wrote"] = True


def _note_statement(state: ORMExecuteState) -> None:
    if state.is_select or state.execution_options.get("in_passing"):
        return
    mapper = state.bind_mapper
    if mapper is None or mapper.local_table.name in DECIDING:
        state.session.info["wrote"] = True


def _tell(session: Session) -> None:
    if session.info.pop("wrote", False):
        session.info["remembered"].changed()
