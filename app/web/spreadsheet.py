"""CSV that spreadsheets open as text: no cell of it can be a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from app.processor.formats.cells import inert, number


def cell(value: object, locale: str = "en") -> str:
    """A value as a cell: numbers as they are, texts that could be formulas behind an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value, locale)
    return inert(value)


def document(header: Sequence[str], rows: Iterable[Sequence[object]], locale: str = "en") -> str:
    """A CSV file: every field quoted, CRLF, a byte order mark so that accents survive.

    In French as spreadsheets here expect it: semicolons, and commas in numbers.
    """
    file = io.StringIO()
    separator = ";" if locale == "fr" else ","
    writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([cell(value, locale) for value in row] for row in rows)
    return "\ufeff" + file.getvalue()
