"""The super admins' area: every client, and the explicit, recorded way into one."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.clients.catalogue import pending_count
from app.clients.models import Asset
from app.clients.tenants import ref_of
from app.core import audit, auth
from app.core.access import EVERY_ASSET, Permission, requires
from app.core.journal import record
from app.core.models import AuditEntry, Collector, Tenant, User
from app.database.base import now_ms
from app.database.sessions import open_tenant
from app.errors import Invalid
from app.gateway.context import core_session, current_principal, engines
from app.gateway.identify import demand_fresh, remember

from . import forms
from .chain import COLLECTOR_SILENT_MS
from .page import shell

blueprint = Blueprint("platform", __name__)

SHOWN_ENTRIES = 12


@dataclass(frozen=True, slots=True)
class Client:
    """A client in a few numbers. `batteries` None: its database did not answer."""

    tenant: Tenant
    people: int
    collectors: int
    answering: int
    last_seen: int | None
    batteries: int | None
    pending: int | None

    @property
    def mark(self) -> str:
        """The sign its status is drawn with."""
        return {"active": "ok", "provisioning": "wait"}.get(self.tenant.status, "off")


@blueprint.get("/admin/clients")
@requires(Permission.SEE_CLIENTS)
def clients() -> ResponseReturnValue:
    """Every client, with the journal of what super admins did."""
    return _page()


@blueprint.post("/admin/clients/<int:tenant_id>/entrer")
@requires(Permission.ENTER_CLIENT)
def enter(tenant_id: int) -> ResponseReturnValue:
    """Go into a client for half an hour, to look or to change, for a reason its journal keeps."""
    reason, writes = forms.text(request.form, "reason"), request.form.get("mode") == "write"
    if not reason:
        return _page(tenant_id), Invalid.status
    if writes:
        demand_fresh()
    core = core_session(writes=True)
    tenant = auth.enter_tenant(core, current_user.session, tenant_id, writes)
    token = auth.renew_session(core, current_user.session.token_hash)
    record(
        core,
        current_principal(),
        "tenant.enter",
        target=tenant.slug,
        tenant_id=tenant.id,
        detail={"reason": reason, "mode": "write" if writes else "read"},
        address=request.remote_addr or "",
    )
    core.commit()
    return remember(redirect(url_for("fleet.dashboard"), code=303), token)


@blueprint.post("/admin/quitter")
@requires(Permission.ENTER_CLIENT)
def leave() -> ResponseReturnValue:
    """Leave the client entered."""
    principal = current_principal()
    core = core_session(writes=True)
    auth.leave_tenant(core, current_user.session)
    token = auth.renew_session(core, current_user.session.token_hash)
    if principal.tenant:
        record(core, principal, "tenant.leave", target=principal.tenant.slug)
        flash(gettext("You have left %(client)s", client=principal.tenant.name))
    core.commit()
    return remember(redirect(url_for("platform.clients"), code=303), token)


def _page(wrong_id: int | None = None) -> str:
    core = core_session()
    latest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(SHOWN_ENTRIES)
    journal = core.scalars(latest).all()
    return render_template(
        "platform/clients.html",
        super_area=True,
        clients=_clients(core, now_ms()),
        journal=journal,
        people=audit.names(core, journal),
        names={tenant.id: tenant.name for tenant in core.scalars(select(Tenant))},
        wrong_id=wrong_id,
        icon_of=_icon,
        **shell("clients"),
    )


def _icon(action: str) -> str:
    """What an entry of the journal is drawn with."""
    return {"session": "key", "tenant": "eye"}.get(action.partition(".")[0], "report")


def _clients(core: Session, now: int) -> list[Client]:
    people = dict(core.execute(select(User.tenant_id, func.count()).group_by(User.tenant_id)).all())
    seen: dict[int, list[int | None]] = {}
    active = select(Collector.tenant_id, Collector.last_seen).where(Collector.status == "active")
    for tenant_id, last in core.execute(active):
        seen.setdefault(tenant_id, []).append(last)
    found = []
    for tenant in core.scalars(select(Tenant).order_by(Tenant.name)):
        times = seen.get(tenant.id, [])
        known = [last for last in times if last is not None]
        batteries, pending = _fleet_size(tenant)
        found.append(
            Client(
                tenant=tenant,
                people=people.get(tenant.id, 0),
                collectors=len(times),
                answering=sum(now - last <= COLLECTOR_SILENT_MS for last in known),
                last_seen=max(known, default=None),
                batteries=batteries,
                pending=pending,
            )
        )
    return found


def _fleet_size(tenant: Tenant) -> tuple[int | None, int | None]:
    """How many batteries a client has, and how many wait; unknown while its database is away."""
    if tenant.status != "active":
        return None, None
    try:
        with open_tenant(engines(), ref_of(engines(), tenant), EVERY_ASSET) as session:
            counted = select(func.count(Asset.id)).where(Asset.status == "active")
            return session.scalar(counted) or 0, pending_count(session)
    except SQLAlchemyError:
        return None, None
