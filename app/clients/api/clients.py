"""Clients, as super admins keep them: listed, opened, edited, suspended."""

from typing import Any

from flask import Response
from sqlalchemy import select

from app.core.access import Permission
from app.core.models import Tenant
from app.errors import NotFound, sentence
from app.gateway.context import configured, core_session, engines
from app.gateway.etags import expect, shown
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Schema, Text, Whole
from app.gateway.writing import commit_core

from .. import tenants

blueprint = Resources("clients", __name__, "Clients of the platform, for super admins.")

SORTS = {"name": Tenant.name, "slug": Tenant.slug, "id": Tenant.id}
STATUSES = ("provisioning", "active", "suspended", "closed")


class ClientDocument(Schema):
    """A client of the platform."""

    id = Whole(1, example=1, required=True)
    slug = Text(40, "laurentia", required=True)
    name = Text(120, "Groupe Laurentia", required=True)
    status = Choice(*STATUSES, example="active", required=True)
    locale = Choice(*tenants.LOCALES, required=True)
    time_zone = Text(64, "America/Toronto", required=True)
    created_at = Whole(example=1_767_225_600_000, required=True, about="Epoch milliseconds, UTC.")


class NewClient(Schema):
    """A client to open. Its short name names it for good."""

    slug = Text(40, "nordet", least=1, required=True)
    name = Text(120, "Énergie Nordet", least=1, required=True)
    locale = Choice(*tenants.LOCALES)
    time_zone = Text(64, "America/Toronto")


class ClientEdit(Schema):
    """What is to be changed; what is absent stays."""

    name = Text(120, "Groupe Laurentia", least=1)
    locale = Choice(*tenants.LOCALES)
    time_zone = Text(64, "America/Toronto")
    status = Choice("active", "suspended", about="Suspended: nobody of it can sign in.")


@blueprint.operation(
    "GET",
    "/clients",
    Permission.SEE_CLIENTS,
    sentence("List clients"),
    query=listing(ClientDocument, tuple(SORTS), status=Choice(*STATUSES)),
    answer=page_of(ClientDocument),
)
def list_clients(query: dict[str, Any]) -> dict[str, Any]:
    """Every client of the platform."""
    statement = select(Tenant)
    if "status" in query:
        statement = statement.where(Tenant.status == query["status"])
    return page(core_session(), statement, SORTS, Tenant.id, query, document)


@blueprint.operation(
    "GET",
    "/clients/<int:tenant_id>",
    Permission.SEE_CLIENTS,
    sentence("Read a client"),
    answer=ClientDocument,
)
def read_client(tenant_id: int) -> Response:
    """One client, with the tag that editing it needs."""
    return shown(document(_client(tenant_id)))


@blueprint.operation(
    "POST",
    "/clients",
    Permission.MANAGE_CLIENTS,
    sentence("Open a client"),
    body=NewClient,
    answer=ClientDocument,
    status=201,
)
def open_client(body: dict[str, Any]) -> Response:
    """Open a client with its own database. Sent again after a failure, it goes on from there."""
    return shown(document(open_entirely(body)), 201)


@blueprint.operation(
    "PATCH",
    "/clients/<int:tenant_id>",
    Permission.MANAGE_CLIENTS,
    sentence("Edit a client"),
    body=ClientEdit,
    answer=ClientDocument,
    edits=True,
)
def edit_client(body: dict[str, Any], tenant_id: int) -> Response:
    """Change what is given of a client; suspending it lets none of its people in."""
    core = core_session(writes=True)
    tenant = _client(tenant_id, writes=True)
    expect(document(tenant))
    tenants.edit_tenant(core, tenant, body)
    commit_core(core, "tenant.edit", tenant.slug, {"fields": sorted(body)}, tenant.id)
    return shown(document(tenant))


def open_entirely(body: dict[str, Any]) -> Tenant:
    """The client's row, committed alone so that a failure can be resumed; then its database."""
    core, settings = core_session(writes=True), configured()
    usual = {"locale": settings.default_locale, "time_zone": settings.default_time_zone}
    tenant = tenants.register(core, **usual | body)
    core.commit()
    tenants.activate(core, engines(), tenant)
    commit_core(core, "tenant.create", tenant.slug, tenant_id=tenant.id)
    return tenant


def _client(tenant_id: int, writes: bool = False) -> Tenant:
    statement = select(Tenant).where(Tenant.id == tenant_id)
    if writes:
        statement = statement.with_for_update()
    tenant = core_session(writes).scalar(statement)
    if tenant is None:
        raise NotFound("There is no such client.")
    return tenant


def document(tenant: Tenant) -> dict[str, Any]:
    """A client as `ClientDocument` describes it."""
    return {
        "id": tenant.id,
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status,
        "locale": tenant.locale,
        "time_zone": tenant.time_zone,
        "created_at": tenant.created_at,
    }
