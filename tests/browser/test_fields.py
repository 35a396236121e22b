"""Fields, filters, views, bulk changes and the search, as people use them; and all of it accessible."""

import re

import pytest

from app.clients import editing, fields, tags
from app.clients.models import Battery

from .test_accessibility import axe, faults  # noqa: F401  (fixtures)

pytestmark = pytest.mark.sqlite_only
PAGES = (
    "/batteries?q=garantie&type=1&champ_1=Secours",
    "/batteries?q=garantie&type=2",
    "/champs",
    "/champs/6",
    "/batteries/1/champs",
    "/recherche?q=poste",
    "/recherche?q=zzz",
    "/recherche",
)


@pytest.fixture
def described(house, populated):
    """Batteries that say things, a view, and a field of the client's own."""
    with house.tenant(writes=True) as session:
        fields.create(session, {"kind": "url", "label_fr": "Fiche du fabricant", "listed": True})
        said = {1: "Secours", 2: "Viger", 3: "Karim Benali", 4: "Clé au poste de garde 🔋"}
        fields.write(
            session, editing.lock(session, Battery, 1), {**said, 6: "https://exemple.ca/1"}
        )
        fields.write(
            session, editing.lock(session, Battery, 3), {4: "Au poste", 3: "Sophie Gagnon"}
        )
        tags.put(session, [1, 3], ["Garantie", "Phase 2"])
        session.commit()


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_accessible(visit, faults, described, path):  # noqa: F811
    page = visit("alice", path, reduced_motion="reduce")
    assert faults(page) == []


def test_an_open_list_is_accessible(visit, faults, described):  # noqa: F811
    page = visit("alice", "/batteries?q=poste", reduced_motion="reduce")
    for name in ("Autres filtres", "Colonnes", "Enregistrer cette vue"):
        page.locator("summary", has_text=name).click()
    page.get_by_label("Sélectionner Batterie 1").check()
    page.locator("#bulk-tag summary").click()
    assert faults(page) == []


def test_somebody_narrows_keeps_a_view_and_changes_what_is_found(visit, described):
    page = visit("alice", "/batteries", reduced_motion="reduce")
    page.locator("summary", has_text="Autres filtres").click()
    page.get_by_label("Responsable", exact=True).first.fill("karim benali")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("responsable="))
    assert page.locator("tbody tr").count() == 1
    page.locator("summary", has_text="Enregistrer cette vue").click()
    page.get_by_label("Nom de la vue").fill("De Karim")
    page.get_by_role("button", name="Enregistrer la vue").click()
    page.get_by_role("link", name="De Karim").wait_for()
    assert not page.locator("#bulk").is_visible()
    page.get_by_label("Sélectionner Batterie 1").check()
    page.locator("#bulk-tag summary").click()
    page.get_by_label("Étiquettes, séparées").fill("Urgent")
    page.get_by_role("button", name="Poser").click()
    page.get_by_text("1 batterie modifiée").wait_for()
    page.goto(page.url.split("?")[0] + "?q=urgent")
    assert page.locator("tbody tr").count() == 1


def test_without_scripts_nothing_is_missing(chromium, portal, house, visit, described):
    page = visit("alice", "/batteries", java_script_enabled=False)
    page.get_by_label("Sélectionner Batterie 2").check()
    page.locator("#bulk-move summary").click()
    page.locator("#f-location").select_option(label="Parc des Érables")
    page.get_by_role("button", name="Déplacer").click()
    page.get_by_text("1 batterie modifiée").wait_for()
    page.locator("#more-filters summary").click()
    page.locator("#f-champ_1").select_option("Secours")
    page.get_by_role("button", name="Filtrer").click()
    assert page.locator("tbody tr").count() == 1


def test_the_search_is_a_key_away_and_shows_what_matched(visit, described):
    page = visit("alice", "/batteries", reduced_motion="reduce")
    page.keyboard.press("/")
    page.keyboard.type("cle poste")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Batteries").wait_for()
    assert page.locator("mark").all_text_contents() == ["Clé", "poste"]


def test_a_selection_survives_news(visit, report, described):
    page = visit("alice", "/batteries", reduced_motion="reduce")
    page.get_by_label("Sélectionner Batterie 2").check()
    report(3, soc=10, pack_voltage=50.0)  # was never heard of: the page would renew itself
    page.wait_for_timeout(1500)
    assert page.get_by_label("Sélectionner Batterie 2").is_checked()
