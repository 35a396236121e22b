"""Custom fields: the page that looks after them, and the one that fills them in for a battery."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients import editing, fields, tags
from app.clients.field_kinds.base import kinds
from app.clients.field_models import CustomField
from app.clients.models import Battery
from app.core.access import Permission, requires
from app.database.base import now_ms
from app.errors import AppError, Changed, Conflict, Invalid
from app.gateway.context import tenant_session
from app.gateway.language import current_locale
from app.gateway.writing import commit_client

from . import battery as batteries
from . import format as fmt
from . import forms
from .page import shell

blueprint = Blueprint("custom", __name__)

FLAGS = ("required", "searchable", "filterable", "listed")


@blueprint.app_template_filter("written")
def written(text: str) -> str:
    """A number as it is kept → as people here write it, with the digits it has."""
    digits = len(text.partition(".")[2])
    return fmt.number(float(text), digits, False, current_locale())


@blueprint.get("/champs")
@requires(Permission.SEE_FLEET)
def listing() -> ResponseReturnValue:
    """Every field in the client's order, every tag, and the form that adds a field."""
    return _page()


@blueprint.get("/champs/<int:field_id>")
@requires(Permission.MANAGE_FLEET)
def one(field_id: int) -> ResponseReturnValue:
    """The same, with one field open to be changed."""
    return _page(fields.field(tenant_session(), field_id))


@blueprint.post("/champs")
@requires(Permission.MANAGE_FLEET)
def add() -> ResponseReturnValue:
    """Add a field."""
    session = tenant_session(writes=True)
    try:
        row = fields.create(session, {"kind": request.form.get("kind", ""), **_changes()})
    except (Invalid, Conflict) as error:
        session.rollback()
        return _page(error=error), error.status
    commit_client(session, "field.create", row.code, {"kind": row.kind})
    return _back(gettext("Field added"))


@blueprint.post("/champs/<int:field_id>")
@requires(Permission.MANAGE_FLEET)
def save(field_id: int) -> ResponseReturnValue:
    """Change a field, unless somebody has changed it since the form was opened."""
    session = tenant_session(writes=True)
    row = fields.field(session, field_id, lock=True)
    try:
        _expect_version(row.version)
        fields.edit(session, row, _changes())
    except (Invalid, Conflict, Changed) as error:
        session.rollback()
        return _page(fields.field(tenant_session(), field_id), error), error.status
    commit_client(session, "field.edit", row.code)
    return _back(gettext("Field saved"))


@blueprint.post("/champs/<int:field_id>/place")
@requires(Permission.MANAGE_FLEET)
def move(field_id: int) -> ResponseReturnValue:
    """Move a field up or down."""
    session = tenant_session(writes=True)
    row = fields.field(session, field_id, lock=True)
    fields.move(session, row, -1 if request.form.get("way") == "up" else 1)
    commit_client(session, "field.edit", row.code, {"fields": ["position"]})
    return redirect(url_for("custom.listing"), code=303)


@blueprint.post("/champs/<int:field_id>/supprimer")
@requires(Permission.MANAGE_FLEET)
def remove(field_id: int) -> ResponseReturnValue:
    """Remove a field and all it says, once its name has been typed."""
    session = tenant_session(writes=True)
    row = fields.field(session, field_id, lock=True)
    code, called = row.code, {row.label_fr, row.label_en}
    try:
        if request.form.get("confirm", "").strip() not in called:
            raise Conflict("Type the name of the field to remove it.", code="unconfirmed")
        count = fields.remove(session, row)
    except Conflict as error:
        session.rollback()
        return _page(fields.field(tenant_session(), field_id), error), error.status
    commit_client(session, "field.remove", code, {"values": count})
    return _back(gettext("Field removed"))


@blueprint.post("/etiquettes/<int:tag_id>")
@requires(Permission.MANAGE_FLEET)
def change_tag(tag_id: int) -> ResponseReturnValue:
    """Rename a tag, or remove it from every battery."""
    session = tenant_session(writes=True)
    row = tags.tag(session, tag_id)
    name = row.name
    try:
        if request.form.get("what") == "remove":
            tags.remove(session, row)
            action, done = "tag.remove", gettext("Tag removed")
        else:
            tags.rename(session, row, forms.line(request.form, "name"))
            action, done = "tag.edit", gettext("Tag renamed")
    except (Invalid, Conflict) as error:
        session.rollback()
        return _back(gettext(error.text), "error")
    except ValueError as error:
        session.rollback()
        return _back(gettext(str(error)), "error")
    commit_client(session, action, name)
    return _back(done)


@blueprint.get("/batteries/<int:asset_id>/champs")
@requires(Permission.SEE_FLEET)
def of_battery(asset_id: int) -> ResponseReturnValue:
    """What the fields say of a battery; a form for those who may change it."""
    return _battery_page(asset_id)


@blueprint.post("/batteries/<int:asset_id>/champs")
@requires(Permission.MANAGE_FLEET)
def save_battery(asset_id: int) -> ResponseReturnValue:
    """Keep what was typed, unless somebody has changed the battery since the form was opened."""
    session = tenant_session(writes=True)
    row = editing.lock(session, Battery, asset_id)
    try:
        _expect_version(row.version)
        if changed := fields.write(session, row, _typed(session)):
            editing.edit_battery(session, row, {})
    except (Invalid, Conflict, Changed) as error:
        session.rollback()
        return _battery_page(asset_id, error), error.status
    if changed:
        commit_client(session, "battery.edit", row.uid, {"fields": changed})
    flash(gettext("Details saved"))
    return redirect(url_for("custom.of_battery", asset_id=asset_id), code=303)


def _typed(session) -> dict[int, str]:
    """The texts of the form by field; Invalid for characters that cannot be kept."""
    found, wrong = {}, {}
    for row in fields.every(session):
        name = f"champ_{row.id}"
        if name in request.form:
            try:
                found[row.id] = forms.line(request.form, name, lines=row.kind == "notes")
            except Invalid as error:
                wrong[row.code] = error.fields[name]
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    gone = {name[6:] for name in request.form if name.startswith("champ_")} - set(map(str, found))
    if any(request.form.get(f"champ_{key}") for key in gone):
        raise Conflict("A field has been removed meanwhile.", code="field_removed")
    return found


def _expect_version(version: int) -> None:
    if request.form.get("version") != str(version):
        raise Changed("Somebody has changed this meanwhile: compare, then save again.")


def _changes() -> dict[str, Any]:
    form = request.form
    changes: dict[str, Any] = {name: name in form for name in FLAGS}
    changes |= {name: forms.line(form, name) for name in ("label_fr", "label_en")}
    if "choices" in form:
        changes["choices"] = forms.line(form, "choices", lines=True).splitlines()
    return changes


def _page(opened: CustomField | None = None, error: AppError | None = None) -> str:
    session = tenant_session()
    return render_template(
        "manage/fields.html",
        fields=fields.every(session),
        usage=fields.usage(session),
        opened=opened,
        choice_usage=fields.choice_usage(session, opened) if opened else {},
        kinds=kinds(),
        tags=tags.every(session),
        counts=tags.counts(session),
        flags=FLAGS,
        **_refused(error),
        **shell("fields"),
    )


def _battery_page(asset_id: int, error: AppError | None = None) -> str:
    session = tenant_session()
    shown = batteries.frame(asset_id, "fields", now_ms())
    rows = fields.every(session)
    said = fields.values(session, [shown["battery"]], rows)[asset_id]
    typed = {row.id: request.form.get(f"champ_{row.id}", said.get(row.id, "")) for row in rows}
    return render_template(
        "fleet/battery_fields.html",
        fields=rows,
        said=said,
        typed=typed if error else said,
        differing=[row for row in rows if typed[row.id].strip() != said.get(row.id, "")]
        if isinstance(error, Changed)
        else [],
        kinds=kinds(),
        **_refused(error),
        **shown,
    )


def _refused(error: AppError | None) -> dict[str, Any]:
    return {
        "problem": gettext(error.text, **error.params) if error else "",
        "faults": error.fields if isinstance(error, Invalid) else {},
        "answers": request.form if error else {},
    }


def _back(text: str, category: str = "message") -> ResponseReturnValue:
    flash(text, category)
    return redirect(url_for("custom.listing"), code=303)
