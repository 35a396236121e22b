"""The world most tests live in: two clients, five people, seven batteries.

Alice runs Laurentia, Bob may see two of its batteries, Carol reads all of it and changes nothing.
Mallory runs Boreal, the client next door. Sam looks after the platform.
"""

from dataclasses import dataclass, field
from functools import cache

from app.clients import fields
from app.clients.models import AssetGrant, Battery, BatteryType, Location
from app.core.access import EVERY_ASSET, MATRIX, Principal, Role, Scope, TenantRef
from app.core.models import Tenant, User
from app.database import migrate
from app.database.engines import Engines
from app.database.sessions import open_core, open_tenant
from app.settings import Settings

BORN = 1_767_225_600_000
"""When everything in the house was created: 2026-01-01, UTC."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who can sign in."""

    name: str
    email: str
    password: str
    role: Role
    tenant: str | None
    id: int


PERSONAS = {
    persona.name.lower(): persona
    for persona in (
        Persona("Alice", "alice@laurentia.example", "alice-sees-6-packs", Role.CLIENT_ADMIN, "laurentia", 1),
        Persona("Bob", "bob@laurentia.example", "bob-sees-2-packs", Role.USER, "laurentia", 2),
        Persona("Carol", "carol@laurentia.example", "carol-only-reads", Role.READER, "laurentia", 3),
        Persona("Sam", "sam@eds.example", "sam-sees-to-it-all", Role.SUPER_ADMIN, None, 4),
        Persona("Mallory", "mallory@boreal.example", "mallory-next-door", Role.CLIENT_ADMIN, "boreal", 5),
    )
}  # fmt: skip

CLIENTS = {1: ("laurentia", "Groupe Laurentia"), 2: ("boreal", "Éclairage Boréal")}

UIDS = {
    "laurentia": ("EDS-LFP-0001", "EDS-LFP-0002", "EDS-LFP-0003", "EDS-NMC-0001", "EDS-LFP-0099"),
    "boreal": ("EDS-LFP-0001", "BOR-LFP-0002"),
}
"""In order of their ids, which begin at 1 in both. Laurentia's last one awaits acceptance."""


@dataclass(frozen=True)
class House:
    """The databases of one test and who is in them."""

    settings: Settings
    engines: Engines
    refs: dict[str, TenantRef] = field(default_factory=dict)

    def asset(self, uid: str, tenant: str = "laurentia") -> int:
        """The id of a battery."""
        return UIDS[tenant].index(uid) + 1

    def persona(self, name: str) -> Persona:
        return PERSONAS[name]

    def principal(self, name: str) -> Principal:
        """Whom the gateway would make of a signed-in persona."""
        persona = PERSONAS[name]
        return Principal(
            kind="user",
            id=persona.id,
            label=persona.email,
            permissions=MATRIX[persona.role],
            role=persona.role,
            tenant=self.refs.get(persona.tenant or ""),
        )

    def scope(self, name: str) -> Scope:
        """What a persona of a client may see."""
        return frozenset(BOB_SEES) if name == "bob" else EVERY_ASSET

    def core(self):
        """A session on the core database, to be used in a `with`."""
        return open_core(self.engines)

    def tenant(self, slug: str = "laurentia", scope: Scope = EVERY_ASSET, *, writes: bool = False):
        """A session on a client's database, to be used in a `with`."""
        return open_tenant(self.engines, self.refs[slug], scope, writes=writes)


BOB_SEES = (1, 2)
"""Ids of the batteries assigned to Bob."""


def furnish_core(engines: Engines) -> None:
    """The clients and the people, in an empty core database."""
    with open_core(engines, writes=True) as core:
        core.add_all(
            Tenant(
                id=number,
                slug=slug,
                name=name,
                status="active",
                revision=migrate.head("tenant"),
                time_zone="America/Toronto",
                created_at=BORN,
            )
            for number, (slug, name) in CLIENTS.items()
        )
        core.flush()
        ids = {slug: number for number, (slug, _) in CLIENTS.items()}
        core.add_all(
            User(
                id=persona.id,
                tenant_id=ids.get(persona.tenant),
                email=persona.email,
                name=persona.name,
                role=persona.role,
                password_hash=_hash(persona.password),
                created_at=BORN,
            )
            for persona in PERSONAS.values()
        )
        core.commit()


def furnish_tenant(engines: Engines, ref: TenantRef) -> None:
    """Types, locations, batteries and grants, in a client's empty database."""
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session:
        session.add_all(
            [
                BatteryType(
                    id=1, name="LFP 16S 100 Ah", chemistry="LFP", cells=16, nominal_voltage=51.2,
                    capacity_ah=100.0, created_at=BORN,
                    limits={"cell_low": 2.8, "cell_high": 3.65, "spread": 0.1, "reserve": 20.0},
                ),
                BatteryType(
                    id=2, name="NMC 14S 60 Ah", chemistry="NMC", cells=14, nominal_voltage=50.4,
                    capacity_ah=60.0, created_at=BORN,
                    limits={"cell_low": 3.0, "cell_high": 4.2, "spread": 0.1, "reserve": 20.0},
                ),
                Location(id=1, name="Entrepôt Saint-Laurent", city="Montréal", purpose="Secours", created_at=BORN),
                Location(id=2, name="Parc des Érables", city="Québec", purpose="Éclairage", created_at=BORN),
            ]
        )  # fmt: skip
        session.flush()
        session.add_all(fields.ready_made())
        session.add_all(_battery(number, uid) for number, uid in enumerate(UIDS[ref.slug], start=1))
        session.flush()
        if ref.slug == "laurentia":
            bob = PERSONAS["bob"].id
            session.add_all(AssetGrant(user_id=bob, asset_id=asset_id) for asset_id in BOB_SEES)
        session.commit()


def _battery(number: int, uid: str) -> Battery:
    pending = uid == "EDS-LFP-0099"
    return Battery(
        id=number,
        uid=uid,
        name=uid if pending else f"Batterie {number}",
        serial=uid,
        status="pending" if pending else "active",
        type_id=None if pending else (2 if "NMC" in uid else 1),
        location_id=None if pending else 1 + (number - 1) // 2 % 2,
        created_at=BORN,
    )


@cache
def _hash(password: str) -> str:
    from app.core.passwords import hash_password

    return hash_password(password)
