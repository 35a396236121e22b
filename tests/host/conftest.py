"""One account of a shared host for the session, and a browser that trusts its certificate."""

from collections.abc import Iterator

import pytest

from tests.host.rehearsal import Host, rehearsed
from tests.requirement import program


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """The portal installed as its documentation says, with nobody in it."""
    with rehearsed() as host:
        host.settle()
        host.command("flask", "assets", "build")
        host.command("flask", "db", "upgrade")
        host.restart()  # a process reads the list of built files when it starts
        yield host


@pytest.fixture(scope="module")
def chromium(host: Host) -> Iterator:
    """A real browser; the host's certificate is made for the occasion."""
    from playwright.sync_api import sync_playwright

    path = program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--ignore-certificate-errors"]
        )
        yield browser
        browser.close()
