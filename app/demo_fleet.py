"""The demonstration's two client companies, as data: who they are and what stands where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in; `sees` are the batteries assigned to them."""

    email: str
    name: str
    role: str
    sees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A battery type."""

    name: str
    chemistry: str
    cells: int
    nominal_voltage: float
    capacity_ah: float


@dataclass(frozen=True, slots=True)
class Pack:
    """A battery and the simulated device that speaks for it.

    `link` is how the collector reaches it: `slcan`, `serial`, `modbus-rtu` or `modbus-tcp`.
    A battery without a `name` has not been accepted by anybody yet.
    """

    uid: str
    name: str
    kind: str
    bms: str
    simulator: str
    link: str
    duty: str
    traits: Mapping[str, Any] = field(default_factory=dict)
    device: Mapping[str, Any] = field(default_factory=dict)
    """Options of the simulator."""
    driver: Mapping[str, Any] = field(default_factory=dict)
    """Options of the driver."""


@dataclass(frozen=True, slots=True)
class Place:
    """A location with its collector. `silent_hours`: its line has been down for so long."""

    code: str
    name: str
    city: str
    purpose: str
    packs: tuple[Pack, ...]
    silent_hours: float = 0.0


@dataclass(frozen=True, slots=True)
class Company:
    """A client."""

    slug: str
    name: str
    people: tuple[Person, ...]
    kinds: tuple[Kind, ...]
    places: tuple[Place, ...]


UNSAID = {
    "foxbms": (
        "soh",
        "cycles",
        "ambient_temperature",
        "mosfet_temperature",
        "balancing",
        "capacity_remaining",
        "capacity_full",
        "capacity_design",
    ),
    "libresolar": ("soh", "cycles", "ambient_temperature", "capacity_remaining", "capacity_full"),
    "greenbms": (
        "soh",
        "cycles",
        "ambient_temperature",
        "mosfet_temperature",
        "capacity_remaining",
        "capacity_full",
        "charge_voltage_limit",
        "discharge_voltage_limit",
        "charge_current_limit",
        "discharge_current_limit",
    ),
    "modbus": (),
}
"""What each make of BMS does not measure: the past must not know more than the present."""

SUPER_ADMIN = Person("eds@demo.example", "Soutien EDS", "super_admin")

_RACK = Kind("LiFePO4 51,2 V", "LFP", 16, 51.2, 280)
_TRUCK = Kind("Li-ion NMC 355 V", "NMC", 96, 355, 120)
_LAMP = Kind("LiFePO4 12,8 V", "LFP", 4, 12.8, 100)


def _foxbms(uid: str, name: str, kind: Kind, duty: str, generation: str, **traits: Any) -> Pack:
    sensors = traits.get("temperatures", 4)
    driver = {"generation": generation, "cells": kind.cells, "temperatures": sensors}
    return Pack(
        uid,
        name,
        kind.name,
        "foxBMS 2 (CAN)",
        "foxbms",
        "slcan",
        duty,
        traits,
        {"generation": generation},
        driver,
    )


def _libresolar(uid: str, name: str, kind: Kind, duty: str, **traits: Any) -> Pack:
    return Pack(
        uid, name, kind.name, "Libre Solar (ThingSet)", "libresolar", "serial", duty, traits
    )


def _greenbms(uid: str, name: str, kind: Kind, duty: str, **traits: Any) -> Pack:
    return Pack(uid, name, kind.name, "Green-BMS", "greenbms", "serial", duty, traits)


def _modbus(uid: str, name: str, kind: Kind, duty: str, link: str, **traits: Any) -> Pack:
    return Pack(
        uid,
        name,
        kind.name,
        "Modbus",
        "modbus",
        link,
        duty,
        traits,
        {"profile": "generic"},
        {"profile": "generic"},
    )


LAURENTIA = Company(
    "laurentia",
    "Groupe Laurentia",
    (
        Person("admin@laurentia.example", "Marie Tremblay", "client_admin"),
        Person(
            "technicien@laurentia.example", "Karim Benali", "user", ("EDS-LFP-0231", "EDS-LFP-0232")
        ),
        Person("lecture@laurentia.example", "Julie Gagnon", "reader"),
    ),
    (_RACK, _TRUCK, _LAMP),
    (
        Place(
            "VIG-01",
            "Tour Viger, sous-sol 2",
            "Montréal",
            "Secours",
            (
                _foxbms("EDS-LFP-0231", "Rack A1", _RACK, "shaving", "1.11", seed=11, soc=74),
                _libresolar("EDS-LFP-0232", "Rack A2", _RACK, "shaving", seed=12, soc=88),
                _libresolar("EDS-LFP-0233", "Rack A3", _RACK, "backup", seed=13, soc=61),
                _modbus("EDS-LFP-0234", "Rack B1", _RACK, "shaving", "modbus-tcp", seed=14, soc=92),
                _modbus(
                    "EDS-LFP-0235",
                    "Rack B2",
                    _RACK,
                    "shaving",
                    "modbus-tcp",
                    seed=15,
                    soc=16,
                    weak_cell=10,
                ),
                _modbus("EDS-LFP-0236", "Rack B3", _RACK, "backup", "modbus-rtu", seed=16, soc=80),
            ),
        ),
        Place(
            "STL-01",
            "Entrepôt Saint-Laurent",
            "Montréal",
            "Traction",
            (
                _foxbms(
                    "EDS-NMC-0107",
                    "Chariot 01",
                    _TRUCK,
                    "traction",
                    "1.10",
                    seed=21,
                    soc=66,
                    temperatures=12,
                ),
                _modbus(
                    "EDS-LFP-0301", "Chariot 02", _RACK, "traction", "modbus-tcp", seed=22, soc=58
                ),
                _modbus(
                    "EDS-LFP-0302", "Chariot 03", _RACK, "traction", "modbus-tcp", seed=23, soc=43
                ),
                _modbus(
                    "EDS-LFP-0303",
                    "Chariot 04",
                    _RACK,
                    "traction",
                    "modbus-rtu",
                    seed=24,
                    soc=71,
                    weak_cell=4,
                ),
            ),
        ),
        Place(
            "ANG-01",
            "Parc Angrignon",
            "Montréal",
            "Éclairage",
            (
                _greenbms("EDS-GRN-0012", "Lampadaire 12", _LAMP, "lighting", seed=31, soc=64),
                _greenbms("EDS-GRN-0014", "Lampadaire 14", _LAMP, "lighting", seed=32, soc=52),
                _libresolar("EDS-LIB-0021", "Abri sud", _LAMP, "lighting", seed=33, soc=77),
                _greenbms("EDS-GRN-0015", "", _LAMP, "lighting", seed=34, soc=70),
            ),
        ),
        Place(
            "VDO-01",
            "Station Val-d’Or",
            "Val-d’Or",
            "Autonome",
            (
                _libresolar("EDS-LFP-0401", "Station 1", _RACK, "lighting", seed=41, soc=70),
                _modbus(
                    "EDS-LFP-0402", "Station 2", _RACK, "lighting", "modbus-tcp", seed=42, soc=66
                ),
            ),
            silent_hours=4.6,
        ),
    ),
)

BOREAL = Company(
    "boreal",
    "Éclairage Boréal",
    (Person("admin@boreal.example", "Luc Pelletier", "client_admin"),),
    (_RACK, _LAMP),
    (
        Place(
            "RIM-01",
            "Quai de Rimouski",
            "Rimouski",
            "Éclairage",
            (
                _foxbms("BOR-LFP-0001", "Armoire 1", _RACK, "lighting", "1.6", seed=51, soc=69),
                _libresolar("BOR-LFP-0002", "Armoire 2", _RACK, "shaving", seed=52, soc=83),
                _modbus(
                    "BOR-LFP-0003", "Armoire 3", _RACK, "lighting", "modbus-tcp", seed=53, soc=47
                ),
                _greenbms("BOR-GRN-0001", "Balise nord", _LAMP, "lighting", seed=54, soc=73),
            ),
        ),
    ),
)

COMPANIES = (LAURENTIA, BOREAL)
