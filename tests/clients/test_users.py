"""People: who can be added, and which batteries each may see."""

import pytest
from sqlalchemy import select

from app.clients import users
from app.clients.models import Asset
from app.core.access import EVERY_ASSET, Role
from app.core.auth import authenticate
from app.errors import Conflict, Invalid, NotFound

PASSWORD = "une phrase assez longue"


def test_a_new_person_can_sign_in_whatever_the_case_of_the_address(house):
    with house.core() as core:
        users.create_user(core, " Nora@Laurentia.EXAMPLE ", "Nora", Role.USER, PASSWORD, 1)
        assert authenticate(core, "NORA@laurentia.example", PASSWORD).name == "Nora"


def test_an_address_is_given_once(house):
    with house.core() as core, pytest.raises(Conflict) as caught:
        users.create_user(core, "ALICE@laurentia.example", "Autre", "reader", PASSWORD, 2)
    assert caught.value.code == "email_taken"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("email", {"email": "pas-un-courriel"}),
        ("email", {"email": "deux@arobas@x.example"}),
        ("name", {"name": " "}),
        ("role", {"role": "owner"}),
        ("role", {"role": Role.SUPER_ADMIN}),
        ("role", {"tenant_id": None}),
        ("tenant", {"tenant_id": 99}),
        ("password", {"password": "onze-signes"}),
        ("password", {"password": "x" * 257}),
    ],
)
def test_what_cannot_be_is_named_by_field(house, field, changes):
    given = {
        "email": "nora@laurentia.example",
        "name": "Nora",
        "role": Role.USER,
        "password": PASSWORD,
        "tenant_id": 1,
    }
    with house.core() as core, pytest.raises(Invalid) as caught:
        users.create_user(core, **(given | changes))
    assert set(caught.value.fields) == {field}


def test_a_scope_is_what_was_granted_and_not_withdrawn(house):
    bob, third = house.principal("bob"), house.asset("EDS-LFP-0003")
    assert users.scope_of(house.engines, bob) == frozenset({1, 2})
    with house.tenant(writes=True) as session:
        users.grant(session, bob.id, [2, third])
        users.withdraw(session, bob.id, [1])
        session.commit()
    assert users.scope_of(house.engines, bob) == frozenset({2, third})
    with house.tenant(scope=users.scope_of(house.engines, bob)) as session:
        assert set(session.scalars(select(Asset.id))) == {2, third}


@pytest.mark.parametrize("name", ["alice", "carol"])
def test_roles_without_assignment_see_the_whole_client(house, name):
    assert users.scope_of(house.engines, house.principal(name)) is EVERY_ASSET


def test_a_grant_of_what_does_not_exist_grants_nothing(house):
    with house.tenant(writes=True) as session:
        with pytest.raises(NotFound):
            users.grant(session, 3, [1, 999])
        assert users.granted(session, 3) == frozenset()
