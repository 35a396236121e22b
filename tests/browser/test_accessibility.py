"""Every page and state keeps WCAG 2.2 A and AA as far as a program can tell, light and dark."""

from collections.abc import Callable
from importlib.resources import files

import pytest

from app.core.models import Collector
from app.database.base import now_ms
from tests.past import DAY, compile_days, fill
from tests.requirement import need

pytestmark = pytest.mark.sqlite_only

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = [(width, theme) for width in (1440, 390) for theme in ("light", "dark")]
PAGES = {
    "alice": (
        "/",
        "/batteries",
        "/batteries?q=zzz",
        "/batteries?etat=off",
        "/batteries/1",
        "/batteries/1/historique",
        "/batteries/1/historique?mesures=soc&avec=2&tableau=soc",
        "/batteries/3/historique",
        "/batteries/1/jours",
        "/batteries/1/cellules",
        "/batteries/2/cellules",
        "/batteries/1/sante",
        "/batteries/2",
        "/batteries/3",
        "/batteries/4",
        "/batteries/5",
        "/batteries/99",
        "/batteries/a-accepter",
        "/types",
        "/types/1",
        "/sites",
        "/sites/1",
        "/sites/2",
        "/collecteurs",
        "/collecteurs/ajout",
        "/collecteurs/1",
        "/utilisateurs",
        "/utilisateurs/2",
        "/journal",
        "/api",
        "/profil",
    ),
    "bob": ("/",),
    "mallory": ("/", "/collecteurs", "/batteries/a-accepter"),
    "sam": ("/admin/clients", "/admin/incidents"),
    "nobody": ("/connexion", "/confidentialite"),
}


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of the checker."""
    try:
        return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    except ModuleNotFoundError:
        need(None, "axe-playwright-python")


@pytest.fixture
def faults(axe) -> Callable:
    """`faults(page)`: what is wrong with it as it stands, in every width and theme."""

    def check(page) -> list[str]:
        page.wait_for_load_state("load")  # with its style sheets: a page is judged as it is seen
        page.evaluate(axe)
        found = []
        for width, theme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
            told = page.evaluate(
                "(tags) => axe.run({ runOnly: tags, resultTypes: ['violations'] })", TAGS
            )
            found += [
                f"{width} {theme}: {violation['id']}: {node['html'][:160]} {node['failureSummary']}"
                for violation in told["violations"]
                for node in violation["nodes"]
            ]
        return found

    return check


@pytest.fixture
def furnished(populated, report, house):
    """The populated house with collectors in every condition."""
    now = now_ms()
    conditions = (
        {"name": "Atelier", "last_seen": now, "clock_offset_ms": 20, "version": "1.0"},
        {"name": "Quai", "last_seen": now, "clock_offset_ms": 9_000, "queued": 90},
        {"name": "Nord", "last_seen": now - 900_000, "rejected": 3, "last_rejection": "bad_mac"},
        {"name": "Neuf"},
        {"name": "Ancien", "status": "revoked"},
    )
    with house.core() as core:
        core.add_all(
            Collector(tenant_id=1, key_id=f"key-{i}", public_key=bytes([i]) * 32, **condition)
            for i, condition in enumerate(conditions)
        )
        core.commit()
    report(5, soc=51, pack_voltage=26.4, arrays={"cell_voltage": (3.3,) * 8})


@pytest.fixture
def see(visit) -> Callable:
    """`see("alice", "/")`: a page that does not move while it is looked at."""
    return lambda name, path: visit(name, path, reduced_motion="reduce")


def test_the_checker_sees_what_is_wrong(see, faults, populated):
    page = see("alice", "/sites")
    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("beforeend",
             '<img src="/static/img/favicon.svg"><p class="t2"><font color="#ddd">pale</font></p>')"""
    )
    found = " ".join(faults(page))
    assert "image-alt" in found
    assert "color-contrast" in found


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, paths in PAGES.items() for path in paths]
)
def test_pages_are_accessible(see, faults, furnished, name, path):
    page = see(name, path)
    assert faults(page) == []
    page.complaints.clear()  # a page that is not there or not allowed is reported by the browser


@pytest.mark.parametrize(
    "page_of", ["historique?mesures=soc&mesures=cells&avec=2", "jours", "cellules?periode=7j"]
)
def test_the_past_is_accessible(see, faults, house, page_of):
    end = now_ms() // DAY * DAY
    fill(house, 1, end - 2 * DAY, end, 600_000, cells=16)
    compile_days(house, end + DAY // 2)
    page = see("alice", f"/batteries/1/{page_of}")
    if page_of.startswith("historique"):
        page.locator("canvas").first.wait_for()
        page.get_by_text("En tableau").first.click()
    assert page.locator("canvas, .day--5, .heat").count()
    assert faults(page) == []


def test_a_late_battery_is_accessible(see, faults, report):
    report(1, age_ms=120_000, soc=8, pack_voltage=50.0, current=0.0)
    assert faults(see("alice", "/batteries/1")) == []


def test_menus_and_dialogs_are_accessible(see, faults, furnished):
    page = see("alice", "/collecteurs")
    page.locator("tbody details.menu summary").first.click()
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("header details.menu summary").click()
    assert faults(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Raccourcis").click()
    assert page.get_by_role("dialog").is_visible()
    assert faults(page) == []


def test_refused_forms_are_accessible(see, faults, furnished):
    page = see("alice", "/batteries/a-accepter")
    page.locator("#type-5").select_option("new")
    page.locator("#loc-5").select_option("new")
    page.get_by_label("Cellules en série").fill("beaucoup")
    page.get_by_role("button", name="Accepter la batterie").click()
    assert page.locator(".err").first.is_visible()
    assert faults(page) == []
    page.complaints.clear()


def test_a_refused_sign_in_is_accessible(see, faults, house):
    page = see("nobody", "/connexion")
    page.get_by_label("Courriel").fill("nobody@laurentia.example")
    page.get_by_label("Mot de passe", exact=True).fill("faux")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert faults(page) == []
    page.complaints.clear()


def test_a_code_for_a_collector_is_accessible(see, faults, furnished):
    page = see("alice", "/collecteurs/ajout")
    page.get_by_label("Nom du collecteur").fill("Quai 3")
    page.get_by_role("button", name="Créer le code").click()
    page.locator("#cmd1").wait_for()
    assert faults(page) == []
    page.complaints.clear()


def test_an_entered_client_is_accessible(see, faults, furnished):
    page = see("sam", "/admin/clients")
    page.locator("tbody details.menu summary").first.click()
    assert faults(page) == []
    page.get_by_label("Pourquoi ouvrez-vous cet espace?").first.fill("essai")
    page.get_by_role("button", name="Ouvrir l’espace").first.click()
    page.locator(".banner--super").wait_for()
    assert faults(page) == []
