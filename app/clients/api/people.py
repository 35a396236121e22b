"""People of a client: listed, added, edited, and the batteries assigned to them."""

from typing import Any

from flask import Response

from app.core.access import Permission
from app.core.models import User
from app.errors import sentence
from app.gateway.context import (
    cache,
    core_session,
    current_principal,
    current_tenant,
    tenant_session,
)
from app.gateway.etags import expect, shown
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Many, Schema, Secret, Text, Whole
from app.gateway.writing import commit_client, commit_core

from .. import membership, users
from ..membership import ROLES, STATUSES

blueprint = Resources("users", __name__, "The people of a client.")

SORTS = {"id": User.id, "created_at": User.created_at}
LOCALES = ("fr", "en")
MOST_GRANTS = 1000


class UserDocument(Schema):
    """Somebody of a client."""

    id = Whole(1, example=2, required=True)
    email = Text(254, "bob@laurentia.example", required=True)
    name = Text(120, "Bob", required=True)
    role = Choice(*ROLES, required=True)
    status = Choice(*STATUSES, required=True)
    locale = Choice(*LOCALES, required=True, allow_none=True)
    created_at = Whole(example=1_767_225_600_000, required=True, about="Epoch milliseconds, UTC.")
    last_sign_in = Whole(example=1_767_225_600_000, required=True, allow_none=True)


class UserEdit(Schema):
    """What is to be changed; what is absent stays."""

    name = Text(120, "Bob", least=1)
    role = Choice(*ROLES)
    status = Choice(*STATUSES)
    locale = Choice(*LOCALES, allow_none=True)


class NewUser(Schema):
    """Somebody new, with a password to hand over."""

    email = Text(254, "dana@laurentia.example", least=3, required=True)
    name = Text(120, "Dana", least=1, required=True)
    role = Choice(*ROLES, example="reader", required=True)
    password = Secret(12, 256, "correct horse battery", required=True)
    locale = Choice(*LOCALES)


class Grants(Schema):
    """The batteries assigned to somebody. They count for the role `user` alone."""

    assets = Many(Whole(1, example=1), MOST_GRANTS, required=True, about="Ids of batteries.")


@blueprint.operation(
    "GET",
    "/users",
    Permission.MANAGE_USERS,
    sentence("List people"),
    query=listing(UserDocument, tuple(SORTS), role=Choice(*ROLES), status=Choice(*STATUSES)),
    answer=page_of(UserDocument),
)
def list_users(query: dict[str, Any]) -> dict[str, Any]:
    """The people of the caller's client."""
    found = membership.people_of(current_tenant().id, query.get("role"), query.get("status"))
    return page(core_session(), found, SORTS, User.id, query, document)


@blueprint.operation(
    "GET",
    "/users/<int:user_id>",
    Permission.MANAGE_USERS,
    sentence("Read a person"),
    answer=UserDocument,
)
def read_user(user_id: int) -> Response:
    """Somebody of the client, with the tag that editing needs."""
    return shown(document(membership.person(core_session(), current_tenant().id, user_id)))


@blueprint.operation(
    "POST",
    "/users",
    Permission.MANAGE_USERS,
    sentence("Add a person"),
    body=NewUser,
    answer=UserDocument,
    status=201,
)
def add_user(body: dict[str, Any]) -> Response:
    """Add somebody to the caller's client."""
    core = core_session(writes=True)
    user = users.create_user(core, tenant_id=current_tenant().id, **body)
    commit_core(core, "user.create", f"user:{user.id}", {"role": user.role})
    return shown(document(user), 201)


@blueprint.operation(
    "PATCH",
    "/users/<int:user_id>",
    Permission.MANAGE_USERS,
    sentence("Edit a person"),
    body=UserEdit,
    answer=UserDocument,
    edits=True,
)
def edit_user(body: dict[str, Any], user_id: int) -> Response:
    """Change what is given; a new role or an end signs the person out everywhere."""
    core = core_session(writes=True)
    user = membership.person(core, current_tenant().id, user_id, lock=True)
    expect(document(user))
    membership.edit_person(core, user, body, by=current_principal().id)
    commit_core(core, "user.edit", f"user:{user.id}", {"fields": sorted(body)})
    return shown(document(user))


@blueprint.operation(
    "GET",
    "/users/<int:user_id>/assets",
    Permission.MANAGE_USERS,
    sentence("Read which batteries are assigned"),
    answer=Grants,
)
def read_grants(user_id: int) -> Response:
    """The batteries assigned to somebody, with the tag that replacing them needs."""
    membership.person(core_session(), current_tenant().id, user_id)
    return shown(_grants(user_id))


@blueprint.operation(
    "PUT",
    "/users/<int:user_id>/assets",
    Permission.MANAGE_USERS,
    sentence("Assign batteries"),
    body=Grants,
    answer=Grants,
    edits=True,
)
def assign(body: dict[str, Any], user_id: int) -> Response:
    """Let somebody see exactly these batteries."""
    tenant = current_tenant()
    membership.person(core_session(), tenant.id, user_id)
    session = tenant_session(writes=True)
    expect(_grants(user_id, writes=True))
    membership.set_granted(session, user_id, body["assets"])
    commit_client(
        session, "user.assign", f"user:{user_id}", {"assets": sorted(set(body["assets"]))}
    )
    cache().delete(f"scope:{tenant.id}:{user_id}")
    return shown(_grants(user_id, writes=True))


def _grants(user_id: int, writes: bool = False) -> dict[str, Any]:
    return {"assets": sorted(users.granted(tenant_session(writes=writes), user_id))}


def document(user: User) -> dict[str, Any]:
    """Somebody as `UserDocument` describes them."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "status": user.status,
        "locale": user.locale,
        "created_at": user.created_at,
        "last_sign_in": user.last_sign_in,
    }
