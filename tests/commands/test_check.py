"""What `flask check` sees, and how it says it."""

from dataclasses import replace

import pytest

from app import create_app, host
from app.checks import check_all, copies, folder, heartbeat
from app.database.capacity import missing_right, server_of, size
from app.database.engines import Engines


def _of(check, engines):
    return {answer.subject: answer for answer in check(engines)}


def test_everything_is_asked_and_what_is_wrong_has_a_remedy(house):
    answers = check_all(house.engines)
    subjects = {answer.subject for answer in answers}
    assert {"Python", "clock", "data folder", "database", "rights on database", "job", "backups",
            "certificate", "mail", "processes", "room on disk", "encryption", "address"} - subjects == {
        "certificate"  # without https there is none
    }  # fmt: skip
    for answer in answers:
        assert answer.finding % dict(answer.values)
        assert answer.ok or answer.remedy % dict(answer.values)


@pytest.mark.sqlite_only
def test_the_command_speaks_both_languages(house):
    app = create_app(house.settings)
    runner = app.test_cli_runner()
    english, french = runner.invoke(args=["check"]), runner.invoke(args=["check", "--locale", "fr"])
    app.extensions["engines"].dispose()
    assert english.exit_code == french.exit_code == 1
    assert "data folder" in english.output
    assert "dossier des données" in french.output
    assert "data folder" not in french.output


@pytest.mark.mariadb_only
def test_a_right_that_is_missing_is_found(house, mariadb):
    assert missing_right(house.engines.core) == ""
    name = house.engines.core.url.database
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER IF NOT EXISTS 'reader'@'127.0.0.1' IDENTIFIED BY 'x'")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{name}`.* TO 'reader'@'127.0.0.1'"
        )
    url = house.settings.database_url.replace("root@", "reader:x@")
    with Engines(replace(house.settings, database_url=url)) as engines:
        assert "denied" in missing_right(engines.core)


@pytest.mark.mariadb_only
def test_a_server_says_what_it_allows(house):
    server = server_of(house.engines.core)
    assert "MariaDB" in server.version or server.version[0].isdigit()
    assert server.limits["max_connections"] > 0
    assert abs(server.ahead) < host.CLOCK_SECONDS


def test_a_database_has_a_size(house):
    assert size(house.engines.tenant(house.refs["laurentia"])) > 4096


@pytest.mark.sqlite_only
def test_a_folder_others_can_read_is_told(house):
    house.settings.data_dir.chmod(0o755)
    assert "chmod 700" in _of(folder, house.engines)["data folder"].remedy
    house.settings.data_dir.chmod(0o700)
    assert _of(folder, house.engines)["data folder"].ok


@pytest.mark.sqlite_only
def test_jobs_that_never_ran_are_late(house):
    answers = list(heartbeat(house.engines))
    assert {"seal", "backup", "check"} <= {answer.of for answer in answers}
    assert not any(answer.ok for answer in answers)


@pytest.mark.sqlite_only
def test_without_a_key_there_are_no_backups(house):
    assert "flask backup key" in _of(copies, house.engines)["backups"].remedy


@pytest.mark.sqlite_only
def test_a_mail_server_that_is_not_there_is_told(house):
    settings = replace(house.settings, smtp_url="smtp://u:secret-word@127.0.0.1:9")
    with Engines(settings) as engines:
        (answer,) = host.mail(engines)
    assert not answer.ok
    assert "secret-word" not in str(answer)


@pytest.mark.sqlite_only
def test_a_certificate_that_cannot_be_had_is_told(house):
    with Engines(replace(house.settings, public_url="https://127.0.0.1:9")) as engines:
        (answer,) = host.certificate(engines)
    assert not answer.ok
