"""Pages in a browser: widths, themes, keyboard, and what is left without scripts."""

import re

import pytest
from playwright.sync_api import expect

from app.web import page as pages
from app.web.assets import Assets, build
from tests.web.test_assets import folder as _folder

pytestmark = pytest.mark.sqlite_only

PATHS = (
    "/",
    "/batteries",
    "/batteries/1",
    "/batteries/4",
    "/batteries/1/historique",
    "/batteries/1/jours",
    "/batteries/1/cellules",
    "/batteries/1/sante",
    "/batteries/a-accepter",
    "/types",
    "/types/1",
    "/sites",
    "/sites/1",
    "/collecteurs",
    "/collecteurs/ajout",
    "/profil",
)
folder = _folder


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_no_page_is_wider_than_its_window(visit, populated, width, theme):
    page = visit("alice", "/", width=width, theme=theme)
    for path in PATHS:
        page.goto(re.sub(r"(://[^/]+).*", r"\1", page.url) + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        small = page.evaluate(
            """() => [...document.querySelectorAll("main button, main input, main select")]
                 .filter((e) => e.checkVisibility() && e.type !== "hidden" && !e.closest(".sr"))
                 .filter((e) => { const r = e.getBoundingClientRect();
                                  return !e.matches(".sr") && (r.width < 24 || r.height < 24); })
                 .map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert small == [], path


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_complete_without_scripts(visit, populated, path):
    page = visit("alice", path, java_script_enabled=False)
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("main").inner_text().strip()


def test_signing_in_by_hand(visit, house, populated):
    page = visit("nobody", "/batteries/1")
    assert "/connexion" in page.url
    alice = house.persona("alice")
    page.get_by_label("Courriel").fill(alice.email)
    page.get_by_label("Mot de passe", exact=True).fill("faux")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(re.compile("inexact"))
    page.complaints.clear()  # the browser reports the 401 itself
    page.get_by_label("Mot de passe", exact=True).fill(alice.password)
    page.get_by_role("button", name="Afficher le mot de passe").click()
    assert page.locator("#p").get_attribute("type") == "text"
    page.get_by_role("button", name="Se connecter").click()
    expect(page.locator("h1")).to_have_text("Batterie 1")


def test_language_and_theme_are_remembered(visit, populated):
    page = visit("alice", "/batteries/1")
    page.get_by_role("button", name=re.compile("English version")).click()
    expect(page.locator("html")).to_have_attribute("lang", "en-CA")
    expect(page.get_by_text("Data chain")).to_be_visible()
    page.get_by_role("button", name="Change theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "en-CA")


def test_the_keyboard_is_enough(visit, populated):
    page = visit("alice", "/batteries/1")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("NMC")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("heading", name=re.compile("NMC"))
        .or_(page.get_by_role("link", name=re.compile("NMC 14S")))
        .first
    ).to_be_visible()
    page.goto(page.url.split("/recherche")[0] + "/batteries/1", wait_until="load")
    page.keyboard.press("]")
    expect(page.locator("h1")).to_have_text("Batterie 2")
    page.wait_for_load_state("load")  # a key means something once the scripts are there
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.locator("h1")).to_have_text("Parc de batteries")


def test_filters_act_at_once(visit, populated):
    page = visit("alice", "/batteries")
    page.locator("#ft").select_option(label="NMC 14S 60 Ah")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name=re.compile("Hors ligne")).click()
    expect(page.locator("tbody th a")).to_have_text("Batterie 4")


def test_accepting_asks_for_the_new_type_only_when_one_is_wanted(visit, populated):
    page = visit("alice", "/batteries/a-accepter")
    part = page.locator("#newtype-5")
    expect(part).to_be_hidden()
    page.locator("#type-5").select_option("new")
    expect(part).to_be_visible()
    part.get_by_label("Nom du type").fill("LFP 8S")
    page.get_by_label("Lieu", exact=True).select_option(index=1)
    page.get_by_role("button", name="Accepter la batterie").click()
    expect(page.get_by_role("status").get_by_text("fait partie du parc")).to_be_visible()


def test_the_built_files_do_the_same(visit, populated, portal_app, report, folder):
    build(folder)
    portal_app.static_folder = str(folder)
    pages.use_assets(portal_app, Assets(folder))
    page = visit("alice", "/batteries/1")
    report(1, soc=12.2, pack_voltage=52.0)
    expect(page.locator(".gauge__v [data-metric=soc]")).to_have_text("12")
    loaded = page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    assert any(re.search(r"/dist/js/live\.[0-9a-f]{12}\.js", name) for name in loaded)
    assert not any("/static/js/" in name for name in loaded)
