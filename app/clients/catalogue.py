"""The catalogue: battery types, locations, batteries, and how they hang together.

Reading functions return rows of the session's scope; nobody filters by hand.
"""

from dataclasses import dataclass, field

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, contains_eager, joinedload

from app.errors import Conflict, Invalid, NotFound, sentence

from .field_models import AssetText
from .folding import words
from .models import Asset, Battery, BatteryType, Location
from .tenants import DEFAULT_TIME_ZONE, is_time_zone

PENDING, ACTIVE, RETIRED = "pending", "active", "retired"

LIMITS: dict[str, dict[str, float]] = {
    "LFP": {"cell_low": 2.8, "cell_high": 3.65, "spread": 0.1, "temperature_high": 45},
    "NMC": {"cell_low": 3.0, "cell_high": 4.25, "spread": 0.05, "temperature_high": 45},
    "NCA": {"cell_low": 3.0, "cell_high": 4.25, "spread": 0.05, "temperature_high": 45},
    "LTO": {"cell_low": 1.9, "cell_high": 2.85, "spread": 0.05, "temperature_high": 45},
    "LEAD": {"cell_low": 1.85, "cell_high": 2.45, "spread": 0.1, "temperature_high": 40},
}
"""Limits drawn when a type states none, per chemistry: volts per cell (2 V cells for lead acid),
degrees Celsius. The cell's data sheet wins; a type carries its own."""

RESERVE_PERCENT = 20.0
"""Below this state of charge a battery is drawn as low, unless its type says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFilter:
    """Which assets to list; what is None or empty does not narrow. Each word of `text` is in the
    battery's searchable text, whatever its case and accents."""

    type_id: int | None = None
    location_id: int | None = None
    collector_id: int | None = None
    status: str | None = ACTIVE
    text: str = ""


@dataclass(slots=True)
class LocationNode:
    """A location within one type, and its batteries. `location` is None for unplaced ones."""

    location: Location | None
    assets: list[Asset] = field(default_factory=list)


@dataclass(slots=True)
class TypeNode:
    """A battery type and its locations. `type` is None for batteries without one."""

    type: BatteryType | None
    locations: list[LocationNode] = field(default_factory=list)

    @property
    def assets(self) -> list[Asset]:
        return [asset for node in self.locations for asset in node.assets]


def find_assets(wanted: AssetFilter) -> Select[tuple[Battery]]:
    """The statement of the batteries wanted, with type and location loaded, ordered by name."""
    statement = (
        select(Battery)
        .outerjoin(BatteryType, BatteryType.id == Battery.type_id)
        .outerjoin(Location, Location.id == Battery.location_id)
        .options(contains_eager(Battery.type), contains_eager(Battery.location))
        .order_by(Battery.name, Battery.id)
    )
    for column, value in (
        (Battery.type_id, wanted.type_id),
        (Battery.location_id, wanted.location_id),
        (Battery.collector_id, wanted.collector_id),
        (Battery.status, wanted.status),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if found := words(wanted.text):
        statement = statement.join(AssetText, AssetText.asset_id == Battery.id)
    for word in found:
        statement = statement.where(AssetText.text.contains(word, autoescape=True))
    return statement


def tree(session: Session) -> list[TypeNode]:
    """Types → locations → active batteries, each level by name, what has none at the end."""
    nodes: dict[int | None, TypeNode] = {}
    places: dict[tuple[int | None, int | None], LocationNode] = {}
    for asset in session.scalars(find_assets(AssetFilter())):
        node = nodes.setdefault(asset.type_id, TypeNode(asset.type))
        key = (asset.type_id, asset.location_id)
        if key not in places:
            places[key] = LocationNode(asset.location)
            node.locations.append(places[key])
        places[key].assets.append(asset)
    for node in nodes.values():
        node.locations.sort(key=lambda place: _order(place.location))
    return sorted(nodes.values(), key=lambda node: _order(node.type))


def _order(row: BatteryType | Location | None) -> tuple[bool, str]:
    return (row is None, row.name.casefold() if row else "")


def types(session: Session) -> list[BatteryType]:
    """Every battery type, by name."""
    return sorted(session.scalars(select(BatteryType)), key=_order)


def locations(session: Session) -> list[Location]:
    """Every location, by name."""
    return sorted(session.scalars(select(Location)), key=_order)


def pending_count(session: Session) -> int:
    """How many batteries wait to be accepted."""
    return session.scalar(select(func.count(Asset.id)).where(Asset.status == PENDING)) or 0


def battery_type(session: Session, type_id: int) -> BatteryType:
    """One battery type; NotFound otherwise."""
    return _one(session.get(BatteryType, type_id), sentence("There is no such battery type."))


def location(session: Session, location_id: int) -> Location:
    """One location; NotFound otherwise."""
    return _one(session.get(Location, location_id), sentence("There is no such location."))


def asset(session: Session, asset_id: int) -> Battery:
    """One battery with its type and location; NotFound when unknown or out of scope."""
    statement = (
        select(Battery)
        .options(joinedload(Battery.type), joinedload(Battery.location))
        .where(Battery.id == asset_id)
    )
    return _one(session.scalar(statement), sentence("There is no such battery."))


def _one(row, text: str):
    if row is None:
        raise NotFound(text)
    return row


def resolve_asset(session: Session, uid: str, collector_id: int) -> tuple[Asset, bool]:
    """The asset a site calls `uid`, and whether it was just created as a pending battery.

    Two batches naming a new uid at once make one battery: the second insert fails inside its
    savepoint and finds the first one's row.
    """
    known = select(Asset).where(Asset.uid == uid)
    found = session.scalar(known)
    created = False
    if found is None:
        try:
            with session.begin_nested():
                found = Battery(uid=uid, name=uid, serial=uid, collector_id=collector_id)
                session.add(found)
            created = True
        except IntegrityError:
            found = session.scalar(known.execution_options(populate_existing=True))
            if found is None:
                raise
    if found.collector_id != collector_id:
        found.collector_id = collector_id
    return found, created


def accept(session: Session, asset_id: int, name: str, type_id: int, location_id: int) -> Battery:
    """Turn a pending battery into an active one, with its name and its place in the hierarchy."""
    battery = asset(session, asset_id)
    if battery.status != PENDING:
        raise Conflict("This battery has been accepted already.", code="already_accepted")
    if not name.strip():
        raise Invalid("Some fields need attention.", fields={"name": sentence("A name is needed.")})
    battery.name = name.strip()[:120]
    battery.type = battery_type(session, type_id)
    battery.location = location(session, location_id)
    battery.status = ACTIVE
    battery.version += 1
    session.flush()
    return battery


def create_type(
    session: Session,
    name: str,
    chemistry: str,
    cells: int | None = None,
    nominal_voltage: float | None = None,
    capacity_ah: float | None = None,
    limits: dict[str, float] | None = None,
) -> BatteryType:
    """Add a battery type. Raises Invalid with the fields at fault, Conflict for a taken name."""
    wrong = {}
    if not name.strip():
        wrong["name"] = sentence("A name is needed.")
    if chemistry not in LIMITS:
        wrong["chemistry"] = sentence("Choose a chemistry of the list.")
    for label, value in (
        ("cells", cells),
        ("nominal_voltage", nominal_voltage),
        ("capacity_ah", capacity_ah),
    ):
        if value is not None and value <= 0:
            wrong[label] = sentence("This is more than zero.")
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    row = BatteryType(
        name=name.strip()[:120],
        chemistry=chemistry,
        cells=cells,
        nominal_voltage=nominal_voltage,
        capacity_ah=capacity_ah,
        limits=limits or {},
    )
    return _named(session, row, sentence("A battery type has this name already."))


def create_location(
    session: Session,
    name: str,
    city: str = "",
    address: str = "",
    purpose: str = "",
    time_zone: str = DEFAULT_TIME_ZONE,
) -> Location:
    """Add a location. Raises Invalid with the fields at fault, Conflict for a taken name."""
    wrong = {}
    if not name.strip():
        wrong["name"] = sentence("A name is needed.")
    if not is_time_zone(time_zone):
        wrong["time_zone"] = sentence("This time zone is unknown.")
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    row = Location(
        name=name.strip()[:120],
        city=city.strip()[:80],
        address=address.strip()[:200],
        purpose=purpose.strip()[:80],
        time_zone=time_zone,
    )
    return _named(session, row, sentence("A location has this name already."))


def _named(session: Session, row, taken: str):
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(taken, code="name_taken") from None
    return row


def limits_of(row: BatteryType | None) -> dict[str, float]:
    """The limits drawn for a type: its own over its chemistry's; none without a type."""
    if row is None:
        return {"reserve": RESERVE_PERCENT}
    return {"reserve": RESERVE_PERCENT, **LIMITS.get(row.chemistry, {}), **row.limits}
