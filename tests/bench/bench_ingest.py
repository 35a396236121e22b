"""What taking in a push costs, over HTTP, the database's CPU included, beside VictoriaMetrics.

Prints one JSON object a line, `{"name", "value", "unit", "goal", "ok"}`, then the same as a table.
Each round sends every system the same minutes, one after the other; ratios are medians of rounds.
What is stored is counted at the end.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sqlalchemy import func, select  # noqa: E402

from app.core.access import EVERY_ASSET  # noqa: E402
from app.database.sessions import open_tenant  # noqa: E402
from app.processor.models import HistoryChunk  # noqa: E402
from collector.wire import envelope  # noqa: E402
from collector.wire.block import Block  # noqa: E402
from collector.wire.envelope import Batch  # noqa: E402
from tests.bench import peer, world  # noqa: E402
from tests.bench.processes import disk, resident  # noqa: E402
from tests.bench.report import report, table  # noqa: E402
from tests.mariadb import running_server  # noqa: E402

BATTERIES = 20
PEER = "VictoriaMetrics"
GOALS = {
    (BATTERIES, "SQLite"): 2.5,
    (BATTERIES, "MariaDB"): 2.0,
    (1, "SQLite"): 1.2,
    (1, "MariaDB"): 0.6,
}
"""Values per CPU second, in times of VictoriaMetrics."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the minutes of a round are sent: so many batteries a push, or their live readings."""

    per_push: int
    live_only: bool = False

    @property
    def name(self) -> str:
        batteries = "1 battery" if self.per_push == 1 else f"{self.per_push} batteries"
        return f"{batteries} a push" + (", live only" if self.live_only else "")


WAYS = (Way(BATTERIES), Way(1), Way(BATTERIES, live_only=True), Way(1, live_only=True))


def groups(way: Way, minutes: Sequence[Sequence[Block]]) -> Iterator[list[Block]]:
    """The blocks of each push; every way has batteries of its own."""
    for minute in minutes:
        for i in range(0, len(minute), way.per_push):
            yield [
                replace(b, asset=f"{way.per_push}-{b.asset}") for b in minute[i : i + way.per_push]
            ]


def to_portal(portal: world.Portal, sites: dict, way: Way, minutes: Sequence) -> Callable[[], Any]:
    """Makes the pushes of a round; what is returned sends them."""
    pushes = []
    now = int(time.time() * 1000)
    for group in groups(way, minutes):
        site = sites.setdefault((portal.name, group[0].asset), None) or portal.site(
            f"{portal.name}-{group[0].asset}", now
        )
        sites[portal.name, group[0].asset] = site
        site.now = now
        newest = [list(b.readings())[-1] for b in group]
        if way.live_only:
            newest = [replace(r, ts=now + len(pushes)) for r in newest]
        batch = Batch(now, newest, () if way.live_only else group)
        pushes.append(world.push_of(site, batch))
    return lambda: [portal.send(envelope.PATH, *push) for push in pushes]


def spent(system: Any, send: Callable[[], Any]) -> float:
    """CPU seconds of the system's processes."""
    before = system.cpu()
    send()
    return system.cpu() - before


def measure(
    portals: Sequence[world.Portal], beside: peer.Peer | None, rounds: Sequence[Sequence]
) -> dict[tuple[Way, str], list[float]]:
    """CPU seconds per way and system, one for each round."""
    costs: dict[tuple[Way, str], list[float]] = {}
    sites: dict = {}
    for number, minutes in enumerate(rounds):
        for way in WAYS:
            for portal in portals:
                cost = spent(portal, to_portal(portal, sites, way, minutes))
                costs.setdefault((way, portal.name), []).append(cost)
            if beside and not way.live_only:
                bodies = [peer.lines(group) for group in groups(way, minutes)]
                cost = spent(beside, lambda bodies=bodies: [beside.push(body) for body in bodies])
                costs.setdefault((way, PEER), []).append(cost)
        print(f"round {number + 1} of {len(rounds)}", flush=True)
    return costs


def tell(costs: dict[tuple[Way, str], list[float]], values: int, minutes: int) -> None:
    """Figures, and ratios where there is something to compare with."""
    for (way, name), each in costs.items():
        pushes = minutes * BATTERIES // way.per_push
        if not way.live_only:
            report(f"ingest, {name}, {way.name}", values / median(each), "values/CPU-s")
        if name != PEER:
            report(f"  one push, {name}, {way.name}", median(each) / pushes * 1e3, "CPU ms")
        if name != PEER and (way, PEER) in costs:
            pairs = zip(costs[way, PEER], each, strict=True)
            ratio = median(theirs / ours for theirs, ours in pairs)
            goal = GOALS[way.per_push, name]
            report(f"  against {PEER}, {name}, {way.name}", ratio, "times", goal, least=True)


def check(portal: world.Portal, expected: int) -> None:
    """Every reading sent is there once."""
    with open_tenant(portal.engines, portal.ref, EVERY_ASSET) as session:
        found = session.scalar(select(func.sum(HistoryChunk.count)))
    if found != expected:
        sys.exit(f"{portal.name} holds {found} readings instead of {expected}")


def main() -> None:
    asked = world.options(__doc__)
    made = world.workload()
    count, minutes = (2, 2) if asked.smallest else (9, 40) if asked.full else (5, 20)
    start = int(time.time()) // 60 * 60 - count * minutes * 60
    fleet = [
        list(world.blocks(made, battery, start, count * minutes * 60))
        for battery in made.fleet(BATTERIES)
    ]
    each = list(zip(*fleet, strict=True))
    rounds = [each[i : i + minutes] for i in range(0, len(each), minutes)]
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(dir=disk()))) for _ in range(3)
        ]
        portals = [world.Portal(folders[0]), world.Portal(folders[1], server)]
        for portal in portals:
            stack.enter_context(portal.served())
        beside = stack.enter_context(peer.victoria(folders[2]))
        costs = measure(portals, beside, rounds)
        for portal in portals:
            check(portal, 2 * sum(len(b.times) for series in fleet for b in series))
            report(f"web process, {portal.name}", resident(portal.pid), "MB", 90)
            portal.engines.dispose()
    values = sum(map(world.values_of, fleet)) / count
    tell(costs, int(values), minutes)
    print(peer.EMONCMS)
    table()


if __name__ == "__main__":
    main()
