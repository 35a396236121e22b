"""What history costs to keep and to draw, roll-ups included, beside VictoriaMetrics.

Prints one JSON object a line, `{"name", "value", "unit", "goal", "ok"}`, then the same as a table.
Two sets: a day at one reading a second of some batteries, and weeks at one in ten seconds of one.
Bytes are those of the databases' files: pages, indexes and free space included, other tables not.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sqlalchemy import create_engine, text  # noqa: E402

from app.clients.models import Battery  # noqa: E402
from app.core.access import EVERY_ASSET  # noqa: E402
from app.database.sessions import open_tenant  # noqa: E402
from app.processor import backlog, history, rollups  # noqa: E402
from app.processor.grid import from_block  # noqa: E402
from collector.wire.block import Block  # noqa: E402
from tests.bench import peer, world  # noqa: E402
from tests.bench.report import report, table  # noqa: E402
from tests.mariadb import running_server  # noqa: E402

HOUR, DAY = 3_600, 86_400
CODES = ["pack_voltage", "current", "soc", "cell_temperature.0"]
SERIES = ["pack_voltage", "current", "soc", "cell_temperature_0"]
TABLES = ("bms_data_history", "bms_rollups", "rollup_state", "rollup_backlog", "battery_days")
POINTS = 1_000
SETTLED = 2 * DAY


@dataclass(frozen=True, slots=True)
class Data:
    """One set of readings: each battery's blocks from `start` (epoch seconds) for so many days."""

    name: str
    start: int
    days: int
    batteries: Sequence[Sequence[Block]]
    goals: dict[str, float]
    """Bytes per value, in times of VictoriaMetrics."""

    @property
    def values(self) -> int:
        return sum(map(world.values_of, self.batteries))


def sets(made: Any, batteries: int, weeks: int, smallest: bool) -> list[Data]:
    """A set of each kind, ending two days ago."""
    end = int(time.time()) // DAY * DAY - SETTLED
    found = []
    for name, days, rate, count, goals in (
        ("1 Hz", 1, 1.0, batteries, {"SQLite": 0.75, "MariaDB": 0.80}),
        ("10 s", 7 * weeks, 0.1, 1, {"SQLite": 0.95, "MariaDB": 0.95}),
    ):
        days = 1 if smallest else days
        start = end - days * DAY
        seconds = 6 * HOUR if smallest else days * DAY
        each = [
            list(world.blocks(made, one, start, seconds, HOUR, rate)) for one in made.fleet(count)
        ]
        found.append(Data(name, start, days, each, goals))
    return found


def keep(portal: world.Portal, data: Data) -> None:
    """Store, seal and roll up all of a set; reports what cron's part costs."""
    with open_tenant(portal.engines, portal.ref, EVERY_ASSET, writes=True) as session:
        for number, blocks in enumerate(data.batteries, start=1):
            name = f"B-{number}"
            session.add(Battery(id=number, uid=name, name=name, serial=name, status="active"))
            session.flush()
            grids = [replace(from_block(each), asset=name) for each in blocks]
            history.append_all(session, 1, [(number, each) for each in grids])
        session.commit()
    end = (data.start + data.days * DAY) * 1000

    def seal() -> None:
        while True:
            with open_tenant(portal.engines, portal.ref, EVERY_ASSET, writes=True) as session:
                done = history.seal(session, end)
                session.commit()
            if not done:
                return

    def compile_all() -> None:
        while True:
            with open_tenant(portal.engines, portal.ref, EVERY_ASSET, writes=True) as session:
                days = backlog.waiting(session, end + DAY * 1000)
                for asset_id, start in days[:1]:
                    rollups.compile_day(session, asset_id, start)
                session.commit()
            if not days:
                return

    on = f"{data.name}, {portal.name}"
    parts = [world.cpu(seal), world.cpu(compile_all)]
    for part, seconds in zip(("sealing", "roll-ups"), parts, strict=True):
        report(f"{on}: {part}", seconds / data.values * 1e6, "CPU-s/M values")
    report(f"{on}: sealing and roll-ups", sum(parts) / data.values * 1e6, "CPU-s/M values", 0.15)


def bytes_of(portal: world.Portal) -> int:
    """Bytes of the files, or pages, that hold the history."""
    url = portal.engines.tenant_url(portal.ref.id)
    engine = create_engine(url)
    if portal.server is None:
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            names = ", ".join(f"'{name}'" for name in TABLES)
            found = connection.execute(
                text(
                    "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master "
                    f"WHERE tbl_name IN ({names}))"
                )
            )
            return found.scalar()
    with engine.connect() as connection:
        for name in TABLES:  # what deleting hot chunks left free is used again, and is no cost
            connection.execute(text(f"OPTIMIZE TABLE {name}")).all()
    folder = portal.server.folder / engine.url.database
    return sum((folder / f"{name}.ibd").stat().st_size for name in TABLES)


def ask(portal: world.Portal, start: int, end: int, points: int) -> Callable[[], Any]:
    def draw() -> None:
        with open_tenant(portal.engines, portal.ref, EVERY_ASSET) as session:
            history.series(session, 1, CODES, start * 1000, end * 1000, points).to_json()

    return draw


def spans(data: Data) -> list[tuple[str, int, int, int, float]]:
    """Charts: name, range (epoch seconds), points, and the goal in times of VictoriaMetrics."""
    end = data.start + data.days * DAY
    if data.name == "1 Hz":
        noon = data.start + DAY // 4
        return [("day", data.start, end, POINTS, 0.35), ("raw hour", noon, noon + HOUR, HOUR, 1.0)]
    longest = [("day", 1, 0.8), ("month", 30, 0.12), ("year", 365, 0.04)]
    return [
        (name, end - days * DAY, end, POINTS, goal)
        for name, days, goal in longest
        if days <= data.days
    ]


def draw(portals: Sequence[world.Portal], beside: peer.Peer | None, data: Data, times: int) -> None:
    """CPU of each chart in this process (its database's not), cold and warm, beside the peer's."""
    for name, start, end, points, goal in spans(data):
        theirs = charted(beside, data, start, end, points, times) if beside else None
        for portal in portals:
            chart = ask(portal, start, end, points)
            cold = world.cpu(chart)
            warm = median(world.cpu(chart) for _ in range(times))
            on = f"{name}, {data.name}, {portal.name}"
            report(f"{on}: first", cold * 1e3, "CPU ms")
            report(f"{on}: again", warm * 1e3, "CPU ms")
            if theirs:
                report(f"{on}: against VictoriaMetrics", warm / theirs, "times", goal)
        if theirs:
            report(f"{name}, {data.name}, VictoriaMetrics", theirs * 1e3, "CPU ms")


def charted(beside: peer.Peer, data: Data, start: int, end: int, points: int, times: int) -> float:
    """CPU seconds of the same chart there: the mean of each step, of the same four series."""
    step = max((end - start) // points, 1)
    battery = data.batteries[0][0].asset
    names = "|".join(SERIES)
    selected = f'{{__name__=~"{names}",battery="{data.name}-{battery}"}}'
    query = selected if step == 1 else f"avg_over_time({selected}[{step}s])"

    def once() -> int:
        asked = {"query": query, "start": start, "end": end - 1, "step": step}
        return len(beside.ask("/api/v1/query_range", **asked)["data"]["result"])

    if once() != len(SERIES):
        sys.exit(f"VictoriaMetrics does not answer what it was given: {query}")
    before = beside.cpu()
    for _ in range(times * 3):
        once()
    return max((beside.cpu() - before) / (times * 3), 1e-6)


def main() -> None:
    asked = world.options(__doc__)
    made = world.workload()
    batteries, weeks, times = (
        (1, 1, 2) if asked.smallest else (20, 53, 15) if asked.full else (4, 5, 9)
    )
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for data in sets(made, batteries, weeks, asked.smallest):
            portals = [
                world.Portal(folder / f"{data.name} {kind}", server if kind else None)
                for kind in (0, 1)
            ]
            with peer.victoria(folder / f"{data.name} peer") as beside:
                theirs = fill_peer(beside, data) if beside else None
                for portal in portals:
                    keep(portal, data)
                    size = bytes_of(portal) / data.values
                    report(f"{data.name}, {portal.name}: kept", size, "B/value")
                    if theirs:
                        goal, on = data.goals[portal.name], f"{data.name}, {portal.name}"
                        report(f"{on}: kept, against VictoriaMetrics", size / theirs, "times", goal)
                draw(portals, beside, data, times)
            for portal in portals:
                portal.engines.dispose()
    print(peer.EMONCMS)
    table()


def fill_peer(beside: peer.Peer, data: Data) -> float:
    """The same readings there; bytes a value once they are merged."""
    for blocks in data.batteries:
        for each in blocks:
            beside.push(peer.lines([replace(each, asset=f"{data.name}-{each.asset}")]))
    beside.settle()
    size = beside.size() / data.values
    report(f"{data.name}, VictoriaMetrics: kept", size, "B/value")
    return size


if __name__ == "__main__":
    main()
