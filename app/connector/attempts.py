"""Trying again when a database gave up on a transaction, and saying so when it cannot be had.

Only for units that may happen twice: what is repeated is the whole transaction.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import Unavailable

TRIES = 3
PAUSE = 0.05
"""Seconds before the first repetition, about; then twice that."""

DEADLOCK, LOCK_WAIT, GONE, LOST = 1213, 1205, 2006, 2013
REPEATED = frozenset({DEADLOCK, LOCK_WAIT, GONE, LOST})
FULL = frozenset({3, 28, 1021, 1114})
_SQLITE_FULL = "full"

Result = TypeVar("Result")


def persistently(unit: Callable[[], Result]) -> Result:
    """Run a repeatable transaction up to `TRIES` times; raises Unavailable when it cannot be.

    A key that is already there means that somebody made the same row first: the next try sees it.
    """
    for attempt in range(1, TRIES + 1):
        try:
            return unit()
        except IntegrityError:
            if attempt == TRIES:
                raise
        except OperationalError as error:
            if attempt == TRIES or _code(error) not in REPEATED:
                raise _unavailable(error) from error
        except PoolTimeout as error:
            raise Unavailable("The database is busy.", code="database") from error
        time.sleep(PAUSE * attempt * random.uniform(0.5, 1.5))  # noqa: S311 (jitter)
    raise AssertionError("unreachable")


def _code(error: OperationalError) -> int | None:
    """MySQL's error number; SQLite has none."""
    first = error.orig.args[0] if error.orig and error.orig.args else None
    return first if isinstance(first, int) else None


def _unavailable(error: OperationalError) -> Unavailable:
    if _code(error) in FULL or (_code(error) is None and _SQLITE_FULL in str(error.orig)):
        return Unavailable("There is no room left to store this.", "storage_full", retry_after=300)
    return Unavailable("The database does not answer. Try again in a moment.", "database")
