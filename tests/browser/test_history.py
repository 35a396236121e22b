"""The charts in a browser: finer than the page drew them, zoomed, read with keys, kept if cut off."""

import re

import pytest
from playwright.sync_api import expect

from app.database.base import now_ms
from tests.past import HOUR, fill

pytestmark = pytest.mark.sqlite_only
MINUTE = 60_000
PAGE = "/batteries/1/historique"


@pytest.fixture
def past(house):
    """A day and a half of minutes, with three hours missing six hours ago."""
    now = now_ms() // MINUTE * MINUTE
    fill(house, 1, now - 36 * HOUR, now - 9 * HOUR, MINUTE, 1)
    fill(house, 1, now - 6 * HOUR, now, MINUTE, 2)
    fill(house, 2, now - 12 * HOUR, now, 10 * MINUTE, 3)
    return now


def drawn(page) -> None:
    """Wait until the scripts have drawn."""
    expect(page.locator("[data-panel] canvas").first).to_be_visible()
    expect(page.locator("[data-state]")).to_have_text("")


@pytest.mark.parametrize("width", [1440, 390])
def test_curves_take_the_place_of_the_drawing(visit, past, width):
    page = visit("alice", PAGE, width=width)
    drawn(page)
    expect(page.locator(".plot").first).to_be_hidden()
    expect(page.locator("canvas").first).to_have_attribute("aria-label", re.compile("de 40"))
    expect(page.locator("[data-read]").first).to_have_text(re.compile(r"\d\d\u00a0%"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_zooming_asks_for_what_is_finer_and_can_be_sent_to_others(visit, past):
    page = visit("alice", PAGE)
    drawn(page)
    with page.expect_response(re.compile("/series")) as asked:
        page.get_by_role("button", name="Agrandir").click()
    answer = asked.value.json()
    assert answer["to"] - answer["from"] == 12 * HOUR
    assert all(len(rows) <= 1500 for rows in answer["metrics"].values())
    address = page.url
    assert "de=" in address
    page.goto(address)
    drawn(page)
    assert page.locator("#de").input_value() != ""
    expect(page.locator("[data-file]")).to_have_attribute("href", re.compile("de="))


def test_the_cursor_is_moved_with_keys(visit, past):
    page = visit("alice", PAGE)
    drawn(page)
    slider = page.get_by_label("Curseur")
    slider.focus()
    before = slider.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    after = slider.get_attribute("aria-valuetext")
    assert before != after
    assert "État de charge" in after
    page.keyboard.press("Home")
    expect(page.locator("[data-read]").first).not_to_have_text("")


def test_a_table_follows_the_window(visit, past):
    page = visit("alice", f"{PAGE}?mesures=soc&periode=1h")
    drawn(page)
    page.get_by_text("En tableau").click()
    rows = page.locator("[data-rows] tbody tr")
    expect(rows).to_have_count(59)
    page.get_by_role("button", name="Agrandir").click()
    expect(rows).to_have_count(30)


def test_choosing_a_measurement_draws_it(visit, past):
    page = visit("alice", f"{PAGE}?periode=7j")
    drawn(page)
    page.locator("label.chip", has_text="Courant").first.click()
    expect(page.locator("[data-panel=current]")).to_be_visible()
    drawn(page)
    assert "periode=7j" in page.url


def test_what_is_drawn_stays_when_the_portal_is_out_of_reach(visit, past):
    page = visit("alice", PAGE)
    drawn(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Agrandir").click()
    expect(page.locator("[data-state]")).to_have_text(re.compile("hors connexion"))
    expect(page.locator("canvas").first).to_be_visible()
    page.context.set_offline(False)
    drawn(page)
    page.complaints.clear()  # the browser reports the failed request itself


def test_curves_change_with_the_theme(visit, past):
    page = visit("alice", f"{PAGE}?mesures=soc")
    drawn(page)
    ink = """() => window.Chart.getChart(document.querySelector("canvas")).options.scales.y.grid.color"""
    light = page.evaluate(ink)
    page.get_by_role("button", name="Changer de thème").first.click()
    page.wait_for_function(f"(before) => ({ink})() !== before", arg=light)
