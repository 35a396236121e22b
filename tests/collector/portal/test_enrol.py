"""Enrolment: one code, one key that never leaves, and nothing half done."""

import json
import stat

import pytest
import requests

from collector import cli, config
from collector.portal import identity
from collector.portal.enrolment import enrol
from collector.portal.identity import IdentityError
from collector.portal.reach import PortalError
from tests.collector.sink import Sink


@pytest.fixture
def sink():
    with Sink(codes=("AB01CD", "SEC0ND")) as sink:
        yield sink


def test_one_command_leaves_a_key_an_identity_and_a_configuration(sink, tmp_path, capsys):
    state, path = tmp_path / "state", tmp_path / "collector.toml"
    argv = ["enrol", "ab-oi cd", "--portal", sink.url, "--config", str(path), "--state", str(state)]
    assert cli.main(argv) == 0
    enrolled = identity.load(state)
    assert (enrolled.key_id, enrolled.client) == ("k1", "Hydro")
    assert sorted(stat.S_IMODE(file.stat().st_mode) for file in state.iterdir()) == [0o600] * 2
    starter = config.load(path)
    assert (starter.portal, starter.state, starter.devices) == (sink.url, state, ())
    assert "Hydro" in capsys.readouterr().out


def test_the_square_of_the_portal_says_it_all(sink, tmp_path):
    argv = ["--config", str(tmp_path / "collector.toml"), "--state", str(tmp_path / "state")]
    assert cli.main(["enrol", f"{sink.url}#ab01-cd", *argv]) == 0
    assert identity.load(tmp_path / "state").portal == sink.url


@pytest.mark.parametrize(
    "arguments", [["AB01CD"], ["https://a#AB01CD", "--portal", "https://b"]], ids=["none", "two"]
)
def test_which_portal_must_be_plain(tmp_path, arguments, capsys):
    assert cli.main(["enrol", *arguments, "--state", str(tmp_path)]) == 2
    assert "--portal" in capsys.readouterr().err


def test_the_private_key_is_not_sent(sink, tmp_path, monkeypatch):
    sent = []
    answer = sink._enrol
    monkeypatch.setattr(sink, "_enrol", lambda asked: sent.append(asked) or answer(asked))
    enrol(sink.url, "ab01cd", tmp_path, requests.Session())
    key = identity.load_key(tmp_path / identity.load(tmp_path).key_file)
    assert set(sent[0]) == {"code", "public_key", "proof", "version", "hostname"}
    assert key.private_bytes_raw().hex() not in json.dumps(sent)


def test_a_lost_answer_is_asked_for_again_with_the_same_key(sink, tmp_path):
    with Sink(codes=()) as deaf, pytest.raises(PortalError, match="unknown_code"):
        enrol(deaf.url, "AB01CD", tmp_path, requests.Session())
    (first,) = tmp_path.glob("*.key")
    enrolled = enrol(sink.url, "AB01CD", tmp_path, requests.Session())
    assert enrolled.key_file == first.name


def test_enrolling_again_makes_a_new_key_and_keeps_the_old_until_it_worked(sink, tmp_path):
    first = enrol(sink.url, "AB01CD", tmp_path, requests.Session())
    with pytest.raises(PortalError):
        enrol(sink.url, "WRONG", tmp_path, requests.Session())
    assert identity.load(tmp_path) == first
    identity.signer(tmp_path, first)
    second = enrol(sink.url, "SEC0ND", tmp_path, requests.Session())
    assert second.key_file != first.key_file
    assert [path.name for path in tmp_path.glob("*.key")] == [second.key_file]


@pytest.mark.parametrize(
    "url", ["http://portal.example.org", "portal.example.org", "ftp://portal", "https://"]
)
def test_a_portal_that_could_be_anybody_is_refused(tmp_path, url):
    with pytest.raises(PortalError, match="https"):
        enrol(url, "AB01CD", tmp_path, requests.Session())


def test_a_portal_that_is_not_there_is_named_as_such(sink, tmp_path):
    sink.close()
    with pytest.raises(PortalError, match="reach"):
        enrol(sink.url, "AB01CD", tmp_path, requests.Session())


@pytest.mark.parametrize("given", ["http://127.0.0.1:8000/api/v1/ingest", None, 7, "//elsewhere/x"])
def test_readings_go_where_the_portal_answered(given):
    answer = {"key_id": "k", "collector": "c", "client": "x", "ingest_url": given}
    found = identity.from_answer("https://portal.example.org/bms", answer, "key")
    assert found.ingest_url == "https://portal.example.org/bms/api/v1/ingest"


def test_not_enrolled_says_so(tmp_path):
    with pytest.raises(IdentityError, match="enrol"):
        identity.load(tmp_path)
