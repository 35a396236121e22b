"""Names and numbers that mean the same in every profile: metrics, states, alarms, scales."""

import tomllib
from pathlib import Path
from typing import Any

from ..wire.alarms import ALARMS, SEVERITIES, VENDOR, Alarm, vendor_alarm
from ..wire.errors import WireError
from ..wire.metrics import EXTENSION, MODES, STATES
from ..wire.reading import VENDOR_CODE, parse_code
from ..words import either, say
from .table import ProfileError, Table


def document(name: str, shipped: Path) -> tuple[Path, dict[str, Any]]:
    """A shipped profile by its name, or any by the path of its file; raises ProfileError."""
    path = Path(name)
    if path.suffix != ".toml":
        known = names(shipped)
        if name not in known:
            listed = ", ".join(known)
            raise ProfileError(
                either(
                    f"il n'y a pas de table {name} ; il y a {listed}, ou le chemin d'un .toml",
                    f"there is no profile {name}; there are {listed}, or the path of a .toml file",
                )
            )
        path = shipped / f"{name}.toml"
    try:
        return path, tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: {say('config.toml', reason=error)}") from None


def names(shipped: Path) -> tuple[str, ...]:
    """The profiles in a folder."""
    return tuple(sorted(path.stem for path in shipped.glob("*.toml")))


def metric(table: Table, *, array: bool) -> str:
    """The metric in `code`."""
    try:
        return parse_code(table.text("code"), array=array)
    except WireError as error:
        table.fail(
            f"{error} ; un nouveau code commence par {EXTENSION}",
            f"{error}; a new code begins with {EXTENSION}",
        )
        raise


def scaling(table: Table) -> tuple[float, float]:
    """`scale` and `offset`: value = number × scale + offset."""
    scale = table.number("scale", 1.0)
    if not scale:
        table.fail("scale ne peut pas être 0", "scale must not be 0")
    return scale, table.number("offset", 0.0)


def state(table: Table) -> str:
    """The state in `code`."""
    code = table.text("code")
    if code not in STATES and not code.startswith(EXTENSION):
        table.fail(
            f"il n'y a pas d'état {code} ; un nouveau commence par {EXTENSION}",
            f"there is no state {code}; a new one begins with {EXTENSION}",
        )
    return code


def state_is(table: Table, code: str, kind: type) -> None:
    """Refuse a state that is of another type than this."""
    if STATES.get(code, kind) is kind:
        return
    if kind is str:
        table.fail(f"{code} n'est pas un texte", f"{code} is not a text")
    wanted, found = STATES[code].__name__, kind.__name__
    table.fail(
        f"{code} est de type {wanted}, et non {found}", f"{code} is a {wanted}, not a {found}"
    )


def meanings(table: Table, code: str) -> dict[int, str]:
    """What the numbers of a state mean, from `values`."""
    found = table.numbered("values", str)
    if code == "mode" and (strange := set(found.values()) - set(MODES)):
        known = ", ".join(MODES)
        table.fail(
            f"{min(strange)} n'est pas un mode ; les modes sont {known}",
            f"{min(strange)} is no mode; modes are {known}",
        )
    return found


def alarm(table: Table, name: str, family: str, index: int | None = None) -> Alarm:
    """The alarm of a name, `vendor:` ones under their family; a severity may follow the name."""
    code, severity = name, None
    if name.rpartition(":")[2] in SEVERITIES:
        code, _, severity = name.rpartition(":")
    if code.startswith(VENDOR):
        found = vendor_alarm(family, code.removeprefix(VENDOR), index, severity or "warning")
        if not VENDOR_CODE.fullmatch(found.code):
            table.fail(
                f"{name} : un nom de fabricant est fait de lettres, chiffres et . - _",
                f"{name}: a vendor name is made of letters, digits and . - _",
            )
        return found
    if code not in ALARMS:
        table.fail(
            f"il n'y a pas d'alarme {code} ; propre à cet appareil, elle s'écrit vendor:{code}",
            f"there is no alarm {code}; one that only this device has is vendor:{code}",
        )
    return Alarm(code, severity or ALARMS[code], index)
