"""A key is changed without a moment in which neither is accepted, wherever it is cut off."""

from pathlib import Path

import pytest
import requests

from collector import cli
from collector.portal import identity
from collector.portal.enrolment import enrol
from collector.portal.identity import IdentityError
from collector.portal.reach import PortalError
from collector.portal.rotation import WANTED, rotate
from tests.collector.portal.test_push import Site
from tests.collector.sink import Sink

NOW = 1_790_000_000_000


@pytest.fixture
def sink():
    with Sink() as sink:
        yield sink


def keys(folder):
    return sorted(path.name for path in folder.glob("*.key"))


def test_a_key_follows_the_other(sink, tmp_path):
    first = enrol(sink.url, "ab-cd", tmp_path, requests.Session())
    second = rotate(tmp_path, requests.Session(), NOW)
    assert (second.key_id, second.collector) == ("k2", first.collector)
    assert identity.load(tmp_path) == second
    assert keys(tmp_path) == [second.key_file] != [first.key_file]


@pytest.mark.parametrize("fault", ["hang_up", "refuse"])
def test_without_an_answer_the_old_key_stays_and_the_next_is_asked_for_again(sink, tmp_path, fault):
    first = enrol(sink.url, "ab-cd", tmp_path, requests.Session())
    sink.rotation_faults.append(fault)
    with pytest.raises(PortalError):
        rotate(tmp_path, requests.Session(), NOW)
    assert identity.load(tmp_path) == first
    (candidate,) = set(keys(tmp_path)) - {first.key_file}
    second = rotate(tmp_path, requests.Session(), NOW)
    assert second.key_file == candidate
    assert second.key_id == "k2"


STEPS = {
    "the next key on the disk": (identity, "write_private"),
    "the request": (requests.Session, "post"),
    "the new identity on the disk": (identity, "save"),
    "the old key gone": (Path, "unlink"),
}


class PowerCut(BaseException):
    pass


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("done", [True, False], ids=["after", "before"])
def test_a_power_cut_at_any_step_leaves_a_key_that_works(sink, tmp_path, monkeypatch, step, done):
    site = Site(sink, tmp_path)
    assert site.pusher.push().stored
    site.take(3)
    site.seal()
    owner, name = STEPS[step]
    real = getattr(owner, name)

    def cut(*args, **kwargs):
        if done:
            real(*args, **kwargs)
        raise PowerCut

    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(owner, name, cut)
        rotate(tmp_path, requests.Session(), site.clock.now())
    site.spool.close()
    site.start()
    site.drain()
    assert sink.readings() == site.taken
    changed = rotate(tmp_path, requests.Session(), site.clock.now())
    assert keys(tmp_path) == [changed.key_file]
    site.start()
    site.take()
    assert site.pusher.push().stored
    assert sink.used[-1] == changed.key_id


def test_the_portal_asks_and_the_next_push_uses_the_new_key(sink, tmp_path):
    site = Site(sink, tmp_path)
    sink.rotate = True
    assert site.pusher.push().stored
    assert site.pusher.push().stored
    assert sink.used == ["k1", "k2"]
    assert keys(tmp_path) == [identity.load(tmp_path).key_file]


def test_a_failed_change_delays_nothing(sink, tmp_path):
    site = Site(sink, tmp_path)
    sink.rotate = True
    sink.rotation_faults.append("refuse")
    site.take(3)
    site.seal()
    site.drain()
    assert set(sink.used) == {"k1"}
    assert sink.readings() == site.taken


def test_a_running_collector_changes_it_itself(sink, tmp_path):
    site = Site(sink, tmp_path)
    (tmp_path / WANTED).touch()
    assert site.pusher.push().stored
    assert sink.used == ["k2"]
    assert not (tmp_path / WANTED).exists()


def written(tmp_path):
    path = tmp_path / "collector.toml"
    path.write_text(f'state = "{tmp_path}"\n', "utf-8")
    return str(path)


def test_the_command_changes_the_key_of_a_collector_at_rest(sink, tmp_path, capsys):
    enrol(sink.url, "ab-cd", tmp_path, requests.Session())
    assert cli.main(["rotate", "--config", written(tmp_path)]) == 0
    assert identity.load(tmp_path).key_id == "k2"
    assert "k2" in capsys.readouterr().out


def test_the_command_says_why_not(tmp_path, capsys):
    assert cli.main(["rotate", "--config", written(tmp_path)]) == 1
    assert "enrol" in capsys.readouterr().err


def test_both_keys_sign(sink, tmp_path):
    enrolled = enrol(sink.url, "ab-cd", tmp_path, requests.Session())
    _, new = identity.candidate_key(tmp_path)
    old = identity.load_key(tmp_path / enrolled.key_file)
    body = identity.rotation_request(enrolled, old, new, 1)
    assert body["signature"] != body["proof"]
    with pytest.raises(IdentityError):
        identity.rotated(enrolled, {"key_id": 7}, "k")
