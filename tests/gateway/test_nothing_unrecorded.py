"""Every successful change has one entry in the audit trail, whoever wrote its view."""

import pytest
from sqlalchemy import select, update

from app.core.access import Permission, requires
from app.core.journal import record
from app.core.models import AuditEntry, UserSession
from app.gateway.audited import UNRECORDED
from app.gateway.context import core_session, current_principal
from app.gateway.csrf import SAFE

pytestmark = pytest.mark.sqlite_only

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def probed(app):
    """Views that say what they do, that say nothing, and that fail."""

    @requires(Permission.SEE_FLEET)
    def said():
        core = core_session(writes=True)
        record(core, current_principal(), "probe.said")
        core.commit()
        return "done"

    @requires(Permission.SEE_FLEET)
    def silent():
        return "done"

    @requires(Permission.SEE_FLEET)
    def refused():
        return "no", 422

    for view in (said, silent, refused):
        path = f"/api/v1/probe/{view.__name__}"
        app.add_url_rule(path, view.__name__, view, methods=["GET", "POST", "DELETE"])
    return app


def entries(house):
    with house.core() as core:
        return list(core.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_a_change_its_view_records_is_there_once(probed, client_of, house):
    assert client_of("alice").post("/api/v1/probe/said", headers=SAME).status_code == 200
    assert [(e.action, e.actor) for e in entries(house)] == [("probe.said", "user:1")]
    assert entries(house)[0].address == "127.0.0.1"


def test_a_change_its_view_is_silent_about_is_there_all_the_same(probed, client_of, house):
    browser = client_of("alice")
    assert browser.delete("/api/v1/probe/silent", headers=SAME).status_code == 200
    assert browser.get("/api/v1/probe/silent").status_code == 200
    (entry,) = entries(house)
    assert (entry.action, entry.actor, entry.target, entry.tenant_id, entry.detail) == (
        "request.write",
        "user:1",
        "/api/v1/probe/silent",
        1,
        {"method": "DELETE"},
    )


def test_what_was_refused_changed_nothing(probed, client_of, house):
    client_of("alice").post("/api/v1/probe/refused", headers=SAME)
    client_of("nobody").post("/api/v1/probe/silent", headers=SAME)
    assert entries(house) == []


def test_every_route_that_changes_is_watched(app):
    """What is left out is left out here, by name."""
    changing = {rule.endpoint for rule in app.url_map.iter_rules() if rule.methods - SAFE}
    assert changing & UNRECORDED == {"connector.push", "session.language", "shared.unlock"}
    assert len(changing) > 10


def test_what_a_super_admin_looks_at_in_a_client_is_in_its_journal(probed, client_of, house):
    sam = client_of("sam")
    sam.get("/admin/clients")
    assert entries(house) == []
    with house.core() as core:
        core.execute(update(UserSession).values(entered_tenant_id=1, entered_until=9 * 10**12))
        core.commit()
    for _ in range(3):
        assert sam.get("/batteries").status_code == 200
    assert sam.get("/api/v1/probe/silent").status_code == 200
    assert [(e.action, e.actor, e.tenant_id, e.target) for e in entries(house)] == [
        ("tenant.look", "user:4", 1, "/batteries"),
        ("tenant.look", "user:4", 1, "/api/v1/probe/silent"),
    ]
