"""The command line answers in the reader's language and says what to do about a mistake."""

import json
import os
import subprocess
import sys

import pytest

from collector import cli, words
from collector.commands.base import UsageError, key_values


@pytest.mark.parametrize(
    ("locale", "expected"), [("fr_CA.UTF-8", 0), ("C", 0), ("en_US.UTF-8", 1), ("EN", 1)]
)
def test_french_unless_the_locale_is_english(monkeypatch, locale, expected):
    monkeypatch.setenv("LC_ALL", locale)
    assert words.language() == expected


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["decode"], ["decode", "--drive", "x", "-"]])
def test_a_wrong_command_line_is_exit_code_2(argv):
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2


def test_an_unknown_driver_names_the_known_ones(capsys):
    assert cli.main(["drivers", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_options_are_pairs():
    assert key_values(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    for wrong in ("a", "=1", ""):
        with pytest.raises(UsageError):
            key_values([wrong])


def test_the_schema_is_json(capsys):
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "TrackingBMS batch"


def test_a_reader_that_left_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "collector", "schema"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_listing_drivers_loads_no_field_bus_library():
    script = (
        "import sys; from collector.cli import main; main(['drivers']);"
        "print([m for m in ('can', 'serial', 'pymodbus', 'requests') if m in sys.modules])"
    )
    listed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert listed.stdout.decode().splitlines()[-1] == "[]"
