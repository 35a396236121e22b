"""The global search looks everywhere, shows what matched, and nothing that is not the caller's."""

import re

import pytest

from app.clients import editing, fields, tags
from app.clients.models import Battery
from app.processor.alerts.models import Alert

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def told(house):
    """Batteries 1 and 3 say things; battery 3 had an alert."""
    with house.tenant(writes=True) as session:
        for asset_id, said in {
            1: {2: "Phase 2 – Viger", 3: "Karim Benali"},
            3: {4: "Clé du local au poste de sécurité", 3: "Sophie Gagnon"},
        }.items():
            fields.write(session, editing.lock(session, Battery, asset_id), said)
        tags.put(session, [1], ["Sous garantie"])
        session.add(
            Alert(
                asset_id=3, rule="L2", kind="threshold", severity="critical", began_at=1,
                fired_at=2, open_key="3|L2|", facts={"metric": "cell_voltage"}, value=2.6, limit=2.8,
            )
        )  # fmt: skip
        session.commit()


def found(page):
    """Headings and the words marked below each."""
    cards = re.findall(r'<h2 id="h-(\w+)">.*?</h2>(.*?)</section>', page, re.S)
    return {code: re.findall(r"<mark>(.*?)</mark>", body) for code, body in cards}


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("viger", {"batteries": ["Viger"]}),
        ("KARIM", {"batteries": ["Karim"]}),
        ("cle securite", {"batteries": ["Clé", "sécurité"]}),
        ("garantie", {"batteries": ["garantie"]}),
        ("erables", {"batteries": ["Érables", "Érables"], "locations": ["Érables"]}),
        ("nmc 14s", {"batteries": ["NMC", "NMC", "14S", "NMC"], "types": ["NMC", "14S", "NMC"]}),
        ("cellule", {"alerts": ["cellule"]}),
        ("eds-lfp-0099", {"batteries": ["EDS-LFP-0099", "EDS-LFP-0099"]}),
        ("introuvable", {}),
    ],
)
def test_everything_is_searched_and_the_match_is_shown(client_of, told, text, hits):
    answer = client_of("alice").get(f"/recherche?q={text}")
    assert answer.status_code == 200
    seen = found(answer.text)
    assert set(seen) >= set(hits)
    if text not in ("nmc 14s", "cellule"):
        assert seen == hits
    if not hits:
        assert "Rien trouvé" in answer.text


def test_a_search_stays_within_what_somebody_may_see(client_of, told):
    bob = client_of("bob")
    assert found(bob.get("/recherche?q=viger").text) == {"batteries": ["Viger"]}
    for text in ("poste", "sophie", "erables", "nmc", "cellule"):
        assert found(bob.get(f"/recherche?q={text}").text) == {}, text
    assert found(client_of("mallory").get("/recherche?q=viger").text) == {}


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("", 200, "au moins deux lettres"),
        ("a", 200, "au moins deux lettres"),
        ("%E2%80%AE%00", 200, "au moins deux lettres"),
        ("x" * 10_000, 422, "trop longue"),
        ("%25%25", 200, "Rien trouvé"),
        ("__", 200, "Rien trouvé"),
        ("<script>alert(1)</script>", 200, "&lt;script&gt;"),
        ("%F0%9F%94%8B%F0%9F%94%8B", 200, "Rien trouvé"),
        ("%00'%22;--", 200, "Rien trouvé"),
    ],
)
def test_odd_searches_are_answered_politely(client_of, told, text, status, said):
    answer = client_of("alice").get(f"/recherche?q={text}")
    assert answer.status_code == status
    assert said in answer.text
    assert "<script>alert" not in answer.text


def test_what_a_field_keeps_out_of_the_search_is_not_shown(client_of, house, told):
    with house.tenant(writes=True) as session:
        for field_id in (2, 3):
            fields.edit(session, fields.field(session, field_id), {"searchable": False})
        session.commit()
    alice = client_of("alice")
    assert found(alice.get("/recherche?q=viger").text) == {}
    assert found(alice.get("/recherche?q=karim").text) == {}
