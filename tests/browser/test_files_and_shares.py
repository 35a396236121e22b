"""Files and shares as people use them: by the page, at both widths, accessible; a wall that follows."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.clients import shares
from app.database.base import now_ms
from app.processor import live, revision
from collector.wire.reading import Reading

pytestmark = pytest.mark.sqlite_only

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def faults(page):
    return [each["id"] for each in Axe().run(page, options=RULES).response["violations"]]


@pytest.fixture
def measured(house):
    def tell(**values):
        now = now_ms()
        with house.tenant(writes=True) as session:
            live.apply(session, 1, Reading("any", now, values), now, 1)
            raised = revision.bump(session)
            session.commit()
        revision.publish(house.settings, 1, raised)

    return tell


@pytest.fixture
def link(house):
    with house.tenant(writes=True) as session:
        _, token = shares.create(
            session, 1, now_ms(), level="location", target_id=1, fields=["soc", "power"],
            expires_at=now_ms() + 86_400_000, title="Secours",
        )  # fmt: skip
        session.commit()
    return f"/p/{token}"


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_file_is_asked_for_and_downloaded(visit, measured, width, theme):
    measured(soc=71.0)
    page = visit("alice", "/rapports", width=width, theme=theme)
    assert faults(page) == []
    page.get_by_label("Format").first.select_option("csv")
    page.get_by_role("button", name="Préparer le fichier").click()
    page.get_by_text("Prêt").wait_for()
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger").click()
    assert download.value.suggested_filename.endswith(".csv")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_shares_and_what_they_show_are_accessible(visit, measured, link, width, theme):
    measured(soc=71.0, power=-1200.0)
    page = visit("alice", "/partages", width=width, theme=theme)
    assert faults(page) == []
    wall = visit("nobody", link, width=width, theme=theme)
    wall.get_by_text("71 %").first.wait_for()
    assert faults(wall) == []
    assert wall.evaluate("document.documentElement.scrollWidth") <= width


def test_a_wall_follows_by_itself(visit, measured, link, monkeypatch):
    from app.web import shared

    monkeypatch.setattr(shared, "KIOSK_MS", 300)
    measured(soc=71.0)
    wall = visit("nobody", link)
    wall.get_by_text("71 %").first.wait_for()
    measured(soc=64.0)
    wall.get_by_text("64 %").first.wait_for()
