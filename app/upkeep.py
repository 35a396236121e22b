"""Commands that look after what is protected: `flask keys`, `audit`, `privacy`."""

import json
from dataclasses import dataclass

import click
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session

from app.checks import open_tenants
from app.cli import Group, operator
from app.clients.tenants import tenant_by_slug
from app.core import anchors, audit
from app.core.access import EVERY_ASSET, TenantRef
from app.core.auth import tenant_ref
from app.core.crypto import DERIVED
from app.core.journal import record
from app.core.models import AuditHead, User
from app.core.privacy import erase, personal_data
from app.database.base import CoreBase, TenantBase
from app.database.encrypted import find_by, reseal, sealed_classes, stale
from app.database.sessions import open_core, open_tenant
from app.database.vault import CORE, DataKey
from app.errors import NotFound
from app.gateway.context import engines, settings

PIECE = 200
"""Rows sealed anew in one transaction: an interruption loses no more than that."""

keys = Group("keys", help="Keys of what is encrypted.")
trail = Group("audit", help="The audit trail.")
privacy = Group("privacy", help="What is known of a person.")


def add_commands(app: Flask) -> None:
    """Give `flask` the commands of this module."""
    for group in (keys, trail, privacy):
        app.cli.add_command(group)


@keys.command("status")
def key_status() -> None:
    """Say which master key protects what, and what waits to be sealed anew."""
    vault = engines().vault
    with open_core(engines()) as core:
        wrapped = core.execute(
            select(DataKey.master, func.count()).group_by(DataKey.master).order_by(DataKey.master)
        ).all()
    click.echo(f"newest master key: {_name(vault.masters.newest)}")
    for master, count in wrapped:
        mark = "" if master == vault.masters.newest else "  (flask keys rotate)"
        click.echo(f"data keys under {_name(master)}: {count}{mark}")
    waiting = 0
    for scope in _scopes():
        with scope.opened() as session:
            waiting += sum(stale(session, cls) for cls in sealed_classes(scope.base))
    click.echo(f"rows sealed with an older data key: {waiting}")


@keys.command("rotate")
@click.option("--data", is_flag=True, help="Also make new data keys, and seal every field anew.")
def rotate(data: bool) -> None:
    """Put every data key under the newest master key. May be interrupted and run again."""
    vault = engines().vault
    changed = vault.rewrap()
    done, failed = 0, []
    for scope in _scopes():
        try:
            done += _seal_anew(scope, data)
        except SQLAlchemyError as error:  # one client's database must not stop the others
            click.echo(f"{scope.name}: {error}", err=True)
            failed.append(scope.name)
    with open_core(engines(), writes=True) as core:
        record(core, operator(), "keys.rotate", detail={"keys": changed, "rows": done})
        core.commit()
    click.echo(f"{changed} data keys moved to {_name(vault.masters.newest)}")
    if data or done:
        click.echo(f"{done} rows sealed anew")
    if failed:
        raise click.ClickException(f"not finished: {', '.join(failed)}. Run this again.")


def _seal_anew(scope: "Scope", data: bool) -> int:
    """Finish what an interrupted run left; otherwise, if wanted, make a new data key and use it."""
    done, classes = 0, sealed_classes(scope.base)
    with scope.opened() as session:
        waiting = any(stale(session, cls) for cls in classes)
    if data and not waiting:
        engines().vault.renew(scope.id)
    with scope.opened(writes=True) as session:
        for cls in classes:
            while count := reseal(session, cls, PIECE):
                session.commit()
                session.expunge_all()
                done += count
    return done


@dataclass(frozen=True, slots=True)
class Scope:
    """What one set of data keys seals: the core database (`ref` None), or one client's."""

    ref: TenantRef | None

    @property
    def id(self) -> int:
        return self.ref.id if self.ref else CORE

    @property
    def name(self) -> str:
        return self.ref.slug if self.ref else "core"

    @property
    def base(self) -> type[DeclarativeBase]:
        return TenantBase if self.ref else CoreBase

    def opened(self, writes: bool = False) -> Session:
        """A session on this database; the caller closes it."""
        if self.ref:
            return open_tenant(engines(), self.ref, EVERY_ASSET, writes=writes)
        return open_core(engines(), writes=writes)


def _scopes() -> list[Scope]:
    with open_core(engines()) as core:
        refs = [tenant_ref(engines(), row) for row in core.scalars(open_tenants())]
    return [Scope(None), *map(Scope, refs)]


@trail.command("verify")
@click.option("--tenant", "slug", help="Short name of one client; all and the platform otherwise.")
def verify(slug: str | None) -> None:
    """Recompute the chains; exit code 1 and the first altered entry when one does not hold."""
    noted, broken = anchors.read(settings().data_dir), 0
    with open_core(engines()) as core:
        if slug:
            scopes = [tenant_by_slug(core, slug).id]
        else:
            known = {*core.scalars(select(AuditHead.scope)), *(each.scope for each in noted)}
            scopes = sorted(known)
        for scope in scopes:
            found = audit.verify(core, scope, noted)
            name = f"client {scope}" if scope else "platform"
            if found.intact:
                click.echo(f"ok     {name}: {found.entries} entries")
            else:
                broken += 1
                click.echo(f"BROKEN {name}: entry {found.n}: {found.problem}")
    if broken:
        raise click.ClickException("the audit trail is not as it was written")


@trail.command("anchor")
def anchor() -> None:
    """Note the heads of the chains in a file outside the database; copy it elsewhere."""
    with open_core(engines()) as core:
        path = anchors.write(settings().data_dir, audit.heads(core))
    click.echo(path)


@privacy.command("export")
@click.argument("email")
def export(email: str) -> None:
    """Print all that is known of a person, as JSON."""
    with open_core(engines(), writes=True) as core:
        user_id = _person(core, email)
        record(core, operator(), "privacy.export", target=f"user:{user_id}")
        core.commit()
    known = personal_data(engines(), user_id)
    click.echo(json.dumps(known, indent=2, ensure_ascii=False))


@privacy.command("erase")
@click.argument("email")
@click.confirmation_option(prompt="This cannot be undone. Erase this person?")
def erase_person(email: str) -> None:
    """Remove what is known of a person; what they did stays, under a number."""
    with open_core(engines(), writes=True) as core:
        user_id = _person(core, email)
        erase(core, user_id, operator())
        core.commit()
    click.echo(f"user:{user_id} has been erased")


def _person(core, email: str) -> int:
    found = core.scalar(select(User.id).where(find_by(User, "email", email.strip(), core)))
    if found is None:
        raise NotFound("There is nobody with this address.")
    return found


def _name(master: int) -> str:
    return "SECRET_KEY" if master == DERIVED else f"key {master} of FIELD_KEYS"
