"""What was recorded before entries were chained is chained by the upgrade, people by number."""

from alembic import command
from sqlalchemy import select, text

from app.core import audit
from app.core.journal import record
from app.core.models import AuditEntry
from app.database import migrate
from app.database.sessions import open_core

PERSON = (
    "INSERT INTO users (id, email, name, role, status, theme, created_at) "
    "VALUES (7, 'sam@eds.example', 'Sam', 'super_admin', 'active', 'auto', 1)"
)
ENTRY = (
    "INSERT INTO audit_log (id, at, actor, action, target, detail, address, request_id) "
    "VALUES ({n}, {n}, 'user:sam@eds.example', 'trial.{n}', '{target}', :detail, '203.0.113.7', '')"
)


def test_the_past_is_chained_and_goes_on(bare_engines):
    with bare_engines.core.execution_options(writes=True).connect() as connection:
        command.upgrade(migrate._config("core", connection), "0003")
        connection.execute(text(PERSON))
        for n, target in enumerate(("thing:1", "sam@eds.example", "gone@eds.example"), start=1):
            detail = {"detail": f'{{"é": {n}}}'}
            connection.execute(text(ENTRY.format(n=n, target=target)), detail)
        connection.commit()
    migrate.upgrade_core(bare_engines)
    with open_core(bare_engines, writes=True) as core:
        assert audit.verify(core, 0) == audit.Finding(0, 3)
        entries = core.scalars(select(AuditEntry).order_by(AuditEntry.n)).all()
        assert {entry.actor for entry in entries} == {"user:7"}
        assert [entry.target for entry in entries] == ["thing:1", "user:7", "user:?"]
        record(core, None, "trial.4")
        core.commit()
        assert audit.verify(core, 0) == audit.Finding(0, 4)
