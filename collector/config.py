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
from .spelling import meant
from .spool.spool import QUOTA
from .wire import sending
from .wire.errors import WireError
from .wire.metrics import METRICS
from .wire.reading import UID
from .wire.sending import Sending
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
    sending  how often is pushed, and what is left out
    remote   whether the portal may narrow that down
    status   (address, TCP port) of the page for the local network, None: there is none
    """

    path: Path
    state: Path
    portal: str | None
    ca_file: str | None
    quota: int
    commit: float
    sending: Sending
    remote: bool
    status: tuple[str, int] | None
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


Where = int | str | None
"""A table: the number of a [[device]], the name of a section, or the whole file."""


class _Reader:
    """Turns a document into a Config; knows the text, to say on which line an error is."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, text.splitlines()

    def config(self, document: Mapping[str, Any]) -> Config:
        self._only(document, _TOP, None)
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
        commit = float(self._typed(document, None, "commit", (int, float), COMMIT))
        if not SHORTEST_INTERVAL <= commit <= LONGEST_COMMIT:
            raise self._wrong(None, "commit", _seconds("commit", LONGEST_COMMIT))
        return Config(
            path=self._path,
            state=Path(self._typed(document, None, "state", (str,), str(DEFAULT_STATE))),
            portal=portal,
            ca_file=self._typed(document, None, "ca_file", (str,), None),
            quota=quota << 20,
            commit=commit,
            sending=self._sending(document),
            remote=self._remote(document),
            status=self._status(document),
            devices=found,
        )

    def _section(self, document: Mapping[str, Any], name: str, known: tuple[str, ...]) -> Mapping:
        table = self._typed(document, None, name, (dict,), {})
        self._only(table, known, name)
        return table

    def _sending(self, document: Mapping[str, Any]) -> Sending:
        table = self._section(document, "push", ("shortest", "longest", "without"))
        usual = Sending()
        seconds = [
            self._typed(table, "push", name, (int, float), default)
            for name, default in (("shortest", usual.shortest), ("longest", usual.longest))
        ]
        for name, value in zip(("shortest", "longest"), seconds, strict=True):
            if not sending.SHORTEST <= value <= sending.LONGEST:
                low, high = sending.SHORTEST, f"{sending.LONGEST:g}"
                raise self._wrong("push", name, say("config.range", name=name, low=low, high=high))
        if seconds[0] > seconds[1]:
            raise self._wrong("push", "shortest", say("config.crossed"))
        without = self._typed(table, "push", "without", (list,), [])
        for code in without:
            if code not in METRICS and not str(code).startswith("x_"):
                reason = say("config.metric", name=code) + meant(code, METRICS)
                raise self._wrong("push", "without", reason)
            if code in sending.ALWAYS:
                raise self._wrong("push", "without", say("config.always", name=code))
        try:
            return sending.sending(*seconds, without)
        except WireError as error:
            raise self._wrong("push", "without", error.detail) from error

    def _remote(self, document: Mapping[str, Any]) -> bool:
        table = self._section(document, "remote", ("allow",))
        return self._typed(table, "remote", "allow", (bool,), True)

    def _status(self, document: Mapping[str, Any]) -> tuple[str, int] | None:
        if "status" not in document:
            return None
        table = self._section(document, "status", ("listen",))
        place = self._typed(table, "status", "listen", (str,))
        address, colon, port = place.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
            raise self._wrong("status", "listen", say("config.listen", given=place))
        return address.strip("[]"), int(port)

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
            raise self._wrong(number, error.name or "options", str(error)) from error
        interval = float(self._typed(table, number, "interval", (int, float), 1.0))
        if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
            reason = _seconds("interval", LONGEST_INTERVAL)
            raise self._wrong(number, "interval", reason)
        return Device(asset, driver, options, self._link(number, table, driver), interval)

    def _link(self, number: int, table: Mapping[str, Any], driver: Driver) -> LinkSpec:
        given = self._typed(table, number, "link", (dict,))
        try:
            link = spec(given)
        except LinkConfigError as error:
            name, question = _misspelt(given)
            raise self._wrong(number, name, f"{error}{question}") from error
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
        where: Where,
        name: str,
        types: tuple[type, ...],
        default: Any = ...,
    ) -> Any:
        if name not in table:
            if default is ...:
                raise self._wrong(where, None, say("config.missing", name=name))
            return default
        if type(table[name]) not in types:
            raise self._wrong(where, name, say(_TYPE_WORDS[types[0]], name=name))
        return table[name]

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], where: Where) -> None:
        if unknown := [name for name in table if name not in known]:
            reason = say("config.unknown", name=unknown[0], known=", ".join(known))
            raise self._wrong(where, unknown[0], reason + meant(unknown[0], known))

    def _wrong(self, where: Where, name: str | None, reason: str) -> ConfigError:
        return ConfigError(self._path, self._line(where, name), reason)

    def _line(self, where: Where, name: str | None) -> int | None:
        """The line on which `name` stands in its table, or where the table begins."""
        start, end = self._extent(where)
        if name is not None:
            key = rf"[\"']?{re.escape(name)}[\"']?"
            at_start = re.compile(rf"\s*(\[+.*\b{re.escape(name)}\]+|{key}\s*=)")
            inside = re.compile(rf"[^#]*[{{,]\s*{key}\s*=")
            for pattern in (at_start, inside):
                for i in range(start, end):
                    if pattern.match(self._lines[i]):
                        return i + 1
        return start + 1 if where is not None or name is None else None

    def _extent(self, where: Where) -> tuple[int, int]:
        """The lines of a table: first, and the one after the last."""
        if where is None:
            return 0, len(self._lines)
        heading = r"\[\[\s*device\s*\]\]" if isinstance(where, int) else rf"\[\s*{where}\s*\]"
        starts = [i for i, line in enumerate(self._lines) if re.match(rf"\s*{heading}", line)]
        number = where if isinstance(where, int) else 0
        if number >= len(starts):
            return 0, len(self._lines)
        rest = starts[number + 1 :] if isinstance(where, int) else []
        return starts[number], rest[0] if rest else len(self._lines)


_TOP = ("portal", "state", "ca_file", "quota_mb", "commit", "push", "remote", "status", "device")
_TYPE_WORDS = {
    str: "config.text",
    int: "config.number",
    dict: "config.table",
    bool: "config.flag",
    list: "config.list",
}


def _seconds(name: str, longest: float) -> str:
    return say("config.range", name=name, low=SHORTEST_INTERVAL, high=longest)


def _misspelt(link: Mapping[str, Any]) -> tuple[str, str]:
    """(name, question) of the first name in a link that is none."""
    kind = link.get("kind")
    if kind not in KINDS:
        return "link", meant(kind, KINDS)
    known = KINDS[kind].settings
    unknown = sorted(set(link) - set(known) - {"kind"})
    return (unknown[0], meant(unknown[0], known)) if unknown else ("link", "")
