"""The whole product in separate processes: a portal on the house's databases, and browsers."""

from collections.abc import Callable, Iterator

import pytest

from tests.chain.programs import Portal
from tests.house import House
from tests.requirement import program


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """A real browser, one a module: its driver holds the thread's event loop."""
    from playwright.sync_api import sync_playwright

    path = program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def portal(house: House) -> Iterator[Portal]:
    """The portal on the house's databases, answering; it wants to hear from collectors often."""
    log = house.settings.data_dir / "portal.log"
    portal = Portal(house.settings, log, PUSH_IDLE_SECONDS=1)
    portal.start()
    portal.ready()
    yield portal
    portal.end()


@pytest.fixture
def visitor_of(chromium, portal: Portal, house: House) -> Iterator[Callable]:
    """Browsers: `visitor_of("alice")` has signed in at the page where one signs in."""
    from tests.chain.visitor import Visitor

    visitors = []

    def visit(name: str) -> Visitor:
        visitor = Visitor(chromium, portal.url)
        visitors.append(visitor)
        persona = house.persona(name)
        visitor.sign_in(persona.email, persona.password)
        return visitor

    yield visit
    for visitor in visitors:
        visitor.context.close()
