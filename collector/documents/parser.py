"""A document map as it stands in its file (see `profile`), checked and made usable."""

import re
from dataclasses import dataclass
from typing import Any

from .. import words
from ..registers import naming
from ..registers.table import Table
from ..wire.alarms import Alarm
from ..wire.metrics import MODES
from ..wire.reading import MAX_ELEMENTS, State
from .map import (
    MOST_BITS,
    VENDOR,
    Array,
    Bits,
    DocumentMap,
    Flag,
    Names,
    Quantity,
    Scale,
    Stamp,
)
from .path import Path
from .path import parse as parse_path

_NOT_CODE = re.compile(r"[^A-Za-z0-9_.-]")
FORMATS = ("s", "ms", "iso")


@dataclass(frozen=True, slots=True)
class Profile:
    """A checked document map."""

    name: str
    title: str
    source: str
    note: words.Text | None
    map: DocumentMap


def parse(name: str, data: dict[str, Any], where: str) -> Profile:
    """The profile in a TOML document; raises ProfileError. `where` begins every complaint."""
    top = Table(data, where)
    title, source, note = top.text("title"), top.text("source"), top.words("note")
    found = DocumentMap(
        quantities=tuple(_quantity(table) for table in top.tables("metric")),
        arrays=tuple(_array(table) for table in top.tables("array")),
        states=tuple(_state(table) for table in top.tables("state")),
        complaints=tuple(_complaint(table) for table in top.tables("alarm")),
        stamp=_stamp(top),
    )
    top.close()
    _once(top, [item.code for item in (*found.quantities, *found.arrays, *found.states)])
    return Profile(name, title, source, note, found)


def _once(top: Table, codes: list[str]) -> None:
    if not codes:
        top.fail("il ne décrit rien", "it describes nothing")
    for code in codes:
        if codes.count(code) > 1:
            top.fail(f"{code} est décrit deux fois", f"{code} is described twice")


def _path(table: Table, *, single: bool) -> Path:
    text = table.text("path")
    try:
        found = parse_path(text)
    except ValueError:
        table.fail(
            f"path s'écrit comme data.pack.voltage ou strings[*].cells[*], et non {text}",
            f"path is written like data.pack.voltage or strings[*].cells[*], not {text}",
        )
        raise
    if single and not found.is_single:
        table.fail("path mène à plusieurs valeurs", "path leads to several values")
    return found


def _scale(table: Table) -> Scale:
    factor, offset = naming.scaling(table)
    absent = table.get("absent")
    table.forget("absent")
    numbers = absent if isinstance(absent, list) else [] if absent is None else [absent]
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in numbers):
        table.fail(
            "absent doit être un nombre, ou une liste de nombres",
            "absent must be a number, or a list of them",
        )
    return Scale(factor, offset, frozenset(map(float, numbers)))


def _quantity(table: Table) -> Quantity:
    code = naming.metric(table, array=False)
    found = Quantity(code, _path(table, single=True), _scale(table))
    table.close()
    return found


def _array(table: Table) -> Array:
    found = Array(
        naming.metric(table, array=True),
        _path(table, single=False),
        _scale(table),
        value=table.text("value", ""),
        valid=table.text("valid", ""),
        number=table.text("number", ""),
        first=table.integer("first", 0, 1, 0),
        length=table.integer("length", 1, MAX_ELEMENTS) if "length" in table else None,
    )
    table.close()
    return found


def _state(table: Table) -> Flag:
    code, path = naming.state(table), _path(table, single=True)
    meanings: dict[str, State] = {}
    otherwise: State | None = None
    if "is" in table:
        given = table.get("is")
        table.forget("is")
        true = given if isinstance(given, list) else [given]
        meanings, otherwise = dict.fromkeys(map(_written, true), True), False
        naming.state_is(table, code, bool)
    elif "values" in table:
        meanings = dict(_texts(table, "values"))
        naming.state_is(table, code, str)
    if code == "mode" and (strange := set(meanings.values()) - set(MODES)):
        known, odd = ", ".join(MODES), min(map(str, strange))
        table.fail(
            f"{odd} n'est pas un mode ; les modes sont {known}",
            f"{odd} is no mode; modes are {known}",
        )
    table.close()
    return Flag(code, path, meanings, otherwise)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _complaint(table: Table) -> Bits | Names:
    if ("bits" in table) == ("names" in table):
        table.fail(
            "il faut exactement un de bits et names", "it needs exactly one of bits and names"
        )
    if "bits" in table:
        return _bits(table)
    found = Names(
        _path(table, single=False),
        {name: _alarm(table, text) for name, text in _texts(table, "names").items()},
        value=table.text("value", ""),
        active=table.text("active", ""),
        level=table.text("level", ""),
    )
    table.close()
    return found


def _bits(table: Table) -> Bits:
    label = _NOT_CODE.sub("_", str(table.get("path")))[:32]
    path, named = _path(table, single=True), table.texts("bits")
    if len(named) > MOST_BITS:
        table.fail(f"bits en nomme plus de {MOST_BITS}", f"bits names more than {MOST_BITS}")
    found = Bits(path, {bit: _alarm(table, text) for bit, text in enumerate(named)}, label)
    table.close()
    return found


def _alarm(table: Table, name: str) -> Alarm | None:
    return None if name == "-" else naming.alarm(table, name, VENDOR)


def _texts(table: Table, key: str) -> dict[str, str]:
    found = table.get(key)
    table.forget(key)
    if not isinstance(found, dict) or not all(isinstance(item, str) for item in found.values()):
        table.fail(f"{key} doit relier des textes à des textes", f"{key} must map texts to texts")
    return found


def _stamp(top: Table) -> Stamp | None:
    if "time" not in top:
        return None
    data = top.get("time")
    top.forget("time")
    if not isinstance(data, dict):
        top.fail("time doit être une table", "time must be a table")
    table = Table(data, f"{top.where}: [time]")
    found = Stamp(_path(table, single=True), table.choice("format", FORMATS, "s"))
    table.close()
    return found
