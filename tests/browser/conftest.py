"""A real browser on a real server: Chromium, waitress, the house, and no console error allowed."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from waitress import create_server

from app.core.auth import start_session
from app.core.models import User
from app.database.base import now_ms
from app.processor import live, revision
from collector.wire.alarms import alarm
from collector.wire.reading import Reading
from tests.requirement import need, program

POLL_SECONDS = 0.25
WAIT_MS = 5_000
"""What a person may wait for a new value, and so the longest a test does."""


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """A browser a module: its driver holds the thread's event loop, which others want as well."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        need(None, "playwright")
    path = program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def portal_app(house):
    """The application, asked more often than usual so that tests are quick."""
    from app import create_app

    app = create_app(replace(house.settings, poll_seconds=POLL_SECONDS))
    yield app
    app.extensions["engines"].dispose()


@pytest.fixture
def portal(portal_app) -> Iterator[str]:
    """The address of the running portal."""
    server = create_server(portal_app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.task_dispatcher.shutdown()  # its threads would outlive it
    server.close()
    thread.join(5)


@pytest.fixture
def visit(chromium, portal, house) -> Iterator[Callable]:
    """`visit("alice", "/batteries/1", width=390)`: a page of a signed-in person.

    Whatever the page complains about in its console fails the test at its end, unless the test
    takes the list `page.complaints` and empties it.
    """
    contexts, pages = [], []

    def open_page(name: str, path: str, width: int = 1440, theme: str = "light", **more):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, locale="fr-CA", **more
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        cookies = {"theme": theme}
        if name != "nobody":
            with house.core() as core:
                cookies["sid"] = start_session(core, core.get(User, house.persona(name).id))
                core.commit()
        context.add_cookies(
            [{"name": key, "value": value, "url": portal} for key, value in cookies.items()]
        )
        page = context.new_page()
        page.complaints = []
        pages.append(page)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                page.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        page.goto(portal + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for page in pages for text in page.complaints] == []


@pytest.fixture
def report(house) -> Callable[..., None]:
    """`report(1, soc=62)`: a reading of a battery of Laurentia reaches the live table."""

    def tell(asset_id: int, age_ms: int = 0, alarms=(), states=None, arrays=None, **values: float):
        now = now_ms()
        reading = Reading("any", now - age_ms, values, arrays or {}, states or {}, tuple(alarms))
        with house.tenant(writes=True) as session:
            live.apply(session, asset_id, reading, now, 1)
            raised = revision.bump(session)
            session.commit()
        revision.publish(house.settings, house.refs["laurentia"].id, raised)

    return tell


@pytest.fixture
def populated(report):
    """One battery in alarm with many cells, one well, one offline, one never heard of."""
    report(
        1,
        soc=62.4,
        pack_voltage=52.8,
        current=-34.8,
        power=-1837.4,
        alarms=(alarm("cell_imbalance", 10), alarm("soc_low")),
        arrays={
            "cell_voltage": (3.3,) * 15 + (3.228,),
            "cell_temperature": (24.1, 25.2),
            "balancing": (1, 0) * 8,
        },
        states={"contactor_charge": True, "firmware": "0.9.14", "mode": "discharging"},
    )
    report(2, soc=81, pack_voltage=53.1, current=12.0, power=637.2)
    report(
        4,
        age_ms=16_440_000,
        soc=71,
        pack_voltage=359.1,
        arrays={"cell_voltage": tuple(3.7 + i / 20_000 for i in range(96))},
    )
