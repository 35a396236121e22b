"""What a poll costs: nothing of any database when nothing has changed, and core every few seconds.

What core said of a session is remembered; see tests/gateway/test_remembered_callers.py for how
soon it is forgotten.
"""

import pytest
from sqlalchemy import event

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def asked(app):
    """Every statement the portal's engines run, with the database each went to."""
    statements = []
    engines = app.extensions["engines"]
    watched = {engines.core: "core"}

    def note(connection, cursor, statement, *rest):
        if statement.startswith("SELECT"):
            statements.append((watched[connection.engine], statement))

    def tenant(ref):
        engine = serving(ref)
        if engine not in watched:
            watched[engine] = "tenant"
            event.listen(engine, "before_cursor_execute", note)
        return engine

    event.listen(engines.core, "before_cursor_execute", note)
    serving, engines.serving = engines.serving, tenant
    return statements


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_an_unchanged_poll_asks_no_database(client_of, asked, name):
    browser = client_of(name)
    first = browser.get("/api/v1/live")
    assert first.status_code == 200
    assert {where for where, _ in asked} == {"core", "tenant"}
    asked.clear()
    again = browser.get("/api/v1/live", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert asked == []


@pytest.mark.parametrize(
    "path", ["/api/v1/openapi.json", "/static/css/tokens.css", "/api/v1/nowhere"]
)
def test_files_and_documents_ask_nothing_of_anybody(client_of, asked, path):
    client_of("nobody").get(path)
    assert asked == []


def test_a_signed_in_browser_fetches_files_without_being_looked_up(client_of, asked):
    client_of("alice").get("/static/css/tokens.css")
    assert asked == []
