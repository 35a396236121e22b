"""The door: a view is reached by those its mark names, and by nobody when it has none."""

import pytest
from sqlalchemy import select, update

from app.clients.models import Asset
from app.core.access import MATRIX, Permission, Role
from app.core.models import Tenant, User, UserSession
from app.database.base import now_ms

PERSONAS = ("alice", "bob", "carol", "sam", "mallory")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("path", ["/probe/unmarked", "/api/v1/probe/unmarked"])
def test_a_view_without_a_mark_is_refused_to_everybody(through, path):
    for name in (None, *PERSONAS):
        answer = through(name).get(path)
        assert answer.status_code == 403
        assert b"open?" not in answer.data


@pytest.mark.sqlite_only
def test_a_public_view_needs_nobody(through):
    assert through().get("/probe/public").data == b"hello"


@pytest.mark.sqlite_only
def test_nobody_is_told_to_sign_in_or_that_they_must(through):
    page = through().get("/probe/own?tab=2")
    assert (page.status_code, page.location) == (303, "/connexion?suite=%2Fprobe%2Fown%3Ftab%3D2")
    data = through().get("/api/v1/probe/own")
    assert (data.status_code, data.json["code"]) == (401, "unauthorized")
    assert data.mimetype == "application/problem+json"


@pytest.mark.sqlite_only
@pytest.mark.parametrize("name", PERSONAS)
def test_permissions_are_those_of_the_matrix(through, house, name):
    client = through(name)
    may = MATRIX[house.persona(name).role]
    for path, needed in (
        ("own", Permission.MANAGE_SELF),
        ("system", Permission.SEE_SYSTEM),
    ):
        assert client.get(f"/api/v1/probe/{path}").status_code == (200 if needed in may else 403)


def test_the_client_and_the_scope_come_from_the_session(through):
    def seen(name):
        return through(name).get("/api/v1/probe/fleet?tenant=2", headers={"X-Tenant-Id": "2"}).json

    everything = ["EDS-LFP-0001", "EDS-LFP-0002", "EDS-LFP-0003", "EDS-NMC-0001", "EDS-LFP-0099"]
    assert seen("alice")["uids"] == seen("carol")["uids"] == everything
    assert seen("bob")["uids"] == everything[:2]
    assert seen("bob")["uids"] == everything[:2]  # from the cache
    assert seen("mallory")["uids"] == ["EDS-LFP-0001", "BOR-LFP-0002"]


@pytest.mark.sqlite_only
def test_a_super_admin_sees_a_client_only_after_entering_it(through, house):
    client = through("sam")
    refused = client.get("/api/v1/probe/fleet")
    assert (refused.status_code, refused.json["code"]) == (409, "no_client")
    with house.core() as core:
        core.execute(
            update(UserSession).values(entered_tenant_id=2, entered_until=now_ms() + 60_000)
        )
        core.commit()
    assert client.get("/api/v1/probe/fleet").json["uids"] == ["EDS-LFP-0001", "BOR-LFP-0002"]


@pytest.mark.sqlite_only
def test_a_client_at_another_revision_is_closed_for_the_moment(through, house):
    with house.core() as core:
        core.get(Tenant, 1).revision = "older"
        core.commit()
    answer = through("alice").get("/api/v1/probe/fleet")
    assert (answer.status_code, answer.json["code"]) == (503, "maintenance")
    assert int(answer.headers["Retry-After"]) > 0
    assert through("mallory").get("/api/v1/probe/fleet").status_code == 200


@pytest.mark.sqlite_only
def test_disabling_somebody_ends_their_session_at_the_next_request(through, house):
    client = through("alice")
    assert client.get("/api/v1/probe/own").status_code == 200
    with house.core() as core:
        core.get(User, house.persona("alice").id).status = "disabled"
        core.commit()
    assert client.get("/api/v1/probe/own").status_code == 401


def test_using_a_session_is_noted(through, house):
    client = through("alice")
    with house.core() as core:
        row = core.scalars(select(UserSession)).one()
        row.seen_at = before = now_ms() - 120_000
        core.commit()
    assert client.get("/api/v1/probe/own").status_code == 200
    with house.core() as core:
        assert core.scalars(select(UserSession)).one().seen_at >= before + 120_000


@pytest.mark.sqlite_only
def test_one_credential_counts(through):
    client = through("alice")
    refused = client.get("/api/v1/probe/own", headers={"Authorization": "Bearer x"})
    assert refused.status_code == 401


@pytest.mark.sqlite_only
def test_signed_views_read_no_cookie(through):
    answer = through("alice").post(
        "/api/v1/probe/signed", headers={"Origin": "https://evil.example"}
    )
    assert answer.json == {"cookie_was_read": False}  # the signature decides, nothing else


@pytest.mark.sqlite_only
def test_cookies_nobody_issued_open_nothing(through):
    for token in ("", "x" * 43, "\u00e9", "a" * 4000):
        client = through()
        client.set_cookie("sid", token)
        assert client.get("/api/v1/probe/own").status_code == 401


@pytest.mark.sqlite_only
def test_every_view_of_the_portal_has_a_mark(door):
    probes = {name for name in door.view_functions if "probe" in name}
    for endpoint, view in door.view_functions.items():
        assert endpoint in probes or hasattr(view, "permission"), endpoint


@pytest.mark.sqlite_only
def test_what_was_not_committed_did_not_happen(through, house):
    client = through("alice")
    assert client.post("/api/v1/probe/write").status_code == 200
    with house.tenant() as session:
        assert session.get(Asset, 1).name == "Batterie 1"


def test_roles_of_people_never_include_the_collectors_right():
    assert all(Permission.INGEST not in MATRIX[role] for role in Role)
