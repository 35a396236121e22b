"""A battery's past for tests of pages: readings whose values anybody can work out, and a gap."""

from math import pi, sin

from app.processor import backlog, history, live, revision, rollups
from collector.wire.block import from_readings
from collector.wire.reading import Reading

HOUR, DAY = 3_600_000, 86_400_000
BLOCK = 720


def readings(uid: str, start: int, end: int, step: int, cells: int = 4) -> list[Reading]:
    """The charge swings between 40 and 80 % once a day; the last cell stays 20 mV behind."""
    found = []
    for ts in range(start, end, step):
        wave = sin(2 * pi * ts / DAY)
        volts = 3.3 + 0.05 * wave
        found.append(
            Reading(
                uid,
                ts,
                {"soc": 60 + 20 * wave, "current": 10 * wave, "pack_voltage": volts * cells},
                {
                    "cell_voltage": (*([volts] * (cells - 1)), volts - 0.02),
                    "cell_temperature": (20 + 5 * wave, 21 + 5 * wave),
                },
            )
        )
    return found


def fill(house, asset_id: int, start: int, end: int, step: int, seq: int = 1, cells: int = 4):
    """Store a past of a battery of Laurentia, and its last reading as the newest one."""
    told = readings("any", start, end, step, cells)
    with house.tenant(writes=True) as session:
        for i in range(0, len(told), BLOCK):
            block = from_readings(told[i : i + BLOCK], seq * 1000 + i // BLOCK)
            history.append(session, asset_id, 1, block)
        live.apply(session, asset_id, told[-1], told[-1].ts, 1)
        raised = revision.bump(session)
        session.commit()
    revision.publish(house.settings, house.refs["laurentia"].id, raised)


def compile_days(house, now: int) -> None:
    """Seal and roll up what is over, as the night does."""
    with house.tenant(writes=True) as session, session.begin():
        while history.seal(session, now):
            pass
    while True:
        with house.tenant(writes=True) as session, session.begin():
            found = backlog.waiting(session, now)
            if not found:
                return
            rollups.compile_day(session, *found[0])
