"""PDF: a designed report on letter paper, drawn here alone: nothing in it runs or is fetched."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from app.settings import ROOT

from . import cells
from .base import MOMENT, NUMBER, Column, Curve, Document, Format, Table

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = ROOT / "static" / "fonts" / "ibm-plex-sans-latin-wght-normal.woff2"
UNDRAWN = {"Ω": "ohm", "\u202f": "\u00a0", "\u2007": "\u00a0"}
"""What the font has no glyph for."""
INK, SOFT, LINE, BLUE, BAND = (14, 27, 43), (90, 104, 120), (214, 221, 229), (20, 80, 192), (
    208, 222, 246,
)  # fmt: skip
LEFT, WIDE = 16, 184
"""Millimetres on a page 216 wide."""
CHART_HIGH = 34
ROWS = 400
"""Rows of a table on paper; the other formats have all of them."""
CUT = (
    "Les {n} premières lignes; Excel et CSV les ont toutes.",
    "The first {n} rows; Excel and CSV have all of them.",
)
NOTHING = ("Aucune mesure dans cette période.", "No reading in this period.")


def write(document: Document, file: BinaryIO) -> None:
    """Head, facts, curves, and the summary (else the main table)."""
    pdf = _paper(document)
    _head(pdf, document)
    _facts(pdf, document.facts)
    for curve in document.curves:
        _curve(pdf, curve, document)
    _table(pdf, document.summary or document.table, document)
    file.write(pdf.output())


def _paper(document: Document) -> "FPDF":
    from fpdf import FPDF

    class Paper(FPDF):
        """A page with its foot."""

        def footer(self) -> None:
            self.set_y(-14)
            self.set_font("plex", size=8)
            self.set_text_color(*SOFT)
            made = cells.moment(document.made_at, document.zone).strftime("%Y-%m-%d %H:%M")
            foot = f"TrackingBMS, EDS Québec · {made} · {document.zone.key}"
            self.cell(WIDE - 30, text=_drawn(foot))
            self.cell(30, text=f"{self.page_no()} / {{nb}}", align="R")

    pdf = Paper(format="letter")
    pdf.set_margins(LEFT, 16)
    pdf.set_auto_page_break(True, 20)
    pdf.add_font("plex", "", FONT)
    pdf.add_font("plex", "B", FONT, variations={"wght": 650})
    pdf.set_title(document.title)
    pdf.set_author("EDS Québec")
    pdf.set_lang("fr-CA" if document.locale.startswith("fr") else "en-CA")
    pdf.add_page()
    return pdf


def _head(pdf: "FPDF", document: Document) -> None:
    pdf.set_fill_color(*BLUE)
    pdf.rect(LEFT, 16, WIDE, 1.2, style="F")
    pdf.set_y(20)
    _say(pdf, document.owner, 9, SOFT)
    _say(pdf, document.title, 18, INK, bold=True)
    if document.end:
        first, last = (_day(ts, document) for ts in (document.start, document.end - 1))
        between = ("{} au {}", "{} to {}")[_english(document)]
        _say(pdf, between.format(first, last), 10, SOFT)
    pdf.ln(3)


def _facts(pdf: "FPDF", facts: Sequence[tuple[str, str]]) -> None:
    """Four to a line, the value large under its name."""
    width = WIDE / 4
    for at in range(0, len(facts), 4):
        top = pdf.get_y()
        for place, (name, text) in enumerate(facts[at : at + 4]):
            pdf.set_xy(LEFT + place * width, top)
            _say(pdf, name, 8, SOFT, width=width)
            pdf.set_x(LEFT + place * width)
            _say(pdf, text, 12, INK, bold=True, width=width)
        pdf.set_y(top + 14)


def _curve(pdf: "FPDF", curve: Curve, document: Document) -> None:
    """Mean as a line, lowest to highest as a band, gaps as gaps."""
    if pdf.get_y() + CHART_HIGH + 14 > pdf.h - 20:
        pdf.add_page()
    _say(pdf, f"{curve.title} ({curve.unit})" if curve.unit else curve.title, 10, INK, bold=True)
    known = [row for row in curve.rows if row[2] is not None]
    if not known:
        _say(pdf, NOTHING[_english(document)], 9, SOFT)
        return
    low, high = min(row[1] for row in known), max(row[3] for row in known)
    if high - low < 10**-curve.digits:
        low, high = low - 1, high + 1
    top, left, wide = pdf.get_y() + 1, LEFT + 16, WIDE - 16
    _grid(pdf, curve, (low, high), (left, top, wide), document)

    def at(ts: float, value: float) -> tuple[float, float]:
        across = (ts - document.start) / max(document.end - document.start, 1)
        return (
            left + wide * min(max(across, 0), 1),
            top + CHART_HIGH * (1 - (value - low) / (high - low)),
        )

    for run in _runs(curve.rows):
        over = [at(row[0], row[3]) for row in run] + [at(row[0], row[1]) for row in reversed(run)]
        if len(run) > 1:
            pdf.set_fill_color(*BAND)
            pdf.polygon(over, style="F")
        pdf.set_draw_color(*BLUE)
        pdf.set_line_width(0.35)
        means = [at(row[0], row[2]) for row in run]
        pdf.polyline(means if len(means) > 1 else [means[0], (means[0][0] + 0.4, means[0][1])])
    pdf.set_y(top + CHART_HIGH + 8)


def _grid(
    pdf: "FPDF",
    curve: Curve,
    ends: tuple[float, float],
    box: tuple[float, float, float],
    document: Document,
) -> None:
    (low, high), (left, top, wide) = ends, box
    pdf.set_font("plex", size=7)
    pdf.set_text_color(*SOFT)
    pdf.set_draw_color(*LINE)
    pdf.set_line_width(0.15)
    for part in (0, 0.5, 1):
        y = top + CHART_HIGH * (1 - part)
        pdf.line(left, y, left + wide, y)
        pdf.set_xy(LEFT, y - 1.5)
        value = low + part * (high - low)
        pdf.cell(15, 3, _drawn(cells.spoken(value, curve.digits, document.locale)), align="R")
    day = document.end - document.start > 2 * 86_400_000
    for part, align in ((0, "L"), (0.5, "C"), (1, "R")):
        moment = cells.moment(
            document.start + part * (document.end - document.start), document.zone
        )
        pdf.set_xy(left + wide * part - {"L": 0, "C": 15, "R": 30}[align], top + CHART_HIGH + 1)
        pdf.cell(30, 3, moment.strftime("%Y-%m-%d" if day else "%Y-%m-%d %H:%M"), align=align)


def _runs(rows: Sequence[Sequence[float | None]]) -> list[list[Sequence[float]]]:
    """The stretches between gaps."""
    runs: list[list] = [[]]
    for row in rows:
        if row[2] is None:
            runs.append([])
        else:
            runs[-1].append(row)
    return [run for run in runs if run]


def _table(pdf: "FPDF", table: Table, document: Document) -> None:
    from fpdf.fonts import FontFace

    if pdf.get_y() > pdf.h - 50:
        pdf.add_page()
    rows = list(islice(table.rows, ROWS + 1))
    _say(pdf, table.title, 12, INK, bold=True)
    pdf.ln(1)
    pdf.set_font("plex", size=8)
    pdf.set_text_color(*INK)
    pdf.set_draw_color(*LINE)
    pdf.set_fill_color(255, 255, 255)
    align = ["RIGHT" if column.kind == NUMBER else "LEFT" for column in table.columns]
    head = FontFace(emphasis="BOLD", color=SOFT)
    with pdf.table(
        text_align=align, headings_style=head, borders_layout="HORIZONTAL_LINES", line_height=4.6
    ) as grid:
        grid.row([_drawn(column.head) for column in table.columns])
        for row in rows[:ROWS]:
            pairs = zip(row, table.columns, strict=True)
            grid.row([_drawn(_cell(value, column, document)) for value, column in pairs])
    if len(rows) > ROWS:
        pdf.ln(2)
        _say(pdf, CUT[_english(document)].format(n=ROWS), 8, SOFT)


def _cell(value: Any, column: Column, document: Document) -> str:
    if value is None:
        return "–"
    if column.kind == NUMBER:
        return cells.spoken(value, column.digits, document.locale)
    if column.kind == MOMENT:
        return cells.moment(value, document.zone).strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def _say(
    pdf: "FPDF",
    text: str,
    size: float,
    color: tuple[int, int, int],
    *,
    bold: bool = False,
    width: float = WIDE,
) -> None:
    pdf.set_font("plex", "B" if bold else "", size)
    pdf.set_text_color(*color)
    pdf.multi_cell(width, size * 0.5, _drawn(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _drawn(text: str) -> str:
    for sign, instead in UNDRAWN.items():
        text = text.replace(sign, instead)
    return "".join(each for each in text if each.isprintable() or each == "\u00a0")


def _day(ts: int, document: Document) -> str:
    return cells.moment(ts, document.zone).strftime("%Y-%m-%d")


def _english(document: Document) -> bool:
    return not document.locale.startswith("fr")


FORMAT = Format("pdf", "application/pdf", write)
