"""What was concluded reaches programs in their language, with numbers as people write them."""

import pytest

from app.processor.analytics.base import SENTENCES, Finding, Quantity, Refused
from app.processor.analytics.models import AnalyticResult
from app.processor.analytics.nightly import analytics, to_json
from app.processor.analytics.text import interval, quantity, tell, written

NOW = 1_790_000_000_000


def kept(code, answer, since=NOW):
    row = AnalyticResult(asset_id=1, code=code, since=since, until=since + 1, version=1)
    row.first, row.samples, row.quality = since - 9, 1440, 97.5
    row.level = answer.level if isinstance(answer, Finding) else ""
    row.result = to_json(answer)
    return row


WEAK = Finding(
    level="watch",
    text="weak_empty",
    values={
        "cell": Quantity(6, "", 0),
        "deviation": Quantity(48.4, "mV", 0, 44, 52),
        "days": Quantity(35, "", 0),
    },
)


def test_the_newest_answer_in_the_callers_language(house, client_of):
    with house.tenant(writes=True) as session, session.begin():
        session.add(kept("weak_cell", Refused("too_soon", {"days": Quantity(4, "", 0)}), NOW - 99))
        session.add(kept("weak_cell", WEAK))
        session.add(kept("no_longer_there", WEAK))
    answers = {}
    for language in ("fr", "en"):
        answer = client_of("alice").get(
            "/api/v1/assets/1/analytics", headers={"Cookie": f"lang={language}"}
        )
        assert answer.status_code == 200
        answers[language] = answer.json["analytics"]
        assert [each["code"] for each in answers[language]] == ["weak_cell"]
    sentences = {each["sentence"] for (each,) in answers.values()}
    french = next(each for each in sentences if each.startswith("Cellule 6 : 48"))
    assert "depuis 35 jours" in french or "35" in french
    (one,) = answers["fr"]
    assert (one["level"], one["since"], one["quality"]) == ("watch", NOW, 97.5)
    assert one["values"]["deviation"]["low"] == 44


def test_nobody_sees_the_client_next_door(client_of):
    for path in ("analytics", "warranty"):
        assert client_of("mallory").get(f"/api/v1/assets/4/{path}").status_code == 404


def test_a_warranty_file_is_there_from_the_first_day(client_of):
    file = client_of("alice").get("/api/v1/assets/1/warranty").json
    assert (file["count"], file["entries"]) == (0, [])


@pytest.mark.parametrize(
    ("size", "unit", "digits", "french", "english"),
    [
        (6.67, "h", 1, "6 h 40 min", "6 h 40 min"),
        (0.4, "h", 1, "24 min", "24 min"),
        (4.52, "a", 1, "4,5 ans", "4.5 years"),
        (1.0, "a", 1, "1,0 an", "1.0 year"),
        (-2.5, "°C", 1, "−2,5 °C", "−2.5 °C"),
        (87.25, "%", 1, "87,2 %", "87.2 %"),
        (None, "Ah", 1, "—", "—"),
    ],
)
def test_quantities_are_written_as_people_write_them(size, unit, digits, french, english):
    def plain(text):
        return text.replace("\u202f", " ").replace("\u00a0", " ")

    assert plain(quantity(size, unit, digits, "fr")) == french
    assert plain(quantity(size, unit, digits, "en")) == english


def test_an_interval_and_words():
    assert interval([10, "Ah", 0, 9, 12], "fr").startswith("9 à 12")
    assert interval([10, "Ah", 0, None, None], "fr") == ""
    assert written("soc_min, temperature_max", "fr") == "charge minimale, température maximale"
    assert written("A", "en") == "A"


def test_every_sentence_can_be_told():
    for analytic in analytics().values():
        for name in {**SENTENCES, **analytic.sentences}:
            row = kept(analytic.code, Finding(level="good", text=name))
            assert tell(row, analytic, "fr").sentence
            assert tell(row, analytic, "en").title == analytic.title[1]
