"""Commands that look after what is protected: `flask keys`, `audit`, `privacy`."""

import json

import click
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Mapper

from app.cli import Group, operator
from app.clients.tenants import tenant_by_slug
from app.core import anchors, audit
from app.core.crypto import DERIVED
from app.core.journal import record
from app.core.models import AuditHead, User
from app.core.privacy import erase, personal_data
from app.database.base import CoreBase
from app.database.encrypted import encrypted_of, find_by, reseal, stale
from app.database.sessions import open_core
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
        waiting = sum(stale(core, cls) for cls in _sealed_classes())
    click.echo(f"newest master key: {_name(vault.masters.newest)}")
    for master, count in wrapped:
        mark = "" if master == vault.masters.newest else "  (flask keys rotate)"
        click.echo(f"data keys under {_name(master)}: {count}{mark}")
    click.echo(f"rows sealed with an older data key: {waiting}")


@keys.command("rotate")
@click.option("--data", is_flag=True, help="Also make new data keys, and seal every field anew.")
def rotate(data: bool) -> None:
    """Put every data key under the newest master key. May be interrupted and run again."""
    vault = engines().vault
    changed = vault.rewrap()
    done, version = 0, 0
    with open_core(engines(), writes=True) as core:
        waiting = any(stale(core, cls) for cls in _sealed_classes())
        core.rollback()
        if data and not waiting:  # otherwise an interrupted run is finished first
            version = vault.renew(CORE)
        for cls in _sealed_classes():
            while count := reseal(core, cls, PIECE):
                core.commit()
                core.expunge_all()
                done += count
        record(core, operator(), "keys.rotate", detail={"keys": changed, "rows": done})
        core.commit()
    click.echo(f"{changed} data keys moved to {_name(vault.masters.newest)}")
    if version or done:
        click.echo(f"{done} rows sealed anew")


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


def _sealed_classes() -> list[type]:
    mappers: frozenset[Mapper] = CoreBase.registry.mappers
    return sorted((m.class_ for m in mappers if encrypted_of(m.class_)), key=lambda c: c.__name__)


def _name(master: int) -> str:
    return "SECRET_KEY" if master == DERIVED else f"key {master} of FIELD_KEYS"
