"""Any BMS whose gateway speaks JSON over HTTP or a WebSocket, described by a table of paths.

foxBMS is CAN only; people put a bridge of their own in front of it, and every bridge has its own
names. So a bridge is a profile (`collector.documents.profile` says how), not code.

A reading is made of one document. A bridge that pushes ten times a second is thinned, except that
a change of its alarms or states is never left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..documents.profile import Profile, ProfileError, load, names
from ..wire.reading import Reading
from ..words import either
from .base import Assembler, Document, Driver, Fetch, Input, Option, OptionError, Request

APART_MS = 60_000
"""A gateway's clock further from ours than this is not believed."""
FIRST_DATE = 1_000_000_000_000
"""Times of arrival before this, in 2001, are the numbering of a recording without times."""
NEARLY = 0.9
"""Of the least time between readings: what comes a little early, as polls do, is still taken."""
LONGEST_PAUSE_S = 3600.0


class JsonGateway(Assembler):
    """One reading a document."""

    def __init__(self, asset: str, profile: Profile, least_s: float) -> None:
        super().__init__(asset)
        self._map, self._least_ms = profile.map, 1000 * NEARLY * least_s
        self._stamp: int | None = None
        self._kept: Reading | None = None
        if profile.note:
            self.tally.warn(*profile.note)

    def requests(self, now: int) -> Sequence[Request]:
        return (Fetch(),)

    def feed(self, item: Input) -> Iterator[Reading]:
        if not isinstance(item, Document):
            self.tally.reject("not_document")
            return
        if not isinstance(item.data, dict | list):
            self.tally.reject("no_object")
            return
        self.tally.frames += 1
        stamp = self._map.stamp.read(item.data) if self._map.stamp else None
        if stamp is not None and stamp == self._stamp:
            self.tally.reject("stale")
            return
        self._stamp = stamp
        parts = self._map.decode(item.data)
        if not (parts["values"] or parts["arrays"]):
            self.tally.reject("nothing_known")
            return
        reading = Reading(self.asset, self._time(item.ts, stamp), **parts)
        if self._is_due(reading):
            self._kept = reading
            yield from self.counted([reading])

    def _time(self, arrived: int, stamp: int | None) -> int:
        if stamp is None or arrived < FIRST_DATE:
            return arrived if stamp is None else stamp
        if abs(stamp - arrived) <= APART_MS:
            return stamp
        self.tally.warn(
            "l'horloge de la passerelle n'est pas à l'heure : ses mesures sont datées à leur "
            "arrivée",
            "the gateway's clock is wrong: its readings are dated when they arrive",
        )
        return arrived

    def _is_due(self, reading: Reading) -> bool:
        kept = self._kept
        return (
            kept is None
            or not 0 <= reading.ts - kept.ts < self._least_ms
            or (reading.alarms, reading.states) != (kept.alarms, kept.states)
        )


def _open(asset: str, options: Mapping[str, Any]) -> JsonGateway:
    try:
        profile = load(options["profile"])
    except ProfileError as error:
        raise OptionError(either(f"profile : {error}", f"profile: {error}")) from None
    return JsonGateway(asset, profile, options["every"])


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= LONGEST_PAUSE_S:
        raise ValueError(
            either(
                f"il faut un nombre de secondes de 0 à {LONGEST_PAUSE_S:.0f}, et non {text}",
                f"must be a number of seconds from 0 to {LONGEST_PAUSE_S:.0f}, not {text}",
            )
        )
    return found


DRIVER = Driver(
    code="json_gateway",
    title=(
        "Passerelle JSON par HTTP ou WebSocket (foxBMS et autres)",
        "JSON gateway over HTTP or WebSocket (foxBMS and others)",
    ),
    link="http",
    formats=("json",),
    open=_open,
    options=(
        Option(
            "profile",
            (
                f"table de chemins : {', '.join(names())}, ou le chemin d'un fichier .toml, "
                "relatif à celui de la configuration",
                f"table of paths: {', '.join(names())}, or the path of a .toml file, relative to "
                "that of the configuration",
            ),
            "foxbms_flat",
            suffix=".toml",
        ),
        Option(
            "every",
            (
                "moins de secondes entre deux mesures gardées d'une passerelle qui pousse ; 0 les "
                "garde toutes",
                "least seconds between two readings kept of a gateway that pushes; 0 keeps all",
            ),
            1.0,
            _seconds,
        ),
    ),
    variants=tuple({"profile": name} for name in names()),
)
