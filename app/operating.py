"""Commands that keep what a host may lose, and move it: `flask backup`, `flask tenant move`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pyrage
from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import make_url

from app.checks import open_tenants
from app.cli import Group, operator, tenant
from app.clients.tenants import tenant_by_slug
from app.core.access import TenantRef
from app.core.auth import tenant_ref
from app.core.journal import record
from app.core.models import Tenant
from app.database import backups, migrate, offsite, parcels
from app.database.base import now_ms
from app.database.copies import move
from app.database.copies import restore as put_back
from app.database.destinations.base import Unreached, named, urls
from app.database.dump import Damaged, Tally
from app.database.sessions import open_core
from app.errors import Conflict, Misconfigured, NotFound
from app.gateway.context import engines, settings

CORE = "core"


class CopyGroup(Group):
    """A group whose commands also say what is wrong with a copy."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (Damaged, parcels.Sealed, Unreached) as error:
            raise click.ClickException(str(error)) from error


backup = CopyGroup("backup", help="Copies of every database and file.")

identity_file = click.option(
    "--identity",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of the private key, which stays off this host otherwise.",
)
day_option = click.option("--day", default="newest", show_default=True, help="Such as 2026-11-24.")


def add_commands(app: Flask) -> None:
    """Give `flask` the commands of this module."""
    app.cli.add_command(backup)  # `move` joins the group of clients


@backup.command("key")
def key() -> None:
    """Make a pair of keys. The private one protects nothing unless it is kept off this host."""
    made = pyrage.x25519.Identity.generate()
    click.echo("# Keep these three lines in a file elsewhere: without it no backup can be read.")
    click.echo(f"# public key: {made.to_public()}")
    click.echo(made)
    click.echo(f"BACKUP_KEY={made.to_public()}   <- this line goes into .env", err=True)


@backup.command("run")
def run() -> None:
    """Make today's backup, or finish it, and bring the copies elsewhere up to date."""
    made = backups.make(engines(), _refs(), now_ms())
    click.echo(f"{made.day}: {len(made.items)} parcels, {made.bytes} bytes")
    for name in backups.prune(settings(), now_ms()):
        click.echo(f"{name}: removed")
    failures = offsite.copy_all(settings())
    for place, error in failures.items():
        click.echo(f"{place}: {error}", err=True)
    if failures:
        raise click.ClickException(f"not copied to: {', '.join(failures)}")


@backup.command("list")
def list_backups() -> None:
    """List the days on this host, and those at each other place."""
    for found in backups.stored(settings()):
        names = ", ".join(sorted(found.items))
        click.echo(f"{found.day}  {found.bytes:12}  {names}")
    for url in urls(settings().backup_copies):
        days = ", ".join(map(str, offsite.days_at(url)))
        click.echo(f"{named(url)}: {days or 'nothing'}")


@backup.command("check")
@day_option
def check(day: str) -> None:
    """Compare every parcel of a day with the checksums of its manifest."""
    found = backups.of_day(settings(), day)
    backups.check(found)
    click.echo(f"{found.day}: {len(found.items)} parcels are what was written")


@backup.command("fetch")
@click.argument("day")
def fetch(day: str) -> None:
    """Bring a day back from another place to this host."""
    click.echo(offsite.fetch(settings(), day, backups.home(settings())))


@backup.command("drill")
@day_option
@identity_file
def drill(day: str, identity: Path | None) -> None:
    """Restore everything into scratch databases, and compare rows and checksums.

    With the private key a stored day is restored; without it, what a backup would hold now.
    """
    if identity is None:
        _drill(lambda ref: backups.rehearse(engines(), ref, _scratch()))
        return
    found, key = backups.of_day(settings(), day), parcels.identity(identity.read_text("utf-8"))
    backups.check(found)
    _drill(lambda ref: backups.drill(engines(), ref, found, key, _scratch()))


@backup.command("restore")
@click.argument("what")
@day_option
@identity_file
@click.confirmation_option(prompt="What is there now will be replaced. Restore?")
def restore(what: str, day: str, identity: Path | None) -> None:
    """Put back one client (its short name), or `core`. No other database is touched."""
    if identity is None:
        raise Misconfigured("--identity FILE is needed: this host cannot read its backups.")
    found, key = backups.of_day(settings(), day), parcels.identity(identity.read_text("utf-8"))
    ref = None if what == CORE else _ref(what)
    backups.check(found)
    lines = backups.opened(found, backups.name_of(ref), key, _scratch())
    tables = put_back(engines(), ref, lines, _scratch())
    _note("backup.restore", what, ref, {"day": str(found.day)})
    click.echo(f"{what}: {_said(tables)} of {found.day}")
    if ref is None:
        click.echo("Touch tmp/restart.txt: the portal's processes remember what core held.")


@tenant.command("move")
@click.argument("slug")
@click.argument("url")
def move_tenant(slug: str, url: str) -> None:
    """Move a client's database to another server or file; its pages answer 503 meanwhile.

    Collectors keep their readings and send them afterwards. The old database is left as it is.
    """
    old = _ref(slug)
    new = replace(old, url=url)
    _nobodys(new)
    try:
        _stand(old, revision=None)  # the portal opens no database at another schema
        tables = move(engines(), old, new, _scratch())
        _stand(old, revision=migrate.head("tenant"), database_url=url)
    except BaseException:  # interrupted or failed: the old database goes on serving
        _stand(old, revision=migrate.head("tenant"))
        raise
    _note("tenant.move", slug, old, {})
    click.echo(f"{slug}: {_said(tables)} moved; the old database may be dropped")


def _nobodys(new: TenantRef) -> None:
    """Refuse a place where a client, this one included, lives already."""
    with open_core(engines()) as core:
        taken = [tenant_ref(engines(), row) for row in core.scalars(select(Tenant))]
    for ref in taken:
        if _place(ref) == _place(new):
            raise Conflict("The client %(client)s lives in this database.", client=ref.slug)


def _place(ref: TenantRef) -> tuple[object, ...]:
    url = make_url(ref.url)
    return url.host, url.port, url.database


def _stand(ref: TenantRef, **changes: str | None) -> None:
    """Write into the client's row what the portal reads before it opens a database."""
    with open_core(engines(), writes=True) as core:
        row = core.get(Tenant, ref.id)
        for name, changed in changes.items():
            setattr(row, name, changed)
        core.commit()


def _drill(prove: Callable[[TenantRef | None], dict[str, Tally]]) -> None:
    failed = []
    for ref in (None, *_refs()):
        name = ref.slug if ref else CORE
        try:
            click.echo(f"ok     {name}: {_said(prove(ref))}")
        except (Damaged, parcels.Sealed, NotFound) as error:
            failed.append(name)
            click.echo(f"FAILED {name}: {error}", err=True)
    if failed:
        raise click.ClickException(f"not proved: {', '.join(failed)}")
    _note("backup.drill", str(datetime.now(UTC).date()), None, {})


def _said(tables: dict[str, Tally]) -> str:
    return f"{len(tables)} tables, {sum(tally.rows for tally in tables.values())} rows"


def _refs() -> list[TenantRef]:
    with open_core(engines()) as core:
        return [tenant_ref(engines(), row) for row in core.scalars(open_tenants())]


def _ref(slug: str) -> TenantRef:
    with open_core(engines()) as core:
        row = tenant_by_slug(core, slug)
        if row.revision != migrate.head("tenant"):
            raise Misconfigured(f"Client {slug} is not at this code's schema: flask db upgrade.")
        return tenant_ref(engines(), row)


def _scratch() -> Path:
    return settings().data_dir / "scratch"


def _note(action: str, target: str, ref: TenantRef | None, detail: dict[str, Any]) -> None:
    with open_core(engines(), writes=True) as core:
        tenant_id = ref.id if ref else None
        record(core, operator(), action, target=target, tenant_id=tenant_id, detail=detail)
        core.commit()
