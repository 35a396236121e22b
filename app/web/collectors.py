"""Collectors: how each is doing, and adding one with a one-time code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from app.connector import collectors, rotation, wishes
from app.core.access import Permission, requires
from app.core.journal import record
from app.core.models import Claim, Collector
from app.database.base import now_ms
from app.errors import Invalid, NotFound
from app.gateway.context import core_session, current_principal, current_tenant, settings
from collector.wire.metrics import METRICS
from collector.wire.sending import ALWAYS, Sending

from . import forms, qr
from .chain import CLOCK_LIMIT_MS, COLLECTOR_SILENT_MS
from .page import shell

blueprint = Blueprint("collectors", __name__)


MOST_QUEUED = 60
"""Blocks waiting at a site that still pass for a short interruption."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A collector and its pill: `ok`, `warn`, `off`, `wait` (never seen)."""

    collector: Collector
    status: str
    clock_wrong: bool

    @property
    def word(self) -> str:
        """The status as it is said of a collector."""
        if self.collector.status != "active":
            return gettext("Revoked")
        if self.status == "ok":
            return gettext("In contact")
        if self.status == "warn":
            return gettext("To check")
        return gettext("Silent") if self.status == "off" else gettext("Never seen")

    @property
    def behind(self) -> bool:
        """Whether more waits at the site than a short interruption explains."""
        return self.collector.queued > MOST_QUEUED


@blueprint.get("/collecteurs")
@requires(Permission.SEE_COLLECTORS)
def listing() -> ResponseReturnValue:
    """Every collector: last contact, what it still holds, its clock, what was refused."""
    now = now_ms()
    found = collectors.listing(core_session(), current_tenant().id)
    standings = [standing(collector, now) for collector in found]
    return render_template("manage/collectors.html", standings=standings, **shell("collectors"))


@blueprint.get("/collecteurs/<int:collector_id>")
@requires(Permission.SEE_COLLECTORS)
def page(collector_id: int) -> ResponseReturnValue:
    """One collector: how it is, its key, what was asked of it and what came of that."""
    found = collectors.find(core_session(), current_tenant().id, collector_id)
    return _page(found, found.wish or Sending().to_json(), {})


@blueprint.post("/collecteurs/<int:collector_id>/envoi")
@requires(Permission.MANAGE_COLLECTORS)
def wish(collector_id: int) -> ResponseReturnValue:
    """Ask for longer pauses or fewer metrics, or, with nothing filled in, for nothing any more."""
    core = core_session(writes=True)
    given, faults = _wanted()
    try:
        if faults:
            raise Invalid("Some fields need attention.", fields=faults)
        found = wishes.wish(core, current_tenant().id, collector_id, given)
    except Invalid as error:
        found = collectors.find(core, current_tenant().id, collector_id)
        return _page(found, request.form, error.fields), error.status
    _record("collector.sending", found)
    core.commit()
    flash(gettext("%(name)s will be asked with its next push", name=found.name))
    return redirect(url_for("collectors.page", collector_id=collector_id), code=303)


@blueprint.post("/collecteurs/<int:collector_id>/cle")
@requires(Permission.MANAGE_COLLECTORS)
def change_key(collector_id: int) -> ResponseReturnValue:
    """Ask a collector for another key; both are accepted until the next one is used."""
    core = core_session(writes=True)
    found = rotation.ask(core, current_tenant().id, collector_id, now_ms())
    _record("collector.ask_key", found)
    core.commit()
    flash(gettext("%(name)s will change its key with its next push", name=found.name))
    return redirect(url_for("collectors.page", collector_id=collector_id), code=303)


@blueprint.get("/collecteurs/ajout")
@requires(Permission.MANAGE_COLLECTORS)
def add() -> ResponseReturnValue:
    """The form that asks for a name."""
    current_tenant()  # a super admin who entered no client has nobody to add one to
    return render_template("manage/claim.html", faults={}, **shell("collectors"))


@blueprint.post("/collecteurs/ajout")
@requires(Permission.MANAGE_COLLECTORS)
def claim() -> ResponseReturnValue:
    """Make a code and show it, once, with the commands to type at the site."""
    core, now, principal = core_session(writes=True), now_ms(), current_principal()
    tenant = current_tenant()
    name = forms.text(request.form, "name", 80)
    try:
        code = collectors.create_claim(core, tenant.id, name, principal.id, now)
    except Invalid as error:
        page = render_template("manage/claim.html", faults=error.fields, **shell("collectors"))
        return page, error.status
    made = collectors.find_claim(core, tenant.id, code)
    record(core, principal, "collector.claim", name, address=request.remote_addr or "")
    core.commit()
    portal = settings().public_url.rstrip("/")
    return render_template(
        "manage/claim.html",
        faults={},
        code=code,
        claim=made,
        minutes=collectors.CLAIM_MS // 60_000,
        portal=portal,
        square=qr.square(f"{portal}#{code}"),
        **shell("collectors"),
    )


@blueprint.get("/collecteurs/ajout/<int:claim_id>/etat")
@requires(Permission.MANAGE_COLLECTORS)
def claim_state(claim_id: int) -> ResponseReturnValue:
    """What became of a code: what the page that shows it asks until the collector speaks."""
    core = core_session()
    found = core.get(Claim, claim_id)
    if found is None or found.tenant_id != current_tenant().id:
        raise NotFound("There is no such code.")
    collector = core.get(Collector, found.collector_id) if found.collector_id else None
    if collector is None:
        expired = found.expires_at <= now_ms()
        text = (
            gettext("This code has expired.") if expired else gettext("Waiting for the collector")
        )
        return jsonify(status="off" if expired else "wait", text=text, done=expired)
    if collector.last_seen is None:
        text = gettext("%(name)s has enrolled; waiting for its first data", name=collector.name)
        return jsonify(status="info", text=text, done=False)
    text = gettext("%(name)s is connected and sends data", name=collector.name)
    return jsonify(status="ok", text=text, done=True)


@blueprint.post("/collecteurs/<int:collector_id>/revoquer")
@requires(Permission.MANAGE_COLLECTORS)
def revoke(collector_id: int) -> ResponseReturnValue:
    """Take a collector's key back; what it still holds stays with it."""
    core = core_session(writes=True)
    collector = collectors.revoke(core, current_tenant().id, collector_id)
    _record("collector.revoke", collector)
    core.commit()
    flash(gettext("The key of %(name)s has been revoked", name=collector.name))
    return redirect(url_for("collectors.listing"), code=303)


def standing(collector: Collector, now: int) -> Standing:
    """Judge a collector by its last contact, its clock and what was refused of it."""
    offset = collector.clock_offset_ms
    clock_wrong = offset is not None and abs(offset) > CLOCK_LIMIT_MS
    if collector.status != "active":
        status = "off"
    elif collector.last_seen is None:
        status = "wait"
    elif now - collector.last_seen > COLLECTOR_SILENT_MS:
        status = "off"
    else:
        status = "warn" if clock_wrong else "ok"
    return Standing(collector, status, clock_wrong)


def _record(action: str, collector: Collector) -> None:
    address = request.remote_addr or ""
    record(core_session(writes=True), current_principal(), action, collector.name, address=address)


def _page(collector: Collector, asked: Mapping[str, Any], faults: Mapping[str, str]) -> str:
    left_out = asked.getlist("without") if isinstance(asked, MultiDict) else asked["without"]
    return render_template(
        "manage/collector.html",
        each=standing(collector, now_ms()),
        wish=collectors.wish_standing(collector),
        asked=asked,
        left_out=set(left_out),
        metrics=[code for code, each in METRICS.items() if code not in ALWAYS and not each.derive],
        faults=faults,
        **shell("collectors"),
    )


def _wanted() -> tuple[dict[str, Any] | None, dict[str, str]]:
    """What the form asks for, None for nothing, and what is wrong with it."""
    pauses, faults, usual = {}, {}, Sending()
    for name in ("shortest", "longest"):
        try:
            pauses[name] = forms.decimal(request.form, name)
        except Invalid as error:
            faults |= error.fields
    without = request.form.getlist("without")
    if not without and not any(pauses.values()) and not faults:
        return None, {}
    if pauses.get("shortest") is None:
        pauses["shortest"] = usual.shortest
    if pauses.get("longest") is None:
        pauses["longest"] = max(usual.longest, pauses["shortest"])
    return {**pauses, "without": without}, faults
