"""An installation from nothing, with commands alone: schemas, a client, people, a collector."""

import pytest
from sqlalchemy import select, update

from app import create_app
from app.core.access import TenantRef
from app.core.auth import authenticate
from app.core.models import AuditEntry, Claim, Tenant
from app.database import migrate
from app.database.sessions import open_core


@pytest.fixture
def flask(bare_engines):
    """`flask("db", "upgrade")` on an installation where nothing was done yet."""
    app = create_app(bare_engines.settings)
    runner = app.test_cli_runner()

    def run(*arguments: str, typed: str | None = None):
        return runner.invoke(args=arguments, input=typed)

    yield run
    app.extensions["engines"].dispose()


def test_the_whole_way(flask, bare_engines):
    assert flask("db", "status").exit_code == 1
    upgraded = flask("db", "upgrade")
    assert upgraded.exit_code == 0, upgraded.output

    made = flask("tenant", "create", "laurentia", "Groupe Laurentia")
    assert made.exit_code == 0, made.output
    assert "laurentia" in flask("tenant", "list").output
    assert flask("db", "status").exit_code == 0

    sam = flask(
        "user", "create", "Sam@eds.example", "Sam", "--role", "super_admin",
        typed="a long password\na long password\n",
    )  # fmt: skip
    assert sam.exit_code == 0, sam.output
    assert "a long password" not in sam.output
    ann = flask(
        "user", "create", "ann@laurentia.example", "Ann", "--role", "client_admin",
        "--tenant", "laurentia", "--generate",
    )  # fmt: skip
    password = ann.output.rsplit("password: ")[1].strip()
    code = flask("collector", "claim", "laurentia", "Saint-Laurent")
    assert code.exit_code == 0, code.output

    with open_core(bare_engines) as core:
        assert authenticate(core, "ann@laurentia.example", password).tenant.slug == "laurentia"
        assert authenticate(core, "sam@eds.example", "a long password").tenant is None
        assert core.scalar(select(Claim.name)) == "Saint-Laurent"
        assert code.output.strip() not in core.scalar(select(Claim.code_hash))
        trail = core.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in trail] == [
        "tenant.create", "user.create", "user.create", "collector.claim",
    ]  # fmt: skip
    assert all(entry.actor.startswith("system:command:") for entry in trail)


def test_upgrading_notes_the_revision_the_portal_asks_for(flask, bare_engines):
    flask("db", "upgrade")
    flask("tenant", "create", "laurentia", "Groupe Laurentia")
    with open_core(bare_engines, writes=True) as core:
        core.execute(update(Tenant).values(revision=None, status="suspended"))
        core.commit()

    assert flask("db", "upgrade").exit_code == 0

    with open_core(bare_engines) as core:
        assert core.scalar(select(Tenant.revision)) == migrate.head("tenant")


def test_one_client_that_fails_is_named(flask, bare_engines):
    flask("db", "upgrade")
    flask("tenant", "create", "laurentia", "Groupe Laurentia")
    flask("tenant", "create", "boreal", "Éclairage Boréal")
    with bare_engines.tenant(_ref(bare_engines, 1)).execution_options(writes=True).begin() as one:
        one.exec_driver_sql("UPDATE alembic_version SET version_num = 'of_the_future'")

    upgraded = flask("db", "upgrade")
    assert upgraded.exit_code == 1
    assert "1 not upgraded: laurentia" in upgraded.output
    assert f"boreal: {migrate.head('tenant')}" in upgraded.output
    assert "BEHIND  laurentia" in flask("db", "status").output


def test_mistakes_are_told_in_a_sentence(flask):
    early = flask("tenant", "list")
    assert early.exit_code == 1
    assert "The database refused" in early.output
    flask("db", "upgrade")
    for wrong in (
        ("tenant", "create", "Not A Slug", "Name"),
        ("user", "create", "no address", "Nobody", "--generate"),
        ("collector", "claim", "nobody", "Site"),
    ):
        told = flask(*wrong)
        assert told.exit_code == 1, told.output
        assert told.output.startswith("Error: ")
        assert "Traceback" not in told.output


def test_a_created_twice_client_is_refused(flask):
    flask("db", "upgrade")
    assert flask("tenant", "create", "laurentia", "Groupe Laurentia").exit_code == 0
    assert flask("tenant", "create", "laurentia", "Groupe Laurentia").exit_code == 1


def test_check_finds_what_wants_mending_and_says_how(flask):
    before = flask("check")
    assert before.exit_code == 1
    assert "flask db upgrade" in before.output
    flask("db", "upgrade")
    after = flask("check")
    assert "flask db upgrade" not in after.output
    assert "python -m cron seal" in after.output, "no job has ever run"


def _ref(engines, number: int):
    return TenantRef(number, "", "", engines.tenant_url(number))
