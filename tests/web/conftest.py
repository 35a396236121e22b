"""What the tests of pages share: readings in the live table, forms with their token."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.database.base import now_ms
from app.processor import live, revision
from collector.wire.alarms import Alarm
from collector.wire.reading import Reading


@pytest.fixture
def report(house) -> Callable[..., None]:
    """`report(1, age_ms=0, soc=62, ...)`: a reading of a battery of Laurentia, so long ago."""

    def tell(
        asset_id: int,
        age_ms: int = 0,
        alarms: tuple[Alarm, ...] = (),
        states: Mapping[str, Any] | None = None,
        arrays: Mapping[str, tuple] | None = None,
        **values: float,
    ) -> None:
        now = now_ms()
        given = values or {"soc": 62.0, "pack_voltage": 52.8, "current": -34.8}
        reading = Reading("any", now - age_ms, given, arrays or {}, states or {}, alarms)
        with house.tenant(writes=True) as session:
            live.apply(session, asset_id, reading, now - age_ms, 1)
            raised = revision.bump(session)
            session.commit()
        revision.publish(house.settings, house.refs["laurentia"].id, raised)

    return tell


@pytest.fixture
def submit() -> Callable[..., Any]:
    """`submit(browser, "/page", "/action", name="…")`: send a form with the token of the page."""

    def send(browser, page: str, action: str, **fields: str) -> Any:
        token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(page).text)[1]
        return browser.post(action, data={"csrf_token": token, **fields})

    return send
