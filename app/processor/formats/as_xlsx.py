"""Excel: typed cells, units in the heads; texts stay texts and addresses stay dead."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from . import cells
from .base import MOMENT, NUMBER, Column, Document, Format, Table

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS = 1_048_575
"""Of one sheet, below its head."""
DEAD = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
WIDTHS = {MOMENT: 20, NUMBER: 14}
TEXT_WIDTH = 26
FACTS = ("En bref", "In short")


def write(document: Document, file: BinaryIO) -> None:
    """A sheet of facts, one for the summary if there is any, and the main table."""
    import xlsxwriter

    with xlsxwriter.Workbook(file, {**DEAD, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        styles = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
            MOMENT: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        _facts(book, styles, document)
        if document.summary:
            _table(book, styles, document, document.summary)
        _table(book, styles, document, document.table)


def _facts(book: Any, styles: Mapping[str, Any], document: Document) -> None:
    sheet = book.add_worksheet(FACTS[not document.locale.startswith("fr")])
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 40)
    sheet.write_string(0, 0, document.title, styles["title"])
    sheet.write_string(1, 0, document.owner)
    for at, (name, text) in enumerate(document.facts, start=3):
        sheet.write_string(at, 0, name)
        sheet.write_string(at, 1, text)


def _table(book: Any, styles: dict[str, Any], document: Document, table: Table) -> None:
    sheet = book.add_worksheet(table.title[:31])
    formats = [_style(book, styles, column) for column in table.columns]
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, WIDTHS.get(column.kind, TEXT_WIDTH))
        head = column.head
        if column.kind == MOMENT:
            head = f"{head} ({document.zone.key})"
        sheet.write_string(0, at, head, styles["head"])
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(table.rows, start=1):
        if number > ROWS:
            break
        _row(sheet, number, row, table.columns, formats, document)
    sheet.autofilter(0, 0, 0, len(table.columns) - 1)


def _row(
    sheet: Any,
    number: int,
    row: Sequence[object],
    columns: Sequence[Column],
    formats: Sequence[Any],
    document: Document,
) -> None:
    for at, (value, column) in enumerate(zip(row, columns, strict=True)):
        if value is None:
            continue
        if column.kind == NUMBER:
            sheet.write_number(number, at, value, formats[at])
        elif column.kind == MOMENT:
            local = cells.moment(value, document.zone).replace(tzinfo=None)
            sheet.write_datetime(number, at, local, formats[at])
        else:
            sheet.write_string(number, at, cells.inert(value))


def _style(book: Any, styles: dict[str, Any], column: Column) -> Any:
    """The format of a column's cells; each is made once for a book."""
    if column.kind == MOMENT:
        return styles[MOMENT]
    if column.kind != NUMBER:
        return None
    shape = "#,##0" + ("." + "0" * column.digits if column.digits else "")
    if shape not in styles:
        styles[shape] = book.add_format({"num_format": shape})
    return styles[shape]


FORMAT = Format("xlsx", MIME, write)
