"""Files asked for are made with the numbers of charts, within what their person may see."""

import csv
import hashlib
import io

import openpyxl
import pypdf
import pytest
from sqlalchemy import select

from app.core.access import EVERY_ASSET
from app.core.models import User
from app.database.base import now_ms
from app.errors import Conflict, Invalid, NotFound, TooMany
from app.processor import history, live
from app.processor.exports import asking, making
from app.processor.exports.contents import MEASURES, POINTS
from app.processor.exports.models import DONE, EXPIRED, FAILED, WAITING, Export
from collector.wire.block import from_readings
from collector.wire.reading import Reading
from cron.exports import JOB
from cron.run import Outcome, run

HOUR = 3_600_000
NOON = 1_780_329_600_000
ALICE, BOB = 1, 2


@pytest.fixture
def readings(house):
    """Three hours of battery 1, a reading each two seconds, with half an hour missing."""
    with house.tenant(writes=True) as session:
        for seq in range(180):
            if 60 <= seq < 90:
                continue
            start = NOON + seq * 60_000
            block = [
                Reading(
                    "EDS-LFP-0001",
                    start + step * 2000,
                    {"soc": 90 - seq / 10, "pack_voltage": 52.5 + step / 100, "current": -3.2},
                )
                for step in range(30)
            ]
            history.append(session, 1, 1, from_readings(block, seq))
            live.apply(session, 1, block[-1], start, 1)
        session.commit()
    return NOON, NOON + 3 * HOUR


@pytest.fixture
def ask(house):
    def send(user=ALICE, scope=EVERY_ASSET, **asked):
        with house.tenant(scope=scope, writes=True) as session:
            row = asking.ask(session, user, **asked)
            session.commit()
            return row.id

    return send


@pytest.fixture
def made(house):
    """`made(id)`: the row and the bytes of a file, once the job has run."""

    def read(export_id):
        with house.tenant() as session:
            row = session.get_one(Export, export_id)
        if row.state != DONE:
            return row, b""
        return row, asking.file_of(house.settings, 1, row).read_bytes()

    return read


def rows_of(data, separator=";"):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator))


def test_a_table_says_what_a_chart_draws(house, readings, ask, made):
    start, end = readings
    number = ask(file_format="csv", subject="battery", target_id=1, start=start, end=end)
    assert run(JOB, house.engines) is Outcome.OK
    row, data = made(number)
    assert (row.state, row.progress) == (DONE, 100)
    assert (row.size, row.digest) == (len(data), hashlib.sha256(data).hexdigest())
    assert row.name == "trackingbms-eds-lfp-0001-2026-06-01-2026-06-01.csv"
    assert row.expires_at - row.finished_at == making.KEPT_MS
    with house.tenant() as session:
        found = history.series(session, 1, MEASURES, start, end, POINTS).metrics
    lines = rows_of(data)
    assert lines[0][:4] == [
        "Heure",
        "État de charge, minimum (%)",
        "État de charge, moyenne (%)",
        "État de charge, maximum (%)",
    ]
    told = [float(line[2].replace(",", ".")) for line in lines[1:]]
    assert told == [each[2] for each in found["soc"] if each[2] is not None]


def test_every_reading_comes_when_asked_for(house, readings, ask, made):
    start, end = readings
    number = ask(
        file_format="csv",
        subject="site",
        target_id=1,
        start=start,
        end=end,
        whole=True,
        locale="en",
    )
    assert run(JOB, house.engines) is Outcome.OK
    lines = rows_of(made(number)[1], ",")
    assert lines[0][:3] == ["Time", "Battery", "State of charge (%)"]
    assert len(lines) == 1 + 150 * 30
    assert lines[1][:4] == ["2026-06-01T12:00:00-04:00", "Batterie 1", "90.0", "52.5"]
    times = [line[0] for line in lines[1:]]
    assert times == sorted(set(times))


def test_a_file_too_long_for_one_run_grows_and_is_the_same(house, readings, ask, made):
    start, end = readings
    asked = {"file_format": "csv", "subject": "site", "target_id": 1, "start": start, "end": end}
    at_once, in_parts = ask(**asked, whole=True), ask(**asked, whole=True)
    making.make(house.engines, house.refs["laurentia"], at_once)
    seen = []
    while making.make(house.engines, house.refs["laurentia"], in_parts, lambda: False) == WAITING:
        row, _ = made(in_parts)
        seen.append(row.progress)
        part = asking.path_of(house.settings, 1, row).with_suffix(".part")
        with part.open("ab") as file:
            file.write(b"what a killed run wrote after its note")
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] < 100
    assert made(in_parts)[1] == made(at_once)[1]


def test_excel_and_pdf_open(house, readings, ask, made):
    start, end = readings
    numbers = [
        ask(file_format=code, subject=subject, target_id=1, start=start, end=end, locale=locale)
        for code, subject, locale in (("xlsx", "battery", "fr"), ("pdf", "site", "en"))
    ]
    assert run(JOB, house.engines) is Outcome.OK
    book = openpyxl.load_workbook(io.BytesIO(made(numbers[0])[1]))
    volts = [row[4].value for row in book["Mesures"].iter_rows(min_row=2)]
    assert min(volts) >= 52.5
    pages = pypdf.PdfReader(io.BytesIO(made(numbers[1])[1])).pages
    text = "".join(page.extract_text() for page in pages).replace("\xa0", " ")
    assert "Entrepôt Saint-Laurent" in text
    assert "Availability" in text
    assert "Batterie 1 · State of charge" in text


def test_a_list_holds_what_its_person_may_see(house, readings, ask, made):
    mine = ask(user=BOB, scope=house.scope("bob"), file_format="csv", subject="list", locale="fr")
    run(JOB, house.engines)
    lines = rows_of(made(mine)[1])
    assert [line[0] for line in lines[1:]] == ["Batterie 1", "Batterie 2"]
    assert lines[1][6] == "72,1"


def test_what_is_out_of_sight_is_not_found(house, ask):
    asked = {"file_format": "csv", "start": NOON, "end": NOON + HOUR}
    with pytest.raises(NotFound):
        ask(user=BOB, scope=house.scope("bob"), subject="battery", target_id=3, **asked)
    with pytest.raises(NotFound):
        ask(user=BOB, scope=house.scope("bob"), subject="site", target_id=2, **asked)
    number = ask(user=BOB, subject="battery", target_id=3, **asked)  # withdrawn since
    run(JOB, house.engines)
    with house.tenant() as session:
        assert session.get_one(Export, number).state == FAILED
        with pytest.raises(NotFound):
            asking.one(session, ALICE, number)


def test_whoever_has_no_account_any_more_gets_nothing(house, ask):
    number = ask(user=BOB, file_format="csv", subject="list")
    with house.core() as core:
        core.get_one(User, BOB).status = "disabled"
        core.commit()
    run(JOB, house.engines)
    with house.tenant() as session:
        assert session.get_one(Export, number).problem.startswith("Whoever asked")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"file_format": "exe"}, "format"),
        ({"subject": "everything"}, "subject"),
        ({"end": NOON}, "start"),
        ({"start": 0}, "start"),
        ({"whole": True, "file_format": "pdf"}, "whole"),
    ],
)
@pytest.mark.sqlite_only
def test_what_is_not_possible_is_refused_beside_its_field(ask, asked, field):
    usual = {"file_format": "csv", "subject": "battery", "start": NOON, "end": NOON + HOUR}
    with pytest.raises(Invalid) as refused:
        ask(target_id=1, **usual | asked)
    assert list(refused.value.fields) == [field]


@pytest.mark.sqlite_only
def test_nobody_fills_the_queue(ask):
    for _ in range(asking.MOST_WAITING):
        ask(file_format="csv", subject="list")
    with pytest.raises(TooMany):
        ask(file_format="csv", subject="list")
    ask(user=BOB, file_format="csv", subject="list")


def test_files_expire_and_can_be_made_again(house, ask, made):
    number = ask(file_format="csv", subject="list")
    run(JOB, house.engines)
    row, _ = made(number)
    path = asking.file_of(house.settings, 1, row)
    assert making.forget(house.engines, house.refs["laurentia"], now_ms() + making.KEPT_MS) == 1
    assert not path.exists()
    with house.tenant(writes=True) as session:
        row = session.scalars(select(Export)).one()
        assert (row.state, row.size) == (EXPIRED, None)
        with pytest.raises(Conflict):
            asking.file_of(house.settings, 1, row)
        asking.again(session, row)
        session.commit()
    run(JOB, house.engines)
    assert made(number)[0].state == DONE
