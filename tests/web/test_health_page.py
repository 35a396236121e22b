"""Findings in words with their intervals; refusals say why; nothing is said that was not found."""

import pytest

from app.database.base import now_ms
from app.processor.analytics.base import Finding, Quantity, Refused
from app.processor.analytics.models import AnalyticResult
from app.processor.analytics.nightly import to_json

pytestmark = pytest.mark.sqlite_only
DAY = 86_400_000


@pytest.fixture
def conclude(house):
    """Keep an answer of a computation, as the night does."""

    def keep(code: str, answer) -> None:
        now = now_ms()
        with house.tenant(writes=True) as session:
            session.add(
                AnalyticResult(
                    asset_id=1, code=code, since=now - DAY, until=now, version=1,
                    first=now - 90 * DAY, samples=129_600, quality=97.0,
                    level=answer.level if isinstance(answer, Finding) else "",
                    result=to_json(answer),
                )
            )  # fmt: skip
            session.commit()

    return keep


def page(client_of) -> str:
    return client_of("alice").get("/batteries/1/sante").text


def test_a_capacity_comes_with_its_interval_and_its_ledger(client_of, conclude):
    values = {
        "capacity": Quantity(94.1, "Ah", 1, 92.0, 96.2),
        "soh": Quantity(94.1, "%", 1, 92.0, 96.2),
        "count": Quantity(2, "", 0),
    }
    line = {"end": "full", "sigma": 1.0, "hours": 5.0, "temperature": 21.5}
    rows = [
        {"day": 1_768_021_200_000, "ah": 93.9, "why": "", **line},
        {"day": 1_768_107_600_000, "ah": 88.0, "why": "gaps", **line},
    ]
    conclude("capacity", Finding(level="good", text="measured", values=values, rows=rows))
    text = page(client_of)
    assert "Capacité mesurée" in text
    assert "Rien à faire" in text
    assert "92,0 à 96,2" in text
    assert "Avec 95\u00a0% de certitude" in text
    assert "93,9\u00a0± 2,0\u00a0Ah" in text
    assert "Le dernier cycle complet a des trous de plus de cinq minutes" in text
    assert text.index("2026-01-11") < text.index("2026-01-10")  # newest first


def test_a_refusal_says_why_and_what_would_help(client_of, conclude):
    conclude("capacity", Refused("no_cycle"))
    text = page(client_of)
    assert "Pas encore connu, et pourquoi" in text
    assert "une charge complète suivie d" in text
    assert "Rien à faire" not in text


def test_an_answer_of_a_method_that_is_gone_is_not_shown(client_of, conclude):
    conclude("alchemy", Finding(level="bad", text="gold"))
    assert "Rien n’a encore été analysé" in page(client_of)


def test_what_the_bms_says_itself_is_kept_apart(client_of, report):
    report(1, soh=94.1, cycles=1204)
    text = page(client_of)
    assert "Ce que le BMS dit lui-même" in text
    assert "94,1\u00a0%" in text


def test_batteries_of_others_are_not_found(client_of):
    assert client_of("mallory").get("/batteries/4/sante").status_code == 404
    assert client_of("bob").get("/batteries/3/sante").status_code == 404
