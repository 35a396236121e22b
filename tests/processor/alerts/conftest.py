"""A bench for the engine: one battery of the house, and readings that follow each other."""

from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from app.processor import live, revision
from app.processor.alerts import engine
from app.processor.alerts.models import Alert, AlertEvent, AlertState, Notification
from collector.wire.alarms import Alarm
from collector.wire.reading import Reading
from tests.house import House

T0 = 1_790_000_000_000


@dataclass
class Bench:
    """Reads one battery every five seconds. `now` is its clock and the portal's."""

    house: House
    asset_id: int = 1
    now: int = T0
    slug: str = "laurentia"
    commits: int = field(default=0)

    def read(
        self, *, seconds=5, late=0, alarms=(), asset_id=None, cells=(3.3, 3.31), **values
    ) -> None:
        """A reading `seconds` after the last one, that arrives `late` seconds after it was made."""
        self.now += seconds * 1000
        reading = Reading(
            "EDS-LFP-0001",
            self.now,
            {"soc": 60.0, "current": -10.0} | values,
            {"cell_voltage": cells} if cells else {},
            {},
            tuple(alarms),
        )
        self.take({asset_id or self.asset_id: reading}, self.now + late * 1000)

    def take(self, readings: dict[int, Reading], received: int) -> None:
        """What the portal does with a push."""
        with self.house.tenant(self.slug, writes=True) as session, session.begin():
            revision.hold(session)
            standings = engine.prepare(session, readings)
            for asset_id, reading in readings.items():
                live.apply(session, asset_id, reading, received, 1)
            engine.evaluate(session, standings, readings, received)

    def for_seconds(self, seconds: int, **given) -> None:
        """Readings of one kind for a while."""
        for _ in range(seconds // 5):
            self.read(**given)

    def alerts(self, **wanted) -> list[Alert]:
        with self.house.tenant(self.slug) as session:
            statement = select(Alert).filter_by(**wanted).order_by(Alert.id)
            return list(session.scalars(statement))

    def open(self) -> list[str]:
        """The codes of what is open."""
        return [row.rule for row in self.alerts() if row.open_key]

    def events(self, alert_id: int) -> list[str]:
        with self.house.tenant(self.slug) as session:
            statement = select(AlertEvent.event).where(AlertEvent.alert_id == alert_id)
            return list(session.scalars(statement.order_by(AlertEvent.id)))

    def outbox(self) -> list[tuple[str, str, str]]:
        """Event, state and reason of what is to be told, in order."""
        with self.house.tenant(self.slug) as session:
            statement = select(Notification.event, Notification.state, Notification.reason)
            return [tuple(row) for row in session.execute(statement.order_by(Notification.id))]

    def state(self) -> AlertState | None:
        with self.house.tenant(self.slug) as session:
            return session.get(AlertState, self.asset_id)


@pytest.fixture
def bench(house) -> Bench:
    return Bench(house)


HIGH = {"cells": (3.3, 3.7)}
"""Rings L1 after a minute and L2 after ten seconds."""
OPEN_WIRE = Alarm("open_wire", "critical", 3)
