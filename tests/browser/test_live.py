"""What happens by itself: values, cells, statuses and ages on a page that nobody reloads."""

import re

import pytest
from playwright.sync_api import expect

from collector.wire.alarms import alarm

pytestmark = pytest.mark.sqlite_only

CELLS = (3.301, 3.309, 3.304, 3.299)


def reading(**changes):
    return {"soc": 62.4, "pack_voltage": 52.8, "current": -34.8, "power": -1837.4} | changes


def test_a_new_value_is_on_screen_within_five_seconds(visit, report):
    report(1, **reading(), arrays={"cell_voltage": CELLS, "cell_temperature": (24.0,)})
    page = visit("alice", "/batteries/1")
    current = page.locator(".read__v [data-metric=current]")
    expect(current).to_have_text("−34,8")
    report(
        1,
        **reading(current=-12.3, soc=61.6),
        arrays={"cell_voltage": (3.301, 3.309, 3.228, 3.299), "cell_temperature": (31.2,)},
    )
    expect(current).to_have_text("−12,3")
    expect(page.locator(".gauge__v [data-metric=soc]")).to_have_text("62")
    expect(page.locator("[data-gauge] [data-fill]")).to_have_attribute("width", "61.6%")
    expect(page.locator("[data-cell='3']")).to_have_class(re.compile("cell--min"))
    expect(page.locator("[data-cell='3'] [data-volts]")).to_have_text("3,228")
    expect(page.locator("[data-cell-stat=spread]")).to_have_text("81")
    expect(page.locator("[data-meter-value]")).to_have_text("31,2\u00a0°C")


def test_an_unchanged_poll_is_answered_304(visit, report):
    report(1, **reading())
    statuses = []
    page = visit("alice", "/batteries/1")
    page.on("response", lambda r: statuses.append(r.status) if "/api/v1/live" in r.url else None)
    for _ in range(6):
        with page.expect_response("**/api/v1/live*"):
            pass
    assert 304 in statuses
    assert statuses.count(200) <= 1


def test_an_alarm_appears_with_its_words(visit, report):
    report(1, **reading())
    page = visit("alice", "/batteries/1")
    expect(page.locator("h1 ~ .pill")).to_have_text("Normal")
    report(1, **reading(), alarms=(alarm("cell_undervoltage", 10),))
    expect(page.locator("h1 ~ .pill")).to_have_text("Critique")
    expect(page.locator("[data-announce]")).to_have_text("Batterie 1, Critique")
    expect(page.locator(".callout--crit b")).to_have_text("Tension de cellule trop basse, C11")


def test_a_battery_that_falls_silent_turns_late_by_itself(visit, report):
    report(1, age_ms=12_500, **reading())
    page = visit("alice", "/batteries/1")
    expect(page.locator("[data-connection]")).to_have_text("En direct")
    expect(page.locator("[data-connection]")).to_have_text("En retard")
    expect(page.locator(".grid.frozen")).to_be_visible()


def test_the_first_reading_fills_the_page(visit, report):
    page = visit("alice", "/batteries/2")
    expect(page.get_by_text("Aucune donnée pour l’instant")).to_be_visible()
    report(2, **reading())
    expect(page.locator(".gauge__v [data-metric=soc]")).to_have_text("62")


def test_tiles_rows_and_counts_follow(visit, report):
    for asset_id in (1, 2, 3, 4):
        report(asset_id, **reading())
    page = visit("alice", "/")
    tile = page.locator(".tile[data-asset='3']")
    expect(tile).to_have_class("tile tile--ok")
    report(3, **reading(soc=17.6), alarms=(alarm("soc_low"),))
    expect(tile).to_have_class(re.compile("tile--warn"))
    expect(tile.locator("[data-soc-number]")).to_have_text("18")
    expect(page.locator("#h-todo ~ .count")).to_have_text("1")
    expect(page.locator(".al .al__t a")).to_have_text("Charge faible")


def test_a_choice_survives_the_refresh_of_the_page(visit, report):
    report(1, **reading(), arrays={"cell_voltage": CELLS})
    page = visit("alice", "/batteries/1")
    page.get_by_role("button", name="Tension", exact=True).click()
    expect(page.locator("#cells")).to_have_attribute("data-mode", "abs")
    report(1, **reading(), arrays={"cell_voltage": CELLS}, alarms=(alarm("soc_low"),))
    expect(page.locator(".callout--warn")).to_be_visible()
    expect(page.locator("#cells")).to_have_attribute("data-mode", "abs")


def test_a_portal_that_does_not_answer_is_said_and_then_forgotten(visit, report):
    report(1, **reading())
    page = visit("alice", "/batteries/1")
    banner = page.locator("[data-offline]")
    expect(banner).to_be_hidden()
    page.route("**/api/v1/live*", lambda route: route.abort())
    expect(banner).to_have_text(re.compile("Le portail ne répond pas"))
    expect(page.locator(".gauge__v [data-metric=soc]")).to_have_text("62")
    page.unroute("**/api/v1/live*")
    expect(banner).to_be_hidden()
    assert all("ERR_FAILED" in text for text in page.complaints)
    page.complaints.clear()


def test_a_session_that_ended_is_said(visit, report, house):
    report(1, **reading())
    page = visit("alice", "/batteries/1")
    with house.core() as core:
        from app.core.auth import end_sessions_of

        end_sessions_of(core, house.persona("alice").id)
        core.commit()
    expect(page.locator("[data-offline]")).to_have_text(re.compile("Votre session est terminée"))
    page.complaints.clear()  # the browser reports the 401 itself


def test_a_device_that_loses_its_network_says_so_and_keeps_the_values(visit, report):
    report(1, **reading())
    page = visit("alice", "/batteries/1", width=390)
    with page.expect_response("**/api/v1/live*"):
        pass
    page.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_have_text(re.compile("hors connexion"))
    expect(page.locator(".gauge__v [data-metric=soc]")).to_have_text("62")
    page.context.set_offline(False)
    expect(page.locator("[data-offline]")).to_be_hidden()
    page.complaints.clear()
