"""Personal information: who answers for it, one's own copy, and the register of incidents."""

from flask import Blueprint, Response, flash, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select

from app.core import audit
from app.core.access import Permission, public, requires
from app.core.journal import record
from app.core.models import Incident
from app.core.privacy import personal_data
from app.database.base import now_ms
from app.errors import Invalid, sentence
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


@blueprint.get("/admin/incidents")
@requires(Permission.SEE_SYSTEM)
def incidents() -> ResponseReturnValue:
    """The register of confidentiality incidents."""
    return _register()


@blueprint.post("/admin/incidents")
@requires(Permission.MANAGE_CLIENTS)
def report_incident() -> ResponseReturnValue:
    """Add one to the register. Nothing is ever removed from it."""
    facts = forms.text(request.form, "facts", LONGEST)
    try:
        persons = forms.whole(request.form, "persons") or 0
        if not facts:
            raise Invalid(
                "Some fields need attention.", fields={"facts": sentence("A text is needed.")}
            )
    except Invalid as error:
        return _register(error), error.status
    core = core_session(writes=True)
    incident = Incident(
        occurred_at=now_ms(),
        facts=facts,
        persons=max(0, persons),
        serious=request.form.get("serious") == "1",
        measures=forms.text(request.form, "measures", LONGEST),
        notices=forms.text(request.form, "notices", LONGEST),
    )
    core.add(incident)
    core.flush()
    record(core, current_principal(), "incident.report", target=f"incident:{incident.id}")
    core.commit()
    flash(gettext("The incident is in the register"))
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


def _register(error: Invalid | None = None) -> str:
    found = core_session().scalars(select(Incident).order_by(Incident.id.desc())).all()
    return render_template(
        "legal/incidents.html",
        incidents=found,
        faults=error.fields if error else {},
        given=request.form,
        **shell("incidents"),
    )
