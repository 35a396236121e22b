"""The calendar says what daily records say, in the days of the site; cells are told apart."""

import re
from datetime import UTC, datetime

import pytest

from app.database.base import now_ms
from tests.past import DAY, HOUR, compile_days, fill

pytestmark = pytest.mark.sqlite_only
NB = "\u00a0"
MINUTE = 60_000


@pytest.fixture
def compiled(house):
    """Five whole days of ten-minute readings, compiled; they end at a midnight of UTC."""
    end = now_ms() // DAY * DAY
    fill(house, 1, end - 5 * DAY, end, 10 * MINUTE, cells=16)
    compile_days(house, end + 12 * HOUR)
    return end


def test_a_month_is_a_calendar_of_its_days(client_of, compiled):
    text = client_of("alice").get("/batteries/1/jours?mesure=disponibilite").text
    assert text.count("<caption>") == 3
    assert f"100,0{NB}%" in text
    day = datetime.fromtimestamp((compiled - 2 * DAY) / 1000, UTC).date()
    assert f"de={day}T00:00&amp;a={day}T23:59" in text
    assert re.search(r"de [\d,]+\u00a0% à 100,0\u00a0%, sur [1-6] jours avec des données", text)


def test_energy_adds_up_to_a_month(client_of, compiled):
    text = client_of("alice").get("/batteries/1/jours").text
    assert re.search(r"[\d,]+\u00a0kWh au total, sur \d jours", text)
    assert 'class="day day--5"' in text


@pytest.mark.parametrize("query", ["?mois=x", "?mois=2026-13", "?mois=9999-01", "?mesure=zz"])
def test_what_cannot_be_is_answered_by_what_can(client_of, compiled, query):
    assert client_of("alice").get(f"/batteries/1/jours{query}").status_code == 200


def test_a_month_before_everything_is_empty(client_of, compiled):
    text = client_of("alice").get("/batteries/1/jours?mois=2020-02").text
    assert "Aucune journée compilée" in text
    assert "mois=2020-05" in text


def test_the_cell_that_stays_behind_is_named(client_of, compiled):
    text = client_of("alice").get("/batteries/1/cellules?periode=7j").text
    assert re.search(
        rf"Sur 16 cellules, C16 s’est écartée le plus de la médiane{NB}: −20{NB}mV", text
    )
    assert text.count('class="heat"') == 16
    assert 'class="h--n1"' in text  # 20 of 50 mV either side
    assert "mesures=cell_voltage.15" in text


def test_cells_in_order_of_their_deviation(client_of, compiled):
    text = client_of("alice").get("/batteries/1/cellules?periode=7j&tri=ecart").text
    assert re.search(r'scope="row">\s*<a [^>]+>(C\d+)<', text)[1] == "C16"


def test_a_bms_without_cells_says_so(client_of, report):
    report(2, soc=50, pack_voltage=52.0)
    text = client_of("alice").get("/batteries/2/cellules").text
    assert "Ce BMS ne donne pas la tension de chaque cellule." in text
    assert "Voir le pack entier" in text


def test_batteries_of_others_are_not_found(client_of, compiled):
    for page in ("jours", "cellules"):
        assert client_of("mallory").get(f"/batteries/4/{page}").status_code == 404
        assert client_of("bob").get(f"/batteries/3/{page}").status_code == 404
