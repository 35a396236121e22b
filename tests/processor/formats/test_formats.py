"""Files are opened by the programs that people open them with: typed, inert, complete."""

import csv
import io
from dataclasses import replace
from zoneinfo import ZoneInfo

import openpyxl
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plugins import load_plugins
from app.processor.formats import cells
from app.processor.formats.base import MOMENT, NUMBER, Column, Curve, Document, Table

FORMATS = load_plugins("app.processor.formats", "FORMAT")
NOON = 1_780_329_600_000
ATTACKS = ("=1+1", "+1", "-2+3|cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =HYPERLINK(1)", "\0=1")
COLUMNS = (
    Column("Heure", MOMENT),
    Column("Batterie"),
    Column("Tension", NUMBER, "V", 2),
)


def document(rows, **changes):
    made = Document(
        title="Batterie 1",
        owner="Groupe Laurentia",
        locale="fr",
        zone=ZoneInfo("America/Toronto"),
        made_at=NOON,
        start=NOON,
        end=NOON + 3_600_000,
        facts=[("Énergie rendue", "12,5 kWh")],
        table=Table("Mesures", COLUMNS, rows),
    )
    return replace(made, **changes)


def written(code, made):
    file = io.BytesIO()
    FORMATS[code].write(made, file)
    return file.getvalue()


def test_the_three_formats_are_there():
    assert set(FORMATS) == {"csv", "xlsx", "pdf"}


@pytest.mark.parametrize(
    ("locale", "separator", "volts"), [("fr", ";", "52,8"), ("en", ",", "52.8")]
)
def test_csv_is_what_spreadsheets_of_that_language_expect(locale, separator, volts):
    data = written("csv", document([[NOON, "É1", 52.8], [NOON + 500, "É1", None]], locale=locale))
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator))
    assert rows == [
        ["Heure", "Batterie", "Tension (V)"],
        ["2026-06-01T12:00:00-04:00", "É1", volts],
        ["2026-06-01T12:00:00.500-04:00", "É1", ""],
    ]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_is_a_formula(attack):
    made = document([[NOON, attack, -1.5]])
    (row,) = list(csv.reader(io.StringIO(written("csv", made).decode("utf-8-sig")), delimiter=";"))[
        1:
    ]
    assert row[1].startswith("'")
    assert row[2] == "-1,5", "numbers stay numbers"
    book = openpyxl.load_workbook(io.BytesIO(written("xlsx", made)))
    cell = book["Mesures"].cell(2, 2)
    assert cell.data_type == "s"
    assert not str(cell.value).startswith("=")


@given(st.text(max_size=40))
def test_what_is_inert_begins_with_nothing_active(text):
    assert not cells.inert(text).lstrip().startswith(cells.ACTIVE)


def test_excel_has_types_and_units():
    made = document(
        [[NOON, "Batterie 1", 52.805]], summary=Table("Jour par jour", COLUMNS[1:], [["a", 1]])
    )
    book = openpyxl.load_workbook(io.BytesIO(written("xlsx", made)))
    assert book.sheetnames == ["En bref", "Jour par jour", "Mesures"]
    sheet = book["Mesures"]
    assert [cell.value for cell in sheet[1]] == [
        "Heure (America/Toronto)",
        "Batterie",
        "Tension (V)",
    ]
    when, name, volts = (cell.value for cell in sheet[2])
    assert (when.isoformat(), name, volts) == ("2026-06-01T12:00:00", "Batterie 1", 52.805)
    assert sheet.cell(2, 3).number_format == "#,##0.00"
    assert sheet.freeze_panes == "A2"
    assert all(cell.hyperlink is None for cell in sheet[2])


def test_pdf_says_the_same_and_does_nothing():
    curve = Curve(
        "Tension",
        "V",
        1,
        [[NOON, 52, 52.5, 53], [NOON + 60_000, None, None, None], [NOON + 120_000, 51, 52, 53]],
    )
    data = written("pdf", document([[NOON, "<b>Été</b>\u202e Ω", -52.806]], curves=[curve]))
    reader = pypdf.PdfReader(io.BytesIO(data))
    text = reader.pages[0].extract_text().replace("\xa0", " ")
    for said in (
        "Groupe Laurentia",
        "Batterie 1",
        "12,5 kWh",
        "Tension (V)",
        "−52,81",
        "<b>Été</b> ohm",
    ):
        assert said in text
    for active in (b"/JavaScript", b"/Launch", b"/URI", b"/OpenAction /S", b"/EmbeddedFile"):
        assert active not in data


def test_a_long_table_is_cut_on_paper_alone():
    rows = [[NOON + n * 1000, f"B{n}", float(n)] for n in range(1000)]
    assert written("csv", document(iter(rows))).count(b"\r\n") == 1001
    text = (
        pypdf.PdfReader(io.BytesIO(written("pdf", document(iter(rows))))).pages[-1].extract_text()
    )
    assert "400 premières lignes" in text.replace("\xa0", " ")
