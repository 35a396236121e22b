"""One run of a job at a time: a file lock on this host, a named lock of MySQL between hosts."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError


@contextmanager
def only_run(code: str, folder: Path, core: Engine) -> Iterator[bool]:
    """Hold the job's lock inside the block; yields False when another run holds it.

    The kernel and the server let go of both locks when a process dies, however it dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        file = stack.enter_context((folder / f"{code}.lock").open("w"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if core.dialect.name == "sqlite":  # a file that other hosts do not reach
            yield True
            return
        connection = stack.enter_context(core.connect())
        connection.detach()  # closing it must let go, not put a connection that locks in the pool
        name = f"cron.{core.url.database}.{code}"[:64]
        held = connection.exec_driver_sql("SELECT GET_LOCK(%s, 0)", (name,)).scalar()
        connection.commit()
        try:
            yield bool(held)
        finally:
            if held:
                _let_go(connection, name)


def _let_go(connection: Connection, name: str) -> None:
    """Free the name now: a server notices a closed connection only a moment later."""
    with suppress(SQLAlchemyError):  # a connection that broke has let go already
        connection.exec_driver_sql("SELECT RELEASE_LOCK(%s)", (name,))
