"""MODULE CLIENT MANAGER: clients and people in numbers, opening a client, open invitations."""

from typing import Any

from flask import Response
from sqlalchemy import func, select, update

from app.clients.api.clients import ClientDocument, NewClient, document, open_entirely
from app.clients.tenants import LOCALES
from app.core.access import Permission
from app.core.models import Tenant, User
from app.gateway.context import core_session
from app.gateway.etags import shown
from app.gateway.schema import Choice, Schema, Text

from .base import Act, Module


class ClientsConfig(Schema):
    """What new clients begin with."""

    default_locale = Choice(*LOCALES)
    default_time_zone = Text(64, "America/Toronto", least=1)


def status() -> dict[str, Any]:
    """Clients by standing, people by role."""
    core = core_session()
    clients = select(Tenant.status, func.count()).group_by(Tenant.status)
    people = select(User.role, func.count()).group_by(User.role)
    return {
        "clients": dict(core.execute(clients).all()),
        "people": dict(core.execute(people).all()),
    }


def open_client(body: dict[str, Any]) -> Response:
    """Open a client with its own database."""
    return shown(document(open_entirely(body)), 201)


def end_invitations() -> dict[str, Any]:
    """End the links of everybody who was invited and has chosen no password yet."""
    waiting = update(User).where(User.password_hash.is_(None)).values(link_ver=User.link_ver + 1)
    return {"invitations": core_session(writes=True).execute(waiting).rowcount}


MODULE = Module(
    code="clients",
    status=status,
    data=Act(
        view=open_client,
        permission=Permission.MANAGE_CLIENTS,
        body=NewClient,
        answer=ClientDocument,
        status=201,
    ),
    config=ClientsConfig,
    reset=end_invitations,
)
