"""What a database server lets the portal do, how much it takes, and how much there is."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from .base import now_ms

TRIAL = "tbms_rights_trial"
VARIABLES = ("max_user_connections", "max_connections", "max_allowed_packet", "wait_timeout")


@dataclass(frozen=True, slots=True)
class Server:
    """A MySQL or MariaDB server. `ahead`: by how many seconds its clock is before ours."""

    version: str
    limits: dict[str, int]
    ahead: float


def missing_right(engine: Engine) -> str:
    """What the server says when tables are made, altered and dropped; empty: all is allowed."""
    steps = (
        f"CREATE TABLE {TRIAL} (id INTEGER PRIMARY KEY)",
        f"ALTER TABLE {TRIAL} ADD COLUMN word VARCHAR(8)",
        f"CREATE INDEX ix_{TRIAL} ON {TRIAL} (word)",
        f"DROP TABLE {TRIAL}",
    )
    try:
        with engine.execution_options(writes=True).begin() as connection:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {TRIAL}")
            for step in steps:
                connection.exec_driver_sql(step)
    except DBAPIError as error:
        return str(error.orig)
    return ""


def server_of(engine: Engine) -> Server | None:
    """What a server says of itself; None for SQLite, which has none."""
    if engine.dialect.name == "sqlite":
        return None
    with engine.connect() as connection:
        version = connection.exec_driver_sql("SELECT VERSION()").scalar()
        listed = ", ".join(f"@@{name}" for name in VARIABLES)
        limits = connection.exec_driver_sql(f"SELECT {listed}").one()  # noqa: S608
        theirs = connection.exec_driver_sql("SELECT UNIX_TIMESTAMP(NOW(3))").scalar()
    ahead = float(theirs) - now_ms() / 1000
    return Server(str(version), dict(zip(VARIABLES, map(int, limits), strict=True)), ahead)


def size(engine: Engine) -> int:
    """Bytes of a database on disk: the file and its log, or what the server says of its tables."""
    if engine.dialect.name == "sqlite":
        files = (Path(f"{engine.url.database}{suffix}") for suffix in ("", "-wal"))
        return sum(path.stat().st_size for path in files if path.is_file())
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT SUM(data_length + index_length) FROM information_schema.tables "
            "WHERE table_schema = %s",
            (engine.url.database,),
        ).scalar()
    return int(found or 0)
