"""CAN profiles: a BMS on a CAN bus described in a TOML file instead of code.

A profile is written from the manufacturer's table. At the top:

    title, source    what it is and where the facts come from (both required)
    note             what a technician should know, shown once per device: a text, or
                     note.fr and note.en
    extends          a shipped profile of which this one is a variant: its messages are taken over,
                     except those whose id is described here or listed in `without`
    dbc              a CAN database beside this file, whose frames and signals can be named
    byte_order       "little" (the default) or "big"; any message or number may say otherwise
    period           least milliseconds between two readings (500)
    hold             milliseconds for which a frame is believed (5000); a message may say otherwise
    addresses        [first, last] that a battery can have, if several can share a bus; each adds
                     `address_step` (1) to the identifiers

    [[message]]      id, or frame: its name in the database; extended (identifiers above 0x7FF are),
                     mask; length: least bytes; needed: a reading waits for it;
                     checksum = "orion"; and one of
                     count and id_step: a row of identifiers whose frames hold one array or text;
                     selector: a number that says which piece of an array the frame holds, counted
                     from `first`, or that must be `is`
    [[message.metric]]   code, a place, scale, offset, absent, valid; magnitude: the sign means
                     nothing; finer: a second place with more decimals, believed while it is
                     not further than `within` from the first
    [[message.array]]    the same, and items: how many elements the frame holds, `stride` bits apart
    [[message.count_of]] code of an array, and the place of the number of its real elements
    [[message.state]]    code, a place, and one of: bit; is (number or numbers that mean true);
                     values (number to text); or none of them, for a state that is the number itself
    [[message.text]]     code, byte, bytes; form "ascii" (the default) or "version"
    [[message.alarm]]    a place, and one of: names ("-" for none; `width` bits each, lowest first;
                     `active`: numbers that are the alarm; `severity`: number to severity);
                     values (number to name); nonzero (one name)
    [[request]]      id, data (hexadecimal), address_step: what to ask a BMS that does not talk by
                     itself. Only a shipped profile may ask, and only on a link that may transmit
    [[stranger]]     id, note: what it means if this identifier is on the bus

A place is `byte` and `type` (u8, s8, u16, s16, u24, u32, s32, u48), `byte` and `bit`, `start` and
`length` in bits with `signed`, or `signal`: a name in the database, in whose unit `scale` counts.
`start` is byte × 8 + bit of the least significant bit, or in big-endian numbers of the most
significant one, as in CAN databases. `valid` is the place of a bit that must be `is` (1). Value =
number × scale + offset. Names of alarms are those of register tables
(`collector.registers.profile`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..registers import naming
from ..registers.table import ProfileError, Table
from ..words import either
from . import dbc
from .parser import Profile, parse

SHIPPED = Path(__file__).parent / "profiles"

__all__ = ["Profile", "ProfileError", "load", "names"]


def names() -> tuple[str, ...]:
    """The profiles that come with the collector."""
    return naming.names(SHIPPED)


def load(name: str) -> Profile:
    """A shipped profile by its name, or any by the path of its file; raises ProfileError."""
    path, data = naming.document(name, SHIPPED)
    if "request" in data and path.parent != SHIPPED:
        raise ProfileError(
            either(
                f"{path} : seule une table livrée avec le collecteur peut interroger ([[request]])",
                f"{path}: only a profile that comes with the collector may ask ([[request]])",
            )
        )
    database = _database(path, data.pop("dbc", None))
    return parse(path.stem, _extended(data, str(path)), str(path), database)


def _database(path: Path, name: Any) -> Mapping[str, dbc.Frame]:
    if name is None:
        return {}
    if not isinstance(name, str):
        Table({}, str(path)).fail("dbc doit être un texte", "dbc must be a text")
    beside = path.parent / name
    try:
        return dbc.parse(beside.read_text("cp1252", "replace"))
    except (OSError, ValueError) as error:
        raise ProfileError(f"{beside}: {error}") from None


def _extended(data: dict[str, Any], where: str) -> dict[str, Any]:
    """The document with what it takes over from the one it extends."""
    top = Table(data, where)
    without = top.integers("without")
    if "extends" not in top:
        return top.data
    _, base = naming.document(top.choice("extends", names()), SHIPPED)
    base = _extended(base, where)
    own = top.data
    described = {*without, *(message.get("id") for message in _tables(own, "message"))}
    kept = {
        key: [item for item in _tables(base, key) if item.get("id") not in described]
        for key in ("message", "stranger")
    }
    for key, items in kept.items():
        if isinstance(own.get(key, []), list):
            own[key] = [*items, *own.get(key, [])]
    return {**base, **own}


def _tables(data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = data.get(key, [])
    listed = found if isinstance(found, list) else []
    return [item for item in listed if isinstance(item, dict)]
