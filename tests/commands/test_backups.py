"""A day's backup from the command that makes it to the client that comes back from it."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from app import create_app
from app.clients.models import Asset
from app.core.access import EVERY_ASSET
from app.core.models import AuditEntry
from app.database import backups, parcels
from app.database.base import now_ms
from app.database.copies import lines_of
from app.database.engines import Engines
from app.database.sessions import open_tenant

DAY_MS = 86_400_000


@pytest.fixture
def kept(house, tmp_path):
    """An installation with a key for backups: `kept("run")` is `flask backup run`."""
    plain = create_app(house.settings)
    made = plain.test_cli_runner().invoke(args=["backup", "key"])
    plain.extensions["engines"].dispose()
    identity = tmp_path / "elsewhere.txt"
    identity.write_text(made.stdout)
    public = re.search(r"BACKUP_KEY=(age1\w+)", made.stderr)[1]
    app = create_app(replace(house.settings, backup_key=public))

    def run(*arguments: str):
        return app.test_cli_runner().invoke(args=["backup", *arguments])

    run.identity, run.settings = identity, app.extensions["engines"].settings
    run.engines = app.extensions["engines"]
    yield run
    app.extensions["engines"].dispose()


def _rename(house, slug, name):
    with open_tenant(house.engines, house.refs[slug], EVERY_ASSET, writes=True) as session:
        session.execute(update(Asset).values(name=name))
        session.commit()


def test_a_client_comes_back_alone(house, kept):
    made = kept("run")
    assert made.exit_code == 0, made.output
    before = {slug: list(lines_of(house.engines, ref)) for slug, ref in house.refs.items()}
    assert kept("check").exit_code == 0
    proved = kept("drill", "--identity", str(kept.identity))
    assert proved.exit_code == 0, proved.output
    assert re.findall(r"ok +(\S+):", proved.output) == ["core", "laurentia", "boreal"]
    _rename(house, "laurentia", "spoilt")
    _rename(house, "boreal", "of today")

    back = kept("restore", "laurentia", "--identity", str(kept.identity), "--yes")

    assert back.exit_code == 0, back.output
    assert list(lines_of(house.engines, house.refs["laurentia"])) == before["laurentia"]
    assert list(lines_of(house.engines, house.refs["boreal"])) != before["boreal"]
    with house.core() as core:
        entry = core.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.tenant_id) == ("backup.restore", 1)


def test_core_comes_back(house, kept):
    assert kept("run").exit_code == 0
    before = list(lines_of(house.engines, None))
    with house.core() as core:
        core.execute(update(AuditEntry).values(action="spoilt"))
        core.commit()
    back = kept("restore", "core", "--identity", str(kept.identity), "--yes")
    assert back.exit_code == 0, back.output
    users = [line for line in before if b"argon2" in line]
    assert users == [line for line in lines_of(house.engines, None) if b"argon2" in line]


def test_the_drill_of_the_host_needs_no_private_key(house, kept):
    proved = kept("drill")
    assert proved.exit_code == 0, proved.output
    assert "ok     boreal" in proved.output
    assert list((house.settings.data_dir / "scratch").iterdir()) == []


@pytest.mark.sqlite_only
def test_the_host_cannot_read_what_it_wrote(house, kept):
    kept("run")
    refused = kept("restore", "laurentia", "--yes")
    assert refused.exit_code == 1
    assert "cannot read" in refused.output
    for path in backups.stored(kept.settings)[0].folder.glob("*.age"):
        sealed = path.read_bytes()
        assert sealed.startswith(b"age-encryption.org/v1")
        assert b"Laurentia" not in sealed
    other = backups.home(kept.settings) / "other.txt"
    other.write_text(
        create_app(house.settings).test_cli_runner().invoke(args=["backup", "key"]).stdout
    )
    wrong = kept("restore", "laurentia", "--identity", str(other), "--yes")
    assert wrong.exit_code == 1
    assert "does not open" in wrong.output


@pytest.mark.sqlite_only
@pytest.mark.parametrize("spoil", [lambda b: b[:-20], lambda b: b[:200] + b"\0" + b[201:]])
def test_a_damaged_parcel_is_refused(house, kept, spoil):
    kept("run")
    path = backups.stored(kept.settings)[0].folder / "client-1.dump.gz.age"
    path.write_bytes(spoil(path.read_bytes()))
    before = list(lines_of(house.engines, house.refs["laurentia"]))
    assert kept("check").exit_code == 1
    refused = kept("restore", "laurentia", "--identity", str(kept.identity), "--yes")
    assert "not what was written" in refused.output
    assert list(lines_of(house.engines, house.refs["laurentia"])) == before
    with pytest.raises(parcels.Sealed):
        list(parcels.unpack(path, parcels.identity(kept.identity.read_text()), path.parent))


@pytest.mark.sqlite_only
def test_files_are_kept_and_what_remakes_itself_is_not(house, kept, tmp_path):
    folder = house.settings.data_dir
    (folder / "audit").mkdir()
    (folder / "audit" / "anchors.jsonl").write_text("x" * 3000)
    (folder / "cache").mkdir(exist_ok=True)
    (folder / "cache" / "remade").write_text("not this")
    assert kept("run").exit_code == 0
    backup = backups.stored(kept.settings)[0]
    key = parcels.identity(kept.identity.read_text())
    archive = b"".join(backups.opened(backup, "files", key, tmp_path / "open"))
    assert b"audit/anchors.jsonl" in archive
    assert b"x" * 3000 in archive
    assert b"not this" not in archive


@pytest.mark.sqlite_only
def test_a_run_that_is_cut_off_is_finished_by_the_next(house, kept):
    refs, now, turns = list(house.refs.values()), now_ms(), iter([True, True, False])
    assert backups.make(kept.engines, refs, now, lambda: next(turns)) is None
    assert backups.stored(kept.settings) == []
    partial = next(backups.home(kept.settings).iterdir())
    first = (partial / "core.dump.gz.age").read_bytes()
    made = backups.make(kept.engines, refs, now)
    assert set(made.items) == {"core", "client-1", "client-2", "files"}
    assert (made.folder / "core.dump.gz.age").read_bytes() == first, "it was done already"


@pytest.mark.sqlite_only
def test_old_days_go_and_beginnings_nobody_finished(house, kept):
    refs, now = list(house.refs.values())[:1], now_ms()
    for days in range(9):
        backups.make(kept.engines, refs, now - days * DAY_MS)
    turns = iter([True, False])
    backups.make(kept.engines, refs, now - 20 * DAY_MS, lambda: next(turns))
    removed = backups.prune(kept.settings, now)
    assert any(name.endswith(".partial") for name in removed)
    left = {backup.day for backup in backups.stored(kept.settings)}
    assert len(left) >= 7
    assert backups.kept(left) == left


@pytest.mark.sqlite_only
def test_without_a_key_nothing_is_written(house):
    with Engines(house.settings) as engines, pytest.raises(Exception, match="BACKUP_KEY"):
        backups.make(engines, [], now_ms())
    assert not backups.home(house.settings).exists()
