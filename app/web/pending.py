"""Batteries that a collector has heard and nobody has accepted yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients import catalogue
from app.clients.catalogue import AssetFilter
from app.clients.models import Battery, BatteryType
from app.core.access import Permission, requires
from app.core.journal import record
from app.database.base import now_ms
from app.database.sessions import TenantSession
from app.errors import AppError, Conflict, Invalid, sentence
from app.gateway.context import core_session, current_principal, settings, tenant_session
from app.processor import revision
from app.processor.live import snapshot

from . import board, forms
from .board import Row
from .labels import CHEMISTRIES
from .page import live, shell

blueprint = Blueprint("pending", __name__)

NEW = "new"
"""What the selects send when the type or the location is to be created."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A battery that waits, and, where a form was refused, what it said and what is wrong."""

    row: Row
    answers: Mapping[str, str]
    faults: Mapping[str, str]
    problem: str

    def answer(self, name: str) -> str:
        """What was typed into a field; nothing in a form not sent yet."""
        return self.answers.get(name, "")

    @property
    def cells_heard(self) -> int:
        """How many cells its BMS speaks of."""
        return len(self.row.entry["arrays"].get("cell_voltage", ()))

    def type_in(self, types: Iterable[BatteryType]) -> str:
        """The type chosen, else the one with as many cells as are heard."""
        if self.answers:
            return self.answer("type")
        alike = (str(kind.id) for kind in types if kind.cells and kind.cells == self.cells_heard)
        return next(alike, "")


@blueprint.get("/batteries/a-accepter")
@requires(Permission.MANAGE_FLEET)
def listing() -> ResponseReturnValue:
    """Everything waiting, each with the form that accepts it."""
    return _page()


@blueprint.post("/batteries/<int:asset_id>/accepter")
@requires(Permission.MANAGE_FLEET)
def accept(asset_id: int) -> ResponseReturnValue:
    """Give a battery its name and its place, creating type and location where asked."""
    session = tenant_session(writes=True)
    try:
        battery = _accept(session, asset_id, request.form)
    except (Invalid, Conflict) as error:
        session.rollback()
        return _page(asset_id, error), error.status
    raised = revision.bump(session)
    principal = current_principal()
    session.commit()
    revision.publish(settings(), session.tenant.id, raised)
    core = core_session(writes=True)
    record(core, principal, "battery.accept", target=battery.uid, detail={"name": battery.name})
    core.commit()
    flash(gettext("%(name)s has joined the fleet", name=battery.name))
    return redirect(url_for("battery.page", asset_id=asset_id), code=303)


def _accept(session: TenantSession, asset_id: int, form: Mapping[str, str]) -> Battery:
    return catalogue.accept(
        session, asset_id, forms.text(form, "name"), _type(session, form), _location(session, form)
    )


def _type(session: TenantSession, form: Mapping[str, str]) -> int:
    if form.get("type") != NEW:
        return _chosen(form, "type")
    created = catalogue.create_type(
        session,
        forms.text(form, "type_name"),
        form.get("chemistry", ""),
        forms.whole(form, "cells"),
        forms.decimal(form, "nominal_voltage"),
        forms.decimal(form, "capacity_ah"),
    )
    return created.id


def _location(session: TenantSession, form: Mapping[str, str]) -> int:
    if form.get("location") != NEW:
        return _chosen(form, "location")
    created = catalogue.create_location(
        session,
        forms.text(form, "location_name"),
        forms.text(form, "city"),
        forms.text(form, "address"),
        forms.text(form, "purpose"),
        session.tenant.time_zone,
    )
    return created.id


def _chosen(form: Mapping[str, str], name: str) -> int:
    if not form.get(name, "").isdecimal():
        raise Invalid("Some fields need attention.", fields={name: sentence("Choose one.")})
    return int(form[name])


def _page(wrong_id: int | None = None, error: AppError | None = None) -> str:
    session = tenant_session()
    waiting = session.scalars(catalogue.find_assets(AssetFilter(status=catalogue.PENDING)))
    batteries = list(waiting)
    entries = snapshot(session, [battery.id for battery in batteries])
    problem = gettext(error.text, **error.params) if error else ""
    faults = error.fields if isinstance(error, Invalid) else {}
    return render_template(
        "manage/pending.html",
        candidates=[
            Candidate(row, request.form, faults, problem)
            if row.asset.id == wrong_id
            else Candidate(row, {}, {}, "")
            for row in board.rows(batteries, entries, now_ms())
        ],
        types=catalogue.types(session),
        locations=catalogue.locations(session),
        chemistries=CHEMISTRIES,
        new=NEW,
        **shell("pending"),
        **live(),
    )
