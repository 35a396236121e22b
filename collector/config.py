"""`collector.toml`: which batteries are read, over which link, and where they are sent.

Errors name the file, the line and what would be right. Nothing secret is in this file.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .drivers import base as drivers
from .drivers.base import Driver, OptionError
from .links.spec import KINDS, LinkConfigError, LinkSpec, spec
from .spool.spool import QUOTA
from .wire.reading import UID
from .words import say

DEFAULT_PATH = Path("collector.toml")
DEFAULT_STATE = Path("/var/lib/trackingbms")
COMMIT, LONGEST_COMMIT = 2.0, 10.0
SHORTEST_INTERVAL, LONGEST_INTERVAL = 0.1, 3600.0


class ConfigError(Exception):
    """What is wrong with a configuration, and where."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.path, self.line, self.reason = path, line, reason


@dataclass(frozen=True, slots=True)
class Device:
    """One battery and how to read it. `interval` (s) applies to devices that must be asked."""

    asset: str
    driver: Driver
    options: Mapping[str, Any]
    link: LinkSpec
    interval: float


@dataclass(frozen=True, slots=True)
class Config:
    """
    state    folder of the key, the identity and the spool
    portal   expected address of the portal, None: the one this collector was enrolled at
    ca_file  certificates to trust instead of the usual ones
    quota    bytes the spool may take
    commit   seconds between writes to the disk: what a power cut may cost
    """

    path: Path
    state: Path
    portal: str | None
    ca_file: str | None
    quota: int
    commit: float
    devices: tuple[Device, ...]


def load(path: Path) -> Config:
    """Read and check a whole configuration; raises ConfigError at the first thing wrong."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, None, say("config.unreadable", reason=error)) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        reason = say("config.toml", reason=error)
        raise ConfigError(path, int(line[1]) if line else None, reason) from error
    return _Reader(path, text).config(document)


class _Reader:
    """Turns a document into a Config; knows the text, to say on which line an error is."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, text.splitlines()

    def config(self, document: Mapping[str, Any]) -> Config:
        self._only(document, ("portal", "state", "ca_file", "quota_mb", "commit", "device"), None)
        devices = document.get("device", [])
        if not isinstance(devices, list) or not all(isinstance(d, dict) for d in devices):
            raise self._wrong(None, "device", say("config.tables"))
        found = tuple(self._device(i, table) for i, table in enumerate(devices))
        self._distinct(found)
        quota = self._typed(document, None, "quota_mb", (int,), QUOTA >> 20)
        if not 1 <= quota <= 1 << 20:
            raise self._wrong(
                None, "quota_mb", say("config.range", name="quota_mb", low=1, high=1 << 20)
            )
        portal = self._typed(document, None, "portal", (str,), None)
        if portal and not portal.startswith(("https://", "http://")):
            raise self._wrong(None, "portal", say("config.portal"))
        state = self._typed(document, None, "state", (str,), str(DEFAULT_STATE))
        ca_file = self._typed(document, None, "ca_file", (str,), None)
        commit = float(self._typed(document, None, "commit", (int, float), COMMIT))
        if not SHORTEST_INTERVAL <= commit <= LONGEST_COMMIT:
            reason = _seconds("commit", LONGEST_COMMIT)
            raise self._wrong(None, "commit", reason)
        return Config(self._path, Path(state), portal, ca_file, quota << 20, commit, found)

    def _device(self, number: int, table: Mapping[str, Any]) -> Device:
        self._only(table, ("asset", "driver", "interval", "link", "options"), number)
        asset = self._typed(table, number, "asset", (str,))
        if not UID.fullmatch(asset):
            reason = say("config.asset")
            raise self._wrong(number, "asset", reason)
        try:
            driver = drivers.load(self._typed(table, number, "driver", (str,)))
        except OptionError as error:
            raise self._wrong(number, "driver", str(error)) from error
        options = self._typed(table, number, "options", (dict,), {})
        options = driver.beside(self._path.parent, options)
        try:
            driver.decoder(asset, options)
        except OptionError as error:
            raise self._wrong(number, "options", str(error)) from error
        interval = float(self._typed(table, number, "interval", (int, float), 1.0))
        if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
            reason = _seconds("interval", LONGEST_INTERVAL)
            raise self._wrong(number, "interval", reason)
        return Device(asset, driver, options, self._link(number, table, driver), interval)

    def _link(self, number: int, table: Mapping[str, Any], driver: Driver) -> LinkSpec:
        try:
            link = spec(self._typed(table, number, "link", (dict,)))
        except LinkConfigError as error:
            raise self._wrong(number, "link", str(error)) from error
        if KINDS[link.kind].serves != driver.link:
            fitting = ", ".join(k for k, kind in KINDS.items() if kind.serves == driver.link)
            reason = say("config.other_link", driver=driver.code, kind=link.kind, fitting=fitting)
            raise self._wrong(number, "link", reason)
        return link

    def _distinct(self, devices: tuple[Device, ...]) -> None:
        """One asset, one device; one port, one device, unless they can share it."""
        assets, ports = set(), set()
        for i, device in enumerate(devices):
            if device.asset in assets:
                raise self._wrong(i, "asset", say("config.twice", asset=device.asset))
            assets.add(device.asset)
            port = device.link.settings.get("port")
            if isinstance(port, str):
                if (port, "") in ports or (device.driver.link != "modbus" and (port, "m") in ports):
                    raise self._wrong(i, "port", say("config.port_taken", port=port))
                ports.add((port, "m" if device.driver.link == "modbus" else ""))

    def _typed(
        self,
        table: Mapping[str, Any],
        number: int | None,
        name: str,
        types: tuple[type, ...],
        default: Any = ...,
    ) -> Any:
        if name not in table:
            if default is ...:
                raise self._wrong(number, None, say("config.missing", name=name))
            return default
        if type(table[name]) not in types:
            raise self._wrong(number, name, say(_TYPE_WORDS[types[0]], name=name))
        return table[name]

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], number: int | None) -> None:
        if unknown := [name for name in table if name not in known]:
            reason = say("config.unknown", name=unknown[0], known=", ".join(known))
            raise self._wrong(number, unknown[0], reason)

    def _wrong(self, number: int | None, name: str | None, reason: str) -> ConfigError:
        return ConfigError(self._path, self._line(number, name), reason)

    def _line(self, number: int | None, name: str | None) -> int | None:
        """The line on which `name` stands in the given [[device]], or where that begins."""
        start, seen = 0, -1
        if number is not None:
            for i, line in enumerate(self._lines):
                seen += bool(re.match(r"\s*\[\[\s*device\s*\]\]", line))
                if seen == number:
                    start = i
                    break
        if name is None:
            return start + 1
        pattern = re.compile(rf"\s*(\[.*\b{re.escape(name)}\]|[\"']?{re.escape(name)}[\"']?\s*=)")
        for i in range(start, len(self._lines)):
            if pattern.match(self._lines[i]):
                return i + 1
        return start + 1 if number is not None else None


_TYPE_WORDS = {str: "config.text", int: "config.number", dict: "config.table"}


def _seconds(name: str, longest: float) -> str:
    return say("config.range", name=name, low=SHORTEST_INTERVAL, high=longest)
