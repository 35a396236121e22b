"""CSV: the main table alone, written row by row; no cell of it can be a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import BinaryIO
from zoneinfo import ZoneInfo

from . import cells
from .base import MOMENT, NUMBER, Column, Document, Format

MARK = b"\xef\xbb\xbf"
"""Without it spreadsheets read accents wrongly."""


def write(document: Document, file: BinaryIO) -> None:
    """Head and rows. In French as spreadsheets here expect it: semicolons, decimal commas."""
    table = document.table
    file.write(head(table.columns, document.locale))
    for row in table.rows:
        file.write(line(row, table.columns, document.locale, document.zone))


def head(columns: Sequence[Column], locale: str) -> bytes:
    """The first line of a file."""
    return MARK + _joined([cells.inert(column.head) for column in columns], locale)


def line(row: Sequence[object], columns: Sequence[Column], locale: str, zone: ZoneInfo) -> bytes:
    """One row."""
    pairs = zip(row, columns, strict=True)
    return _joined([_cell(value, column, locale, zone) for value, column in pairs], locale)


def _cell(value: object, column: Column, locale: str, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if column.kind == MOMENT:
        return cells.stamp(value, zone)
    return cells.number(value, locale) if column.kind == NUMBER else cells.inert(value)


def _joined(texts: Iterable[str], locale: str) -> bytes:
    file = io.StringIO()
    separator = ";" if locale.startswith("fr") else ","
    csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(
        texts
    )
    return file.getvalue().encode()


FORMAT = Format("csv", "text/csv; charset=utf-8", write)
