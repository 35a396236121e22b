"""The pictures of the README: the demonstration's fleet, and the battery of it that is in trouble.

`make screenshots` writes `docs/images/*.png`, 1440 wide and light. DEMO_DAYS is the past that the
batteries are given first: enough for an hour of trends.
"""

import os
import secrets
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.chain.demo import Demo, accounts  # noqa: E402
from tests.chain.visitor import Visitor  # noqa: E402
from tests.requirement import program  # noqa: E402

IMAGES = ROOT / "docs" / "images"
DAYS = os.environ.get("DEMO_DAYS", "1")
WIDTH = 1440
HEIGHTS = {"fleet": 1060, "battery": 1150}
MOST_BYTES = 250_000
WHO = "client_admin"
TROUBLE = "#main li[data-status=crit] a, #main li[data-status=warn] a"


def main() -> None:
    """Start the demonstration, look at two of its pages, and keep what is seen."""
    from playwright.sync_api import sync_playwright

    try:
        chromium = program("chromium", "chromium-browser", "google-chrome")
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Demo(folder, secrets.token_urlsafe(36), DAYS) as demo, sync_playwright() as playwright:
            demo.ready()
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            look(Visitor(browser, demo.url), folder)
            browser.close()


def look(visitor: Visitor, folder: Path) -> None:
    """Sign in, and keep the fleet's page, then that of the first battery in alarm."""
    page = visitor.page
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    who = next(entry for entry in accounts(folder) if entry["role"] == WHO)
    visitor.sign_in(who["email"], who["password"])
    page.goto("/")
    keep(visitor, "fleet")
    page.locator(TROUBLE).first.click()
    page.locator("svg.spark").first.wait_for()
    keep(visitor, "battery")


def keep(visitor: Visitor, name: str) -> None:
    """Write the picture of the page as it stands; fails if it is too heavy for a README."""
    visitor.page.set_viewport_size({"width": WIDTH, "height": HEIGHTS[name]})
    visitor.page.wait_for_function("document.fonts.status === 'loaded'")
    IMAGES.mkdir(parents=True, exist_ok=True)
    data = visitor.page.screenshot(path=IMAGES / f"{name}.png")
    assert len(data) <= MOST_BYTES, f"{name}.png has {len(data)} bytes"
    print(f"docs/images/{name}.png  {len(data)} bytes")


if __name__ == "__main__":
    main()
