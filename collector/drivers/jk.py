"""JK boards over serial lines, 115200 8N1, in the forms they speak.

`master`  PB boards on an RS485 bus that one of them polls: listened to, nothing is sent
`request` PB boards that nobody else polls: each is triggered in turn
`gps`     older boards on their "GPS port" (TTL or RS485), one a port

Triggering a PB board is a write request that changes nothing in it (see `_jk_pb`), hence not the
default. Two masters on one bus disturb each other: `request` is for a bus without a board 0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..protocols.exchange import Question
from . import _jk_gps as gps
from . import _jk_pb as pb
from ._polled import POSITIVE, Answer, Parts, Polled, Refused, addresses, sign
from .base import Driver, Option

ADDRESSES = range(16)
TRIGGERS = {(a, what): pb.request(a, what) for a in ADDRESSES for what in pb.TRIGGERS}
READ_ALL = gps.request()
SENDS = frozenset((*TRIGGERS.values(), READ_ALL))


class Pb(Polled):
    """`master` and `request`."""

    PATIENCE_MS, GAP_MS = 900, 120
    WHOLE = frozenset((pb.STATUS,))

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        poll = options["form"] == "request"
        super().__init__(asset, options["address"], pb.frames(), SENDS, poll)
        self._sign = sign(options)
        self._settings: dict[int, Mapping[str, float]] = {}
        self._identity: dict[int, Mapping[str, str]] = {}

    def cycle(self, address: int) -> Sequence[Question]:
        yield Question(TRIGGERS[address, pb.STATUS], address, pb.STATUS)
        for what, known in ((pb.SETTINGS, self._settings), (pb.IDENTITY, self._identity)):
            if address not in known:
                yield Question(TRIGGERS[address, what], address, what, optional=True)

    def answer(self, frame: bytes) -> Answer:
        address, payload = pb.split(frame)
        what = payload[4]
        if what == pb.SETTINGS:
            self._settings[address] = pb.settings(payload)
        elif what == pb.IDENTITY:
            self._identity[address] = pb.identity(payload)
        return Answer(address, what, payload)

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        if pb.STATUS not in parts:
            return {}
        found = pb.status(parts[pb.STATUS])
        found["values"].update(self._settings.get(address, {}))
        found["values"]["current"] *= self._sign
        found["states"].update(self._identity.get(address, {}))
        return found


class Gps(Polled):
    """`gps`."""

    WHOLE = frozenset(("all",))

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        super().__init__(asset, (0,), gps.frames(), SENDS, True)
        self._sign = sign(options)

    def cycle(self, address: int) -> Sequence[Question]:
        return (Question(READ_ALL, address, "all"),)

    def answer(self, frame: bytes) -> Answer:
        if not gps.is_answer(frame):
            raise Refused("not_awaited")
        return Answer(0, "all", gps.tags(frame))

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        found = gps.reading(parts["all"])
        if "current" in found["values"]:
            found["values"]["current"] *= self._sign
        return found


def _open(asset: str, options: Mapping[str, Any]) -> Polled:
    return Gps(asset, options) if options["form"] == "gps" else Pb(asset, options)


DRIVER = Driver(
    code="jk",
    title=("JK : PB sur RS485, ou port « GPS »", "JK: PB on RS485, or its GPS port"),
    link="serial",
    formats=("serial", "transcript"),
    open=_open,
    options=(
        Option(
            "form",
            (
                "master : cartes PB dont l'une, à l'adresse 0, interroge les autres ; écoute "
                "seulement. request : cartes PB que rien d'autre n'interroge ; les demandes sont "
                "des écritures sans effet. gps : port « GPS » d'une carte plus ancienne",
                "master: PB boards polled by one of them, at address 0; only listens. request: PB "
                "boards that nothing else polls; the questions are writes without effect. gps: the "
                "GPS port of an older board",
            ),
            "master",
            choices=("master", "request", "gps"),
        ),
        addresses(ADDRESSES[0], ADDRESSES[-1], 1),
        POSITIVE,
    ),
    sends=SENDS,
    variants=({}, {"form": "gps"}),
    turned=("positive_current", "discharge"),
)
