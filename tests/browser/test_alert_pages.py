"""The pages of alerts in a browser: whole in narrow and wide windows, light and dark, and usable."""

from importlib.resources import files

import pytest

from app.database.base import now_ms
from app.processor.alerts.models import Alert, AlertEvent
from tests.requirement import need

HOUR = 3_600_000
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PATHS = ("/alertes", "/alertes/1", "/alertes/envois", "/batteries/1/alertes", "/profil/alertes")


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of the checker."""
    try:
        return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    except ModuleNotFoundError:
        need(None, "axe-playwright-python")


@pytest.fixture
def ringing(populated, house):
    """Two alerts of one cause and one of another."""
    now = now_ms()
    with house.tenant(writes=True) as session, session.begin():
        for asset_id, rule, severity in ((1, "L2", "critical"), (2, "L2", "critical"),
                                         (1, "L1", "warning")):  # fmt: skip
            row = Alert(
                asset_id=asset_id, rule=rule, kind="threshold", severity=severity,
                open_key=f"{asset_id}|{rule}|", cell=10, value=3.66, limit=3.65,
                facts={"metric": "cell_voltage_max", "held_ms": 10_000, "soc": 98.0},
                began_at=now - HOUR, fired_at=now - HOUR,
            )  # fmt: skip
            session.add(row)
            session.flush()
            session.add(AlertEvent(alert_id=row.id, at=now - HOUR, event="fired"))


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_whole_and_accessible(visit, axe, ringing, path):
    page = visit("alice", path, reduced_motion="reduce")
    page.wait_for_load_state("load")
    page.evaluate(axe)
    for width in (390, 1440):
        for theme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
            run = "(tags) => axe.run({ runOnly: tags, resultTypes: ['violations'] })"
            told = page.evaluate(run, TAGS)
            found = [
                f"{v['id']}: {n['html'][:160]}" for v in told["violations"] for n in v["nodes"]
            ]
            assert found == [], f"{width} {theme}"
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} is wider than {width}"


def test_an_alert_is_acknowledged_with_two_presses(visit, ringing):
    page = visit("alice", "/alertes", reduced_motion="reduce")
    page.locator('a[href="/alertes/1"]').click()
    page.locator('button[value="acknowledge"]').click()
    page.locator(".tl", has_text="Acquittée").wait_for()
    assert page.locator('button[value="acknowledge"]').count() == 0
