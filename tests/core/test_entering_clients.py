"""A super admin enters a client on purpose; nobody else ever sees another client."""

import pytest

from app.core import auth
from app.core.access import Permission, Role
from app.core.models import Tenant, User, UserSession
from app.errors import NotFound


@pytest.fixture
def core(house):
    with house.core() as core:
        yield core


def session_of(core, house, name):
    token = auth.start_session(core, core.get(User, house.persona(name).id))
    core.commit()
    core.expunge_all()
    return token, auth.find_session(core, token)


def test_entering_and_leaving_change_the_client_of_the_session(core, house):
    token, session = session_of(core, house, "sam")
    assert auth.principal_of(house.engines, session).tenant is None

    assert auth.enter_tenant(core, session, 2).slug == "boreal"
    core.commit()
    core.expunge_all()
    session = auth.find_session(core, token)
    principal = auth.principal_of(house.engines, session)
    assert principal.tenant == house.refs["boreal"]
    assert principal.role is Role.SUPER_ADMIN

    auth.leave_tenant(core, session)
    core.commit()
    core.expunge_all()
    assert auth.principal_of(house.engines, auth.find_session(core, token)).tenant is None


@pytest.mark.sqlite_only
def test_only_open_clients_can_be_entered(core, house):
    _, session = session_of(core, house, "sam")
    core.add(Tenant(id=3, slug="new", name="New", time_zone="UTC", status="provisioning"))
    core.flush()
    for number in (3, 4, -1):
        with pytest.raises(NotFound):
            auth.enter_tenant(core, session, number)


@pytest.mark.sqlite_only
def test_everybody_elses_client_is_their_own_whatever_the_row_says(core, house):
    for name in ("alice", "bob", "carol"):
        _, session = session_of(core, house, name)
        core.get(UserSession, session.token_hash).entered_tenant_id = 2
        core.flush()
        core.refresh(session)
        assert auth.principal_of(house.engines, session).tenant == house.refs["laurentia"]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("name", ["alice", "bob", "carol", "sam", "mallory"])
def test_principals_carry_what_their_role_may(core, house, name):
    _, session = session_of(core, house, name)
    principal = auth.principal_of(house.engines, session)
    assert principal == house.principal(name)
    assert not principal.may(Permission.INGEST)
