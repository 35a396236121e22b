"""A simulated site: several devices in one process, and the past they would have had.

A site file lists devices that do not exist. Served, each speaks its real protocol on its own
transport. Asked for its past, the same packs live through the days before now and their readings
go into a collector's spool, as if the line to the portal had been down all that time.
"""

import json
import threading
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .simulators import base as simulators
from .simulators.modbus import reading_of
from .simulators.pack import Pack, PackSpec
from .spool.spool import Spool
from .wire.metrics import METRICS
from .wire.reading import Reading, tidy
from .words import either, say

STEP_S = 600
"""Seconds between readings of the past."""
SEALED = 144
"""Readings of the past in one block: a day."""
REMEMBER_S = 30.0
RESOLUTION = {"V": 3, "A": 2, "W": 1, "%": 1, "°C": 1, "Ah": 2}
"""Decimals an ordinary BMS measures with."""


class SiteError(Exception):
    """The site file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device: its battery, the simulator that speaks for it, and where it is served.

    `unsaid` are metrics that this make of BMS does not know, left out of the past as well.
    """

    asset: str
    simulator: str
    on: str
    pack: PackSpec
    options: Mapping[str, str] = field(default_factory=dict)
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """Devices and the zone whose clock their days follow; `memory` is where packs are kept."""

    devices: tuple[Device, ...]
    zone: ZoneInfo
    memory: Path


def load(path: Path) -> Site:
    """Read a site file, and what its packs were when they were last served."""
    memory = path.with_suffix(".json")
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        zone = ZoneInfo(document.get("time_zone", "UTC"))
        known = json.loads(memory.read_text("utf-8")) if memory.exists() else {}
        devices = tuple(_device(table, known, zone) for table in document["device"])
    except KeyError as error:
        raise SiteError(f"{path}: {say('config.missing', name=error.args[0])}") from error
    except (OSError, TypeError, ValueError) as error:
        raise SiteError(f"{path}: {error}") from error
    return Site(devices, zone, memory)


def serve(site: Site, stop: threading.Event, ready: Callable[[str, str], None]) -> None:
    """Serve every device until `stop`; `ready` is called with an asset and its address.

    What the packs are is written down regularly, so that the next start goes on from there.
    """
    packs = {device.asset: Pack(device.pack) for device in site.devices}
    threads = [
        threading.Thread(target=_serve, args=(device, packs[device.asset], stop, ready))
        for device in site.devices
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(REMEMBER_S):
        remember(site, packs)
    for thread in threads:
        thread.join()
    remember(site, packs)


def past(site: Site, spool: Spool, start: int, end: int, told: Callable[[float], None]) -> None:
    """Put the readings of `start` to `end` (epoch ms) of every device into the spool.

    `told` hears the share done, 0 to 1. Nothing else may use the spool meanwhile.
    """
    packs = {}
    for number, device in enumerate(site.devices):
        pack = Pack(replace(device.pack, hour=_hour(start, site.zone)))
        waiting: list[Reading] = []
        for ts in range(start, end, STEP_S * 1000):
            pack.step(STEP_S, longest=STEP_S)
            waiting.append(_measured(pack, device, ts))
            if len(waiting) == SEALED:
                spool.seal(waiting)
                waiting = []
                told((number + (ts - start) / (end - start)) / len(site.devices))
        if waiting:
            spool.seal(waiting)
        packs[device.asset] = pack
    remember(site, packs)
    told(1.0)


def remember(site: Site, packs: Mapping[str, Pack]) -> None:
    """Write down what each pack is, whole or not at all."""
    state = {
        asset: {"soc": pack.soc, "soh": pack.soh, "cycles": pack.cycles}
        for asset, pack in packs.items()
    }
    draft = site.memory.with_suffix(".new")
    draft.write_text(json.dumps(state, indent=1), "utf-8")
    draft.replace(site.memory)


def _device(table: Mapping[str, Any], known: Mapping[str, Any], zone: ZoneInfo) -> Device:
    asset = table["asset"]
    traits = {**table.get("pack", {}), **known.get(asset, {})}
    traits.setdefault("hour", _hour(int(datetime.now(UTC).timestamp() * 1000), zone))
    if unknown := set(traits) - {trait.name for trait in fields(PackSpec)}:
        strange = ", ".join(sorted(unknown))
        raise ValueError(
            either(
                f"{asset} : une batterie n'a pas de {strange}",
                f"{asset}: a pack has no {strange}",
            )
        )
    simulators.load(table["simulator"])
    options = {name: str(value) for name, value in table.get("options", {}).items()}
    pack = PackSpec(**{**asdict(PackSpec()), **traits})
    unsaid = tuple(table.get("unsaid", ()))
    return Device(asset, table["simulator"], table["on"], pack, options, unsaid)


def _serve(
    device: Device, pack: Pack, stop: threading.Event, ready: Callable[[str, str], None]
) -> None:
    simulators.load(device.simulator).serve(
        pack, device.on, stop, device.options, lambda address: ready(device.asset, address)
    )


def _measured(pack: Pack, device: Device, ts: int) -> Reading:
    """What the device would have said, with the decimals it would have said it with."""
    full = reading_of(pack)
    said = {c: _rounded(c, v) for c, v in full.values.items() if c not in device.unsaid}
    arrays = {
        code: tuple(_rounded(code, value) for value in array)
        for code, array in full.arrays.items()
        if code not in device.unsaid
    }
    states = {code: state for code, state in full.states.items() if code != "serial"}
    reading = replace(full, asset=device.asset, ts=ts, values=said, arrays=arrays, states=states)
    return tidy(reading)[0]


def _rounded(code: str, value: float) -> float:
    return round(value, RESOLUTION.get(METRICS[code].unit, 1))


def _hour(ts: int, zone: ZoneInfo) -> float:
    """Hour of the day, with its fraction, on a site's clock."""
    local = datetime.fromtimestamp(ts / 1000, zone)
    return local.hour + local.minute / 60
