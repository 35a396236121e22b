"""What a link is called and can be told: the kinds, their settings, and how a link is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from ..protocols.slcan import BIT_RATES
from ..words import say


class LinkConfigError(ValueError):
    """A link is described in a way it cannot be; the text is for the technician."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of link is called and can be told.

    serves    driver links it can carry (`Driver.link`)
    settings  name to (type, default); a default of `...` means that it must be given
    short     names of the settings in the one-word form, `kind:first:second`
    asked     it is put one question at a time (see `asked`); else it is a stream (see `stream`)
    """

    serves: str
    settings: Mapping[str, tuple[type, Any]]
    short: tuple[str, ...]
    asked: bool = False


_SERIAL = {"port": (str, ...), "baud": (int, 115_200), "parity": (str, "N"), "stop_bits": (int, 1)}
_TIMING = {"timeout": (float, 1.0), "pause": (float, 0.0)}
_CAN = {"bitrate": (int, 500_000), "acknowledge": (bool, False)}
_GATEWAY = {
    "url": (str, ...),
    "timeout": (float, 5.0),
    "header": (str, "Authorization"),
    "secret_file": (str, ""),
    "secret_env": (str, ""),
    "ca_file": (str, ""),
}
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "can": Kind(
            "can",
            {"interface": (str, "socketcan"), "channel": (str, ...), **_CAN},
            ("interface", "channel", "bitrate"),
        ),
        "slcan": Kind("can", {**_SERIAL, **_CAN}, ("port", "bitrate", "baud")),
        "serial": Kind("serial", _SERIAL, ("port", "baud")),
        "tcp": Kind("serial", {"host": (str, ...), "port": (int, ...)}, ("host", "port")),
        "modbus-tcp": Kind(
            "modbus", {"host": (str, ...), "port": (int, 502), **_TIMING}, ("host", "port"), True
        ),
        "modbus-rtu": Kind(
            "modbus", {**_SERIAL, "baud": (int, 9600), **_TIMING}, ("port", "baud"), True
        ),
        "modbus-rtu-tcp": Kind(
            "modbus", {"host": (str, ...), "port": (int, ...), **_TIMING}, ("host", "port"), True
        ),
        "http": Kind("http", _GATEWAY, ("url",), True),
        "websocket": Kind("http", _GATEWAY, ("url",)),
    }
)


SCHEMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"http": ("https", "http"), "websocket": ("wss", "ws")}
)


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link as configured: its kind and every setting, defaults included."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """For people and logs; a query, where some gateways want a key, is left out."""
        short = (str(self.settings[name]) for name in KINDS[self.kind].short)
        return ":".join((self.kind, *short)).partition("?")[0]

    def __hash__(self) -> int:
        return hash((self.kind, tuple(sorted(self.settings.items()))))


def spec(given: Mapping[str, Any]) -> LinkSpec:
    """Check a description; raises LinkConfigError with what is wrong and what would be right."""
    kind = given.get("kind")
    if kind not in KINDS:
        raise LinkConfigError(say("link.kind", known=", ".join(KINDS), given=kind))
    known = KINDS[kind].settings
    if unknown := sorted(set(given) - set(known) - {"kind"}):
        raise LinkConfigError(
            say("link.unknown", kind=kind, name=unknown[0], known=", ".join(known))
        )
    return LinkSpec(kind, {name: _setting(kind, name, given) for name in known})


def from_text(text: str) -> LinkSpec:
    """The one-word form, `slcan:/dev/ttyACM0:500000`; what is left out has its default."""
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        raise LinkConfigError(say("link.kind", known=", ".join(KINDS), given=kind))
    names = KINDS[kind].short
    parts = [rest] if names == ("url",) else rest.split(":")
    if len(parts) > len(names):
        raise LinkConfigError(say("link.short", kind=kind, form=":".join((kind, *names))))
    given: dict[str, Any] = {"kind": kind}
    for name, part in zip(names, parts, strict=False):
        if part:
            given[name] = _number(name, part, KINDS[kind].settings[name][0])
    return spec(given)


def _setting(kind: str, name: str, given: Mapping[str, Any]) -> Any:
    wanted, default = KINDS[kind].settings[name]
    if name not in given:
        if default is ...:
            raise LinkConfigError(say("link.needs", kind=kind, name=name))
        return default
    value = given[name]
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise LinkConfigError(say(_WORD[wanted], name=name, given=repr(value)))
    if wanted is not str and value < 0:
        raise LinkConfigError(say("link.negative", name=name))
    if name == "url":
        _check_address(kind, value)
    if name == "parity" and value not in ("N", "E", "O"):
        raise LinkConfigError(say("link.parity"))
    if kind == "slcan" and name == "bitrate" and value not in BIT_RATES:
        known = ", ".join(map(str, BIT_RATES))
        raise LinkConfigError(say("link.bitrate", known=known))
    return value


def _check_address(kind: str, url: str) -> None:
    """Of the right scheme, with a host, and without anything secret: it stands in logs."""
    if "@" in url.partition("?")[0]:
        raise LinkConfigError(say("link.secret"))
    known = SCHEMES[kind]
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in known and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or not url.isascii() or not url.isprintable() or " " in url:
        raise LinkConfigError(say("link.url", kind=kind, form=f"{known[0]}://…", given=url))


_WORD = {int: "link.whole", float: "link.number", str: "link.text", bool: "link.flag"}


def _number(name: str, text: str, wanted: type) -> Any:
    try:
        return wanted(text)
    except ValueError:
        raise LinkConfigError(say(_WORD[wanted], name=name, given=text)) from None
