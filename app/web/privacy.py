"""Personal information: who answers for it, one's own copy, and the register of incidents."""

from typing import Any

from flask import Blueprint, Response, flash, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select

from app.clients import users
from app.core import audit
from app.core.access import Permission, public, requires
from app.core.journal import record
from app.core.models import Incident, User
from app.core.privacy import personal_data
from app.database.base import now_ms
from app.errors import Invalid, NotFound, sentence
from app.gateway.context import core_session, current_principal, engines, settings

from . import forms, spreadsheet
from .page import shell

blueprint = Blueprint("privacy", __name__)

LONGEST = 4000
COLUMNS = (
    "id",
    "occurred_at",
    "known_at",
    "facts",
    "persons",
    "serious",
    "measures",
    "notices",
    "closed_at",
)


@blueprint.get("/confidentialite")
@public
def policy() -> ResponseReturnValue:
    """What is kept of whom, for how long, and who answers for it."""
    return render_template(
        "legal/privacy.html",
        officer=settings().privacy_officer,
        contact=settings().privacy_contact,
        kept_days=audit.KEPT_MS // audit.DAY_MS,
        address_days=audit.ADDRESSES_MS // audit.DAY_MS,
        known=current_user.is_authenticated,
    )


@blueprint.get("/profil/mes-donnees.json")
@requires(Permission.MANAGE_SELF)
def my_data() -> ResponseReturnValue:
    """All that is known of the caller, as a file programs can read."""
    known = personal_data(engines(), current_principal().id)
    response = Response(json.dumps(known), content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="trackingbms.json"'
    return response


@blueprint.get("/profil/mes-donnees")
@requires(Permission.MANAGE_SELF)
def mine() -> ResponseReturnValue:
    """What is known of the caller, and the form that corrects it."""
    return _mine()


@blueprint.post("/profil/mes-donnees")
@requires(Permission.MANAGE_SELF)
def correct() -> ResponseReturnValue:
    """Correct one's own name. An address is what one signs in with: an administrator changes it."""
    core = core_session(writes=True)
    user = core.get_one(User, current_principal().id)
    try:
        users.rectify(core, user, forms.text(request.form, "name", 120), user.email)
    except Invalid as error:
        return _mine(error), error.status
    record(core, current_principal(), "privacy.rectify", user.email, detail={"fields": ["name"]})
    core.commit()
    flash(gettext("Changes saved"))
    return redirect(url_for("privacy.mine"), code=303)


@blueprint.get("/admin/incidents")
@requires(Permission.SEE_SYSTEM)
def incidents() -> ResponseReturnValue:
    """The register of confidentiality incidents."""
    return _register()


@blueprint.post("/admin/incidents")
@requires(Permission.MANAGE_CLIENTS)
def report_incident() -> ResponseReturnValue:
    """Add one to the register. Nothing is ever removed from it."""
    try:
        told = _told()
    except Invalid as error:
        return _register(error), error.status
    core = core_session(writes=True)
    incident = Incident(occurred_at=now_ms(), **told)
    core.add(incident)
    core.flush()
    record(core, current_principal(), "incident.report", target=f"incident:{incident.id}")
    core.commit()
    flash(gettext("The incident is in the register"))
    return redirect(url_for("privacy.incidents"), code=303)


@blueprint.get("/admin/incidents/<int:incident_id>")
@requires(Permission.SEE_SYSTEM)
def incident(incident_id: int) -> ResponseReturnValue:
    """One incident, and the form that completes it."""
    return _incident(_find(incident_id))


@blueprint.post("/admin/incidents/<int:incident_id>")
@requires(Permission.MANAGE_CLIENTS)
def edit_incident(incident_id: int) -> ResponseReturnValue:
    """Complete an incident, close it or open it again; the journal says which fields changed."""
    core = core_session(writes=True)
    found = _find(incident_id, writes=True)
    try:
        told = _told()
    except Invalid as error:
        return _incident(found, error), error.status
    closed = request.form.get("closed") == "1"
    if closed != (found.closed_at is not None):
        told["closed_at"] = now_ms() if closed else None
    changed = sorted(name for name, value in told.items() if getattr(found, name) != value)
    for name in changed:
        setattr(found, name, told[name])
    detail = {"fields": changed}
    record(core, current_principal(), "incident.edit", f"incident:{incident_id}", detail=detail)
    core.commit()
    flash(gettext("Changes saved"))
    return redirect(url_for("privacy.incidents"), code=303)


@blueprint.get("/admin/incidents.csv")
@requires(Permission.SEE_SYSTEM)
def export_incidents() -> ResponseReturnValue:
    """The register as a file, for the commission."""
    found = core_session().scalars(select(Incident).order_by(Incident.id))
    rows = [[getattr(incident, name) for name in COLUMNS] for incident in found]
    response = Response(spreadsheet.document(COLUMNS, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="incidents.csv"'
    return response


def _mine(error: Invalid | None = None) -> str:
    known = personal_data(engines(), current_principal().id)
    return render_template(
        "legal/mine.html",
        known=known,
        name=request.form["name"] if error else known["person"]["name"],
        faults=error.fields if error else {},
        **shell("profile"),
    )


def _told() -> dict[str, Any]:
    """What the form says of an incident; raises Invalid."""
    facts = forms.text(request.form, "facts", LONGEST)
    persons = forms.whole(request.form, "persons") or 0
    if not facts:
        raise Invalid(
            "Some fields need attention.", fields={"facts": sentence("A text is needed.")}
        )
    return {
        "facts": facts,
        "persons": max(0, persons),
        "serious": request.form.get("serious") == "1",
        "measures": forms.text(request.form, "measures", LONGEST),
        "notices": forms.text(request.form, "notices", LONGEST),
    }


def _find(incident_id: int, writes: bool = False) -> Incident:
    found = core_session(writes).get(Incident, incident_id, with_for_update=writes or None)
    if found is None:
        raise NotFound("There is no such incident.")
    return found


def _incident(found: Incident, error: Invalid | None = None) -> str:
    return render_template(
        "legal/incident.html",
        incident=found,
        faults=error.fields if error else {},
        given=request.form if error else found,
        **shell("incidents"),
    )


def _register(error: Invalid | None = None) -> str:
    found = core_session().scalars(select(Incident).order_by(Incident.id.desc())).all()
    return render_template(
        "legal/incidents.html",
        incidents=found,
        faults=error.fields if error else {},
        given=request.form,
        **shell("incidents"),
    )
