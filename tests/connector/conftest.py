"""A site of Laurentia, its clock, and what the databases hold."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from app.clients.models import Asset
from app.processor.models import HistoryChunk, IngestBatch, LiveReading
from tests.house import House
from tests.site import Site


@pytest.fixture
def site(house: House) -> Site:
    return Site(house)


@pytest.fixture
def contents(house: House) -> Callable[..., dict[str, int]]:
    """How many rows a client's database holds: `contents()["chunks"]`."""

    def count(slug: str = "laurentia") -> dict[str, int]:
        tables = {
            "assets": Asset,
            "live": LiveReading,
            "chunks": HistoryChunk,
            "batches": IngestBatch,
        }
        with house.tenant(slug) as session:
            return {
                name: session.scalar(select(func.count()).select_from(model))
                for name, model in tables.items()
            }

    return count
