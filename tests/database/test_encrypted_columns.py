"""People's addresses and names: plain in Python, sealed in the database, found all the same."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from app.core.crypto import Tampered
from app.core.models import User
from app.database import migrate
from app.database.encrypted import find_by
from app.database.engines import Engines
from app.database.sessions import open_core
from app.database.vault import CORE
from app.errors import Misconfigured
from tests.house import PERSONAS
from tests.requirement import program

NEW = {"role": "user", "tenant_id": 1}


def raw(engines, question: str):
    with engines.core.connect() as connection:
        return connection.execute(text(question)).all()


def run(engines, statement: str) -> None:
    with engines.core.execution_options(writes=True).begin() as connection:
        connection.execute(text(statement))


def test_a_person_is_read_as_written_and_found_by_address(house):
    with house.core() as core:
        core.add(User(email="zoé@laurentia.example", name="Zoé Tremblay-Côté", **NEW))
        core.commit()
    with house.core() as core:
        found = core.scalar(
            select(User).where(find_by(User, "email", "ZOÉ@laurentia.example", core))
        )
    assert (found.email, found.name) == ("zoé@laurentia.example", "Zoé Tremblay-Côté")


def test_what_is_changed_is_sealed_anew(house):
    with house.core() as core:
        core.get(User, 1).email = "alice.b@laurentia.example"
        core.commit()
    with house.core() as core:
        assert (
            core.scalar(
                select(User.id).where(find_by(User, "email", PERSONAS["alice"].email, core))
            )
            is None
        )
        found = core.scalar(
            select(User).where(find_by(User, "email", "alice.b@laurentia.example", core))
        )
        assert (found.id, found.email) == (1, "alice.b@laurentia.example")
        found.name = "Nobody keeps this"
        core.rollback()
        assert found.name == "Alice"


def test_comparing_a_sealed_attribute_is_refused(house):
    with pytest.raises(TypeError, match="find_by"):
        select(User).where(User.email == "alice@laurentia.example")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET email = (SELECT email FROM (SELECT * FROM users) AS u WHERE u.id = 5) WHERE id = 1",
        "UPDATE users SET email = name WHERE id = 1",
    ],
    ids=["from another row", "from another column"],
)
def test_a_value_moved_by_somebody_else_does_not_open(house, statement):
    run(house.engines, statement)
    with house.core() as core, pytest.raises(Tampered):
        assert core.get(User, 1).email


def dumped(house, database: str, folder: Path) -> bytes:
    """Every byte a thief of the core database would have."""
    url = make_url(house.settings.core_url)
    if database == "sqlite":
        path = Path(url.database)
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    socket = url.query.get("unix_socket")
    place = [f"--socket={socket}"] if socket else [f"--host={url.host}", f"--port={url.port}"]
    command = [
        program("mariadb-dump", "mysqldump"),
        "--no-defaults",
        *place,
        f"--user={url.username}",
    ]
    if url.password:
        command.append(f"--password={url.password}")
    return subprocess.run([*command, url.database], check=True, capture_output=True).stdout


def test_nothing_of_a_person_is_in_a_copy_of_the_database(house, database, tmp_path):
    with house.core() as core:
        core.add(User(email="seeded.plaintext@laurentia.example", name="Seeded Plaintext", **NEW))
        core.get(User, 2).name = "Robert Seeded"
        core.commit()
    copy = dumped(house, database, tmp_path)
    assert b"laurentia" in copy, "the clients' names are there: this is the right database"
    for plain in (b"Seeded", b"Plaintext", *(p.email.encode() for p in PERSONAS.values())):
        assert plain not in copy and plain.lower() not in copy


def test_a_renewed_key_seals_and_the_old_one_still_opens(house):
    vault = house.engines.vault
    with house.core() as core:
        before = core.get(User, 1).email_sealed
    assert vault.renew(CORE) == 2
    with house.core() as core:
        core.get(User, 1).email = "alice@new.example"
        core.commit()
    with Engines(house.settings) as another, house.core() as core:
        assert before[1:3] == b"\0\1"
        assert core.get(User, 1).email_sealed[1:3] == b"\0\2"
        assert (core.get(User, 1).email, core.get(User, 2).email) == (
            "alice@new.example",
            PERSONAS["bob"].email,
        )
        assert another.vault.keys(CORE).newest == 2


def test_another_process_learns_of_a_renewed_key(house):
    with Engines(house.settings) as another:
        another.vault.prepare()
        house.engines.vault.renew(CORE)
        with house.core() as core:
            core.get(User, 1).email = "alice@new.example"
            core.commit()
        with open_core(another) as core:
            assert core.get(User, 1).email == "alice@new.example"


def test_master_keys_can_be_changed_and_the_old_one_then_dropped(house):
    second = "2:" + "Zm9yIHRlc3RzIG9ubHksIDMyIGJ5dGVzIG9mIGl0ISE="
    with Engines(replace(house.settings, field_keys=second)) as engines:
        assert engines.vault.rewrap() > 0
        assert engines.vault.rewrap() == 0
    changed = replace(
        house.settings, field_keys=second, secret_key="another secret of 32 characters!"
    )
    with Engines(changed) as engines, open_core(engines) as core:
        assert core.get(User, 1).email == PERSONAS["alice"].email
    with (
        Engines(house.settings) as engines,
        open_core(engines) as core,
        pytest.raises(Misconfigured, match="lacks key 2"),
    ):
        assert core.get(User, 1).email


def test_people_of_before_are_sealed_by_the_upgrade(bare_engines):
    from alembic import command

    with bare_engines.core.execution_options(writes=True).connect() as connection:
        command.upgrade(migrate._config("core", connection), "0003")
        connection.commit()
    run(
        bare_engines,
        "INSERT INTO users (id, email, name, role, status, theme, created_at) "
        "VALUES (7, 'élise@eds.example', 'Élise', 'super_admin', 'active', 'auto', 1)",
    )
    migrate.upgrade_core(bare_engines)
    with open_core(bare_engines) as core:
        found = core.scalar(select(User).where(find_by(User, "email", "élise@eds.example", core)))
        assert (found.id, found.name) == (7, "Élise")
    assert raw(bare_engines, "SELECT email FROM users")[0][0][:1] == b"\x01"
