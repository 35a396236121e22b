"""Many batteries at once: the dashboard, and the lists by type and by location."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.clients import catalogue
from app.clients.catalogue import AssetFilter
from app.clients.models import BatteryType, Location
from app.core.access import Permission, requires
from app.database.base import now_ms
from app.gateway.context import current_principal, tenant_session
from app.processor.live import snapshot

from . import board
from .board import Row
from .labels import STATUSES
from .page import live, shell

blueprint = Blueprint("fleet", __name__)


@dataclass(frozen=True, slots=True)
class Branch:
    """A type or a location (None: batteries without one), its batteries, and what is below it."""

    subject: BatteryType | Location | None
    rows: list[Row]
    branches: tuple["Branch", ...] = ()

    @property
    def id(self) -> int | None:
        return self.subject.id if self.subject else None

    @property
    def name(self) -> str:
        return self.subject.name if self.subject else ""

    @property
    def order(self) -> tuple[bool, str]:
        return self.subject is None, self.name.casefold()

    @property
    def rank(self) -> int:
        """Worst first; places without a battery last."""
        return STATUSES.index(self.summary.worst) if self.rows else len(STATUSES)

    @property
    def summary(self) -> board.Summary:
        return board.summary(self.rows)


@blueprint.get("/")
@requires(Permission.SEE_FLEET)
def dashboard() -> ResponseReturnValue:
    """Everything at a glance, what needs somebody first."""
    if current_principal().tenant is None:
        return redirect(url_for("platform.clients"), code=303)
    rows = _rows(AssetFilter())
    return render_template(
        "fleet/dashboard.html",
        fleet=board.summary(rows),
        rows=rows,
        unwell=board.unwell(rows),
        places=_places(rows),
        tree=_tree(rows),
        weakest={code: board.weakest(rows, code) for code in board.WEAKNESS},
        **shell("fleet"),
        **live(),
    )


@blueprint.get("/types")
@requires(Permission.SEE_FLEET)
def types() -> ResponseReturnValue:
    """The first level: what kinds of batteries there are, and how they fare."""
    groups = board.grouped(_rows(AssetFilter()), lambda row: row.asset.type_id)
    known = catalogue.types(tenant_session())
    if current_principal().scoped:
        known = [kind for kind in known if kind.id in groups]
    cards = [(kind, board.summary(groups.get(kind.id, []))) for kind in known]
    return render_template(
        "fleet/types.html",
        cards=cards,
        limits_of=catalogue.limits_of,
        untyped=len(groups.get(None, [])),
        **shell("types"),
        **live(),
    )


@blueprint.get("/types/<int:type_id>")
@requires(Permission.SEE_FLEET)
def battery_type(type_id: int) -> ResponseReturnValue:
    """One type: its limits, where it is installed, its batteries."""
    kind = catalogue.battery_type(tenant_session(), type_id)
    rows = _rows(AssetFilter(type_id=type_id))
    return render_template(
        "fleet/type.html",
        kind=kind,
        limits=catalogue.limits_of(kind),
        rows=rows,
        fleet=board.summary(rows),
        places=_places(rows),
        **shell("types"),
        **live(),
    )


@blueprint.get("/sites")
@requires(Permission.SEE_FLEET)
def sites() -> ResponseReturnValue:
    """The second level: where the batteries are, the worst place first."""
    rows = _rows(AssetFilter())
    places = _places(rows)
    if not current_principal().scoped:
        places += _vacant(places)
    return render_template("fleet/sites.html", places=places, **shell("sites"), **live())


@blueprint.get("/sites/<int:location_id>")
@requires(Permission.SEE_FLEET)
def site(location_id: int) -> ResponseReturnValue:
    """One location and its batteries."""
    place = catalogue.location(tenant_session(), location_id)
    rows = _rows(AssetFilter(location_id=location_id))
    return render_template(
        "fleet/site.html",
        place=place,
        rows=rows,
        fleet=board.summary(rows),
        **shell("sites"),
        **live(),
    )


def _rows(wanted: AssetFilter) -> list[Row]:
    session = tenant_session()
    assets = list(session.scalars(catalogue.find_assets(wanted)))
    ids = None if wanted == AssetFilter() else [asset.id for asset in assets]
    return board.rows(assets, snapshot(session, ids, arrays=False), now_ms())


def _places(rows: list[Row]) -> list[Branch]:
    """Locations of these batteries, by name; each with its batteries by name, unmoved by news."""
    groups = board.grouped(sorted(rows, key=_name), lambda row: row.asset.location)
    return sorted((Branch(place, group) for place, group in groups.items()), key=_order)


def _tree(rows: list[Row]) -> list[Branch]:
    """Types → locations → batteries, by name."""
    groups = board.grouped(rows, lambda row: row.asset.type)
    branches = (Branch(kind, group, tuple(_places(group))) for kind, group in groups.items())
    return sorted(branches, key=_order)


def _vacant(places: list[Branch]) -> list[Branch]:
    used = {branch.id for branch in places}
    known = catalogue.locations(tenant_session())
    return [Branch(place, []) for place in known if place.id not in used]


def _order(branch: Branch) -> tuple[bool, str]:
    return branch.order


def _name(row: Row) -> tuple[str, int]:
    return row.asset.name.casefold(), row.asset.id
