"""Commands for whoever runs the portal: `flask db`, `tenant`, `user`, `collector`, `check`."""

import getpass
import secrets
from collections.abc import Iterator

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from flask_babel import force_locale, gettext
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from app.checks import check_all, open_tenants, standings
from app.clients.tenants import activate, register, tenant_by_slug
from app.clients.users import create_user
from app.connector.collectors import create_claim
from app.core.access import Principal, Role, TenantRef
from app.core.auth import tenant_ref
from app.core.journal import record
from app.core.models import Tenant
from app.core.passwords import MIN_PASSWORD
from app.database import migrate
from app.database.base import now_ms
from app.database.sessions import open_core
from app.errors import AppError, Invalid, Misconfigured
from app.gateway.context import engines


class Group(AppGroup):
    """A group whose commands say what went wrong instead of showing where."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Invalid as error:
            faults = [f"  {field}: {fault}" for field, fault in error.fields.items()]
            raise click.ClickException("\n".join([str(error), *faults])) from error
        except (AppError, Misconfigured) as error:
            raise click.ClickException(str(error)) from error
        except DBAPIError as error:
            raise click.ClickException(f"The database refused: {error.orig}") from error


db = Group("db", help="Schemas of the databases.")
tenant = Group("tenant", help="Client companies.")
user = Group("user", help="People.")
collector = Group("collector", help="Collectors at clients' sites.")


def add_commands(app: Flask) -> None:
    """Give `flask` the commands of this module."""
    for group in (db, tenant, user, collector, check):
        app.cli.add_command(group)


@db.command("upgrade")
def upgrade() -> None:
    """Bring the core database, then every client's, to the schema of this code."""
    failures = migrate.upgrade_all(engines(), _open_refs(), _note_revision)
    click.echo(f"core: {migrate.head('core')}")
    if failures:
        raise click.ClickException(f"{len(failures)} not upgraded: {', '.join(failures)}")


@db.command("status")
def status() -> None:
    """Say where each database stands; exit code 1 when one is not current."""
    found = standings(engines())
    for standing in found:
        mark = "ok" if standing.current else "BEHIND"
        click.echo(
            f"{mark:7} {standing.name:24} {standing.revision or '-':8} {standing.problem}".rstrip()
        )
    if not all(standing.current for standing in found):
        raise click.ClickException("run: flask db upgrade")


@tenant.command("create")
@click.argument("slug")
@click.argument("name")
@click.option("--locale", default="fr", show_default=True)
@click.option("--time-zone", default="America/Toronto", show_default=True)
def create_tenant(slug: str, name: str, locale: str, time_zone: str) -> None:
    """Open a client: its row, its database, its schema. Run it again after a failure."""
    with open_core(engines(), writes=True) as core:
        made = register(core, slug, name, locale, time_zone)
        core.commit()  # what the next step cannot finish, the same command resumes
        activate(core, engines(), made)
        record(core, operator(), "tenant.create", target=slug, tenant_id=made.id)
        core.commit()
    click.echo(f"client {made.id} {slug} is open")


@tenant.command("list")
def list_tenants() -> None:
    """List the clients."""
    with open_core(engines()) as core:
        for row in core.scalars(select(Tenant).order_by(Tenant.id)):
            click.echo(
                f"{row.id:5} {row.status:13} {row.revision or '-':8} {row.slug:24} {row.name}"
            )


@user.command("create")
@click.argument("email")
@click.argument("name")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default="user", show_default=True
)
@click.option("--tenant", "slug", help="Short name of the client; none for a super admin.")
@click.option("--generate", is_flag=True, help="Make a password and show it once.")
def add_user(email: str, name: str, role: str, slug: str | None, generate: bool) -> None:
    """Add a person. The password is asked for, never an argument others could see."""
    password = secrets.token_urlsafe(MIN_PASSWORD) if generate else _ask_password()
    with open_core(engines(), writes=True) as core:
        tenant_id = tenant_by_slug(core, slug).id if slug else None
        made = create_user(core, email, name, role, password, tenant_id)
        record(core, operator(), "user.create", target=made.email, tenant_id=tenant_id)
        core.commit()
    click.echo(f"{made.email} may sign in as {made.role}")
    if generate:
        click.echo(f"password: {password}")


@collector.command("claim")
@click.argument("slug")
@click.argument("name")
def claim(slug: str, name: str) -> None:
    """Print a code with which one new collector of a client enrols."""
    with open_core(engines(), writes=True) as core:
        tenant_id = tenant_by_slug(core, slug).id
        code = create_claim(core, tenant_id, name, None, now_ms())
        record(core, operator(), "collector.claim", target=name, tenant_id=tenant_id)
        core.commit()
    click.echo(code)


@click.command("check")
@click.option("--locale", type=click.Choice(["en", "fr"]), default="en", show_default=True)
@with_appcontext
def check(locale: str) -> None:
    """Ask whether the installation is healthy; exit code 1 when something wants mending."""
    answers = check_all(engines())
    with force_locale(locale):
        for answer in answers:
            subject = f"{gettext(answer.subject)} {answer.of}"
            finding = gettext(answer.finding, **answer.values)
            click.echo(f"{'ok' if answer.ok else 'MEND':5} {subject:30} {finding}")
            if answer.remedy:
                click.echo(f"{'':5} {'':30} → {gettext(answer.remedy, **answer.values)}")
    if not all(answer.ok for answer in answers):
        raise click.ClickException("something wants mending")


def operator() -> Principal:
    """Whoever runs a command, as the audit trail names them."""
    return Principal("system", 0, f"command:{getpass.getuser()}", frozenset())


def _open_refs() -> Iterator[TenantRef]:
    """Asked for only once core is upgraded, so that its tables exist."""
    with open_core(engines()) as core:
        tenants = core.scalars(open_tenants()).all()
    yield from (tenant_ref(engines(), row) for row in tenants)


def _note_revision(ref: TenantRef, revision: str | None, error: Exception | None) -> None:
    """Tell the operator, and the client's row, which the portal reads before opening a client."""
    if error is not None:
        click.echo(f"{ref.slug}: {error}", err=True)
        return
    click.echo(f"{ref.slug}: {revision}")
    with open_core(engines(), writes=True) as core:
        core.execute(update(Tenant).where(Tenant.id == ref.id).values(revision=revision))
        core.commit()


def _ask_password() -> str:
    return click.prompt("Password", hide_input=True, confirmation_prompt=True)
