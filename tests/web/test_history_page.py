"""Charts of the past: gaps are gaps, files hold the same numbers, and no script is needed."""

import csv
import io
import json
import re

import pytest

from app.database.base import now_ms
from app.processor.alerts.models import Alert
from tests.past import DAY, HOUR, fill

pytestmark = pytest.mark.sqlite_only
MINUTE = 60_000
NB = "\u00a0"
PAGE = "/batteries/1/historique"


@pytest.fixture
def past(house):
    """A day and a half of minutes, with three hours missing six hours ago."""
    now = now_ms() // MINUTE * MINUTE
    fill(house, 1, now - 36 * HOUR, now - 9 * HOUR, MINUTE, 1)
    fill(house, 1, now - 6 * HOUR, now, MINUTE, 2)
    return now


def words(text: str) -> dict:
    return json.loads(re.search(r'id="words">(.*?)</script>', text, re.DOTALL)[1])


def test_every_chart_is_a_drawing_and_a_sentence(client_of, past):
    text = client_of("alice").get(PAGE).text
    assert text.count('class="plot"') == 4  # charge, power, cells, temperature
    sentence = re.search(r"data-sentence>(État de charge\u00a0: [^<]+)<", text)[1]
    assert re.match(
        rf"État de charge{NB}: de \d\d{NB}% à \d\d{NB}%, en moyenne \d\d{NB}%", sentence
    )
    assert re.search(rf"Aucune donnée pendant (2{NB}h{NB}5\d|3{NB}h{NB}\d\d)\.", sentence)
    assert 'class="gap"' in text
    assert f"Un point vaut 10{NB}min" in text


def test_a_line_is_broken_where_nothing_was_measured(client_of, past):
    text = client_of("alice").get(f"{PAGE}?periode=24h&mesures=soc").text
    line = re.search(r'class="cu q-soc dash-1" d="([^"]+)"', text)[1]
    assert line.count("M") == 2


def test_a_period_between_two_moments_is_in_the_time_of_the_site(client_of, past):
    text = client_of("alice").get(f"{PAGE}?de=2026-01-10T00:00&a=2026-01-11T00:00").text
    chart = words(text)["chart"]
    assert chart["zone"] == "America/Toronto"
    assert chart["from"] == 1_768_021_200_000  # 05:00 UTC
    assert chart["to"] - chart["from"] == DAY
    assert "Aucune donnée dans cette période" in text
    assert "Voir la dernière journée qui a des données" in text


@pytest.mark.parametrize(
    "query",
    [
        "?de=hier&a=demain",
        "?de=2026-02-02T00:00&a=2026-01-01T00:00",
        "?periode=9z",
        "?de=0001-01-01T00:00&a=9999-12-31T23:59",
        "?a=2026-01-01",
    ],
)
def test_a_period_that_is_none_is_said_to_be_so(client_of, past, query):
    answer = client_of("alice").get(PAGE + query)
    assert answer.status_code == 200
    assert "Cette période n’est pas possible" in answer.text
    assert 'class="plot"' in answer.text


def test_what_is_not_measured_is_not_offered_and_asking_for_it_draws_the_usual(client_of, past):
    text = client_of("alice").get(f"{PAGE}?mesures=soh&mesures=%3Cb%3E").text
    assert 'value="soh"' not in text
    assert "&lt;b&gt;" not in text
    assert text.count('class="plot"') == 4


def test_a_single_cell_has_its_own_chart(client_of, past):
    text = client_of("alice").get(f"{PAGE}?mesures=cell_voltage.3").text
    assert re.search(rf"nº{NB}4{NB}: de 3,2\d\d", text)


def test_batteries_are_compared_by_each_ones_own_line(client_of, house, past):
    fill(house, 2, past - 12 * HOUR, past, 10 * MINUTE)
    text = client_of("alice").get(f"{PAGE}?mesures=soc&avec=2").text
    assert 'class="cu cat-2 dash-2"' in text
    assert [each["id"] for each in words(text)["chart"]["batteries"]] == [1, 2]


def test_batteries_one_may_not_see_are_not_compared(client_of, past):
    assert client_of("bob").get(f"{PAGE}?avec=3").status_code == 404
    assert client_of("mallory").get("/batteries/4/historique").status_code == 404


def test_alerts_are_drawn_over_the_curves(client_of, house, past):
    with house.tenant(writes=True) as session:
        session.add(
            Alert(
                asset_id=1, rule="cell_spread", kind="spread", severity="critical",
                began_at=past - 4 * HOUR, fired_at=past - 4 * HOUR, resolved_at=past - 3 * HOUR,
                state="resolved", value=0.084, limit=0.06,
            )
        )  # fmt: skip
        session.commit()
    text = client_of("alice").get(PAGE).text
    assert 'class="ev ev--crit"' in text
    assert 'class="evn evn--crit">1<' in text


def test_a_battery_never_heard_of_has_an_empty_page(client_of):
    text = client_of("alice").get("/batteries/3/historique").text
    assert "Les courbes apparaîtront ici" in text
    assert 'data-view="history"' not in text


def test_the_table_holds_every_point_of_the_drawing(client_of, past):
    text = client_of("alice").get(f"{PAGE}?periode=1h&mesures=soc&tableau=soc").text
    assert len(re.findall(r"<tr>\s*<th scope=\"row\">", text)) in (59, 60)
    assert "Chaque mesure est tracée" in text


def test_the_file_holds_what_was_measured(client_of, past):
    answer = client_of("alice").get("/batteries/1/historique.csv?periode=1h&mesures=soc")
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=EDS-LFP-0001-{answer.headers['Content-Disposition'][-14:]}"
    )
    assert answer.data.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(answer.text[1:]), delimiter=";"))
    assert rows[0][:2] == ["Heure", "État de charge (%), minimum"]
    assert len(rows) in (60, 61)
    assert re.fullmatch(r"\d\d(,\d+)?", rows[1][2])
    assert rows[1][0].endswith(("-04:00", "-05:00"))
