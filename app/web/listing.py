"""The list of batteries: narrowed, in columns of one's choice, kept as views, changed in bulk."""

from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy import func, select

from app.clients import bulk, catalogue, fields, tags, views
from app.clients.field_models import CustomField, SavedView
from app.clients.models import Battery
from app.clients.narrowing import narrowed, responsible_people
from app.core.access import Permission, requires
from app.database.base import now_ms
from app.errors import AppError, Conflict, Invalid
from app.gateway.context import current_principal, tenant_session
from app.gateway.language import current_locale
from app.gateway.writing import commit_client
from app.processor.live import snapshot

from . import board, filters, forms
from .board import Row
from .filters import Filters
from .fleet import blueprint
from .labels import STATUSES
from .page import live, shell, zone

PAGE_SIZE = 50
ACTIONS = {"tag": bulk.tag, "untag": bulk.untag, "assign": bulk.assign, "move": bulk.move}
PLACE = "page"
"""The parameter that says where in the list one is: no filter, and no part of a view."""


@blueprint.get("/batteries")
@requires(Permission.SEE_FLEET)
def batteries() -> ResponseReturnValue:
    """The list, narrowed by what the address says; worst first."""
    return _page(_filters())


@blueprint.post("/batteries/vues")
@requires(Permission.MANAGE_SELF)
def save_view() -> ResponseReturnValue:
    """Keep the filters and columns of the list under a name."""
    session, form = tenant_session(writes=True), request.form
    shared = bool(form.get("shared")) and current_principal().may(Permission.MANAGE_FLEET)
    kept = _query(form.get("suite", ""))
    try:
        row = views.save(session, _me(), form.get("name", ""), kept, shared)
    except (Invalid, Conflict) as error:
        session.rollback()
        return _back(_told(error), kept, "error")
    commit_client(session, "view.save", row.name)
    return _back(gettext("View saved"), kept)


@blueprint.post("/batteries/vues/<int:view_id>/supprimer")
@requires(Permission.MANAGE_SELF)
def remove_view(view_id: int) -> ResponseReturnValue:
    """Forget a view."""
    session = tenant_session(writes=True)
    row = views.view(session, view_id, _me())
    name = row.name
    views.remove(session, row, _me(), current_principal().may(Permission.MANAGE_FLEET))
    commit_client(session, "view.remove", name)
    return _back(gettext("View removed"), {})


@blueprint.post("/batteries/lot")
@requires(Permission.MANAGE_FLEET)
def change_many() -> ResponseReturnValue:
    """Tag, assign or move the batteries chosen in the list: all of them, or none."""
    session, form = tenant_session(writes=True), request.form
    action, kept = form.get("what", ""), _query(form.get("suite", ""))
    try:
        rows = bulk.chosen(session, [int(text) for text in form.getlist("ids") if _is_id(text)])
        _apply(session, action, rows)
    except (Invalid, Conflict) as error:
        session.rollback()
        return _back(_told(error), kept, "error")
    detail = {"action": action, "batteries": [row.uid for row in rows][:100]}
    commit_client(session, "battery.bulk", f"{len(rows)}", detail)
    count = len(rows)
    return _back(ngettext("%(num)d battery changed", "%(num)d batteries changed", count), kept)


def _apply(session, action: str, rows: list[Battery]) -> None:
    form = request.form
    if action not in ACTIONS:
        raise Invalid("Choose what is to be done.", code="no_action")
    if action == "move":
        bulk.move(session, rows, forms.chosen(form, "location"))
    elif action == "assign":
        bulk.assign(session, rows, forms.line(form, "responsible"))
    else:
        ACTIONS[action](session, rows, forms.line(form, "tags"))


def _page(wanted: Filters) -> str:
    session, offered = tenant_session(), _choices(tenant_session())
    rows = rows_of(wanted)
    counts = Counter(row.status for row in rows)
    status = wanted.args.get("etat")
    status = status if status in STATUSES else None
    kept = [row for row in rows if row.status == status] if status else rows
    pages = max(1, -(-len(kept) // PAGE_SIZE))
    page = min(max(request.args.get(PLACE, 1, type=int), 1), pages)
    shown = kept[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return render_template(
        "fleet/batteries.html",
        rows=shown,
        said=fields.values(session, [row.asset for row in shown], _shown_fields(wanted)),
        found=len(kept),
        total=len(rows),
        counts=counts,
        wanted=status,
        page=page,
        pages=pages,
        first=(page - 1) * PAGE_SIZE + 1,
        filters=wanted,
        encoded=urlencode(wanted.args),
        relax=[] if kept else _relax(wanted, status),
        views=session.scalars(views.seen_by(_me())).all(),
        link=_link,
        open_view=_link_to,
        mine=_me(),
        columns=_columns(wanted),
        shown=wanted.columns,
        field_of={f"champ_{row.id}": row for row in wanted.fields},
        names=_names(wanted, offered),
        **offered,
        **shell("batteries"),
        **live(),
    )


def _choices(session) -> dict[str, Any]:
    """What the filters offer."""
    return {
        "types": catalogue.types(session),
        "locations": catalogue.locations(session),
        "tags": tags.every(session),
        "people": sorted(set(responsible_people(session).values()), key=str.casefold),
        "kinds": fields.kinds(),
    }


def _names(wanted: Filters, offered: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What each filter that narrows is called, and what it asks for, in words."""
    chosen = {name: wanted.text(name) for name in wanted.active}
    of = {
        "type": {str(row.id): row.name for row in offered["types"]},
        "lieu": {str(row.id): row.name for row in offered["locations"]},
        "etiquette": {str(row.id): row.name for row in offered["tags"]},
    }
    said = {
        "q": gettext("Words"),
        "type": gettext("Type"),
        "lieu": gettext("Location"),
        "etiquette": gettext("Tag"),
        "responsable": gettext("Responsible"),
        "du": gettext("Added from"),
        "au": gettext("Added until"),
    }
    for row in wanted.filterable:
        name = f"champ_{row.id}"
        said[name] = row.label(current_locale())
        bounds = (wanted.text(f"{name}_min"), wanted.text(f"{name}_max"))
        if name in chosen and any(bounds):
            chosen[name] = " … ".join(bounds)
    return {name: (said[name], of.get(name, {}).get(text, text)) for name, text in chosen.items()}


def rows_of(wanted: Filters) -> list[Row]:
    """The batteries meant with their live state, worst first; whatever their status."""
    session = tenant_session()
    assets = list(session.scalars(narrowed(session, wanted.narrowing, wanted.fields)))
    ids = [asset.id for asset in assets] if wanted.active else None
    return board.rows(assets, snapshot(session, ids, arrays=False), now_ms())


def _relax(wanted: Filters, status: str | None) -> list[tuple[str, int]]:
    """The filters that hide everything; with a status in force, as they would show it."""
    if status:
        return filters.relaxations(wanted, lambda each: _with_status(each, status))
    return filters.relaxations(wanted, _count)


def _count(wanted: Filters) -> int:
    session = tenant_session()
    found = narrowed(session, wanted.narrowing, wanted.fields).order_by(None)
    return session.scalar(select(func.count()).where(Battery.id.in_(_ids(found)))) or 0


def _with_status(wanted: Filters, status: str) -> int:
    return sum(row.status == status for row in rows_of(wanted))


def _ids(statement):
    return statement.with_only_columns(Battery.id, maintain_column_froms=True)


def _columns(wanted: Filters) -> dict[str, str]:
    """What the columns are called."""
    language = current_locale()
    return {
        "soc": gettext("Charge"),
        "pack_voltage": gettext("Voltage"),
        "current": gettext("Current"),
        "cell_voltage_spread": gettext("Spread"),
        "temperature_max": gettext("Max. temp."),
        "soh": gettext("Health"),
        "seen": gettext("Seen"),
        "type": gettext("Type"),
        **{f"champ_{row.id}": row.label(language) for row in wanted.fields},
    }


def _shown_fields(wanted: Filters) -> list[CustomField]:
    shown = set(wanted.columns)
    return [row for row in wanted.fields if f"champ_{row.id}" in shown]


def _filters() -> Filters:
    return Filters(_given(), tuple(fields.every(tenant_session())), zone())


def _given() -> dict[str, str]:
    """The address's own parameters; a name given more often is one list, with commas."""
    lists = request.args.lists()
    return {name: ",".join(values) for name, values in lists if filters.is_known(name)}


def _query(text: str) -> dict[str, str]:
    """The parameters of a list's address that a form carries back; unknown ones fall away."""
    pairs = parse_qsl(text[:4000])
    return {name: value[:200] for name, value in pairs if filters.is_known(name)}


def _me() -> int:
    return current_principal().id


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 17


def _told(error: AppError) -> str:
    faults = error.fields.values() if isinstance(error, Invalid) else ()
    return gettext(next(iter(faults), error.text), **error.params)


def _back(text: str, query: dict[str, str], category: str = "message") -> ResponseReturnValue:
    flash(text, category)
    return redirect(_link_to(query), code=303)


def _link(**changes: object) -> str:
    """This list with some of its filters changed; None takes one away, and paging starts over."""
    return _link_to({**_given(), PLACE: None, **changes})


def _link_to(query: dict[str, Any] | SavedView) -> str:
    given = query.query if isinstance(query, SavedView) else query
    return url_for("fleet.batteries", **{k: v for k, v in given.items() if v not in (None, "")})
