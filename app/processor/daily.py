"""Daily records as they are read: `statistics` makes them, this needs no NumPy."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import BatteryDay

SOC_EDGES = (10, 20, 30, 40, 50, 60, 70, 80, 90)
"""Per cent. The first band is below the first edge, the last from the last one on."""
TEMPERATURE_EDGES = (0, 10, 20, 30, 40, 50)
"""Degrees Celsius, of the warmest sensor."""


def days(session: Session, asset_id: int, first: date, last: date) -> Sequence[BatteryDay]:
    """The records of these days, both included, in order; a day without readings has none."""
    return session.scalars(
        select(BatteryDay)
        .where(
            BatteryDay.asset_id == asset_id,
            BatteryDay.day >= first.isoformat(),
            BatteryDay.day <= last.isoformat(),
        )
        .order_by(BatteryDay.day)
    ).all()


def document(session: Session, asset_id: int, first: date, last: date) -> dict[str, Any]:
    """The same for programs."""
    return {
        "asset": asset_id,
        "soc_edges": SOC_EDGES,
        "temperature_edges": TEMPERATURE_EDGES,
        "days": [_day(row) for row in days(session, asset_id, first, last)],
    }


def _day(row: BatteryDay) -> dict[str, Any]:
    return {
        "day": row.day,
        "from": row.start,
        "to": row.end,
        "complete": row.through >= row.end,
        "availability": round(row.covered_ms / (row.end - row.start), 6),
        "energy_in_wh": row.energy_in_wh,
        "energy_out_wh": row.energy_out_wh,
        "charge_in_ah": row.charge_in_ah,
        "charge_out_ah": row.charge_out_ah,
        "cycles": row.cycles,
        "bands_ms": row.bands,
        "metrics": row.metrics,
    }
