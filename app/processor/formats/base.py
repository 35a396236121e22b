"""What every format is given: a document of facts, curves and tables, in its reader's language."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO
from zoneinfo import ZoneInfo

TEXT, NUMBER, MOMENT = "text", "number", "moment"
"""Kinds of column. A moment is epoch milliseconds, written in the document's time zone."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `digits` are the decimals a reader sees, not those that are kept."""

    label: str
    kind: str = TEXT
    unit: str = ""
    digits: int = 0

    @property
    def head(self) -> str:
        """Its label with the unit, so that numbers need none."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; the rows of a long one are made while they are written."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity over time, in rows as `series` gives them: time, lowest, mean, highest."""

    title: str
    unit: str
    digits: int
    rows: Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything a file says. `summary` is short and for people; `table` has every row.

    `start` and `end`, epoch ms, are 0 in a document of this very moment; `made_at` is when.
    """

    title: str
    owner: str
    locale: str
    zone: ZoneInfo
    made_at: int
    table: Table
    start: int = 0
    end: int = 0
    facts: Sequence[tuple[str, str]] = ()
    curves: Sequence[Curve] = ()
    summary: Table | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its code is its file's suffix, too. `write` fills a file opened for bytes."""

    code: str
    mime: str
    write: Callable[[Document, BinaryIO], None]
