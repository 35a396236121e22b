"""The cache that processes share: losing or damaging it costs time, never an answer."""

from pathlib import Path

import pytest

from app.cache import SharedCache
from app.clients.users import withdraw
from app.database.sessions import TenantSession


def uids(browser):
    return browser.get("/api/v1/probe/fleet").json["uids"]


def test_another_process_reads_what_one_wrote(tmp_path):
    SharedCache(tmp_path).set("scope:1:2", [1, 2], timeout=30)
    assert SharedCache(tmp_path).get("scope:1:2") == [1, 2]
    assert SharedCache(tmp_path).get("scope:1:3") is None


def test_damaged_entries_are_absent(tmp_path):
    cache = SharedCache(tmp_path)
    cache.set("a", {"b": 1})
    path = Path(cache._get_filename("a"))
    whole = path.read_bytes()
    for damaged in (whole[:-2], whole[:2], b""):
        path.write_bytes(damaged)
        assert cache.get("a") is None
    path.write_bytes(whole)
    assert cache.get("a") == {"b": 1}


@pytest.mark.sqlite_only
def test_a_withdrawn_battery_is_out_of_sight_once_the_cache_forgets(through, house, door):
    bob = through("bob")
    assert uids(bob) == ["EDS-LFP-0001", "EDS-LFP-0002"]
    with house.tenant(writes=True) as session:
        assert isinstance(session, TenantSession)
        withdraw(session, house.persona("bob").id, [2])
        session.commit()
    door.extensions["cache"].clear()  # what half a minute does
    assert uids(bob) == ["EDS-LFP-0001"]


@pytest.mark.sqlite_only
def test_a_cache_that_cannot_be_written_changes_nothing(through, door, monkeypatch):
    bob = through("bob")
    monkeypatch.setattr(door.extensions["cache"], "_path", "/proc/nowhere")
    assert uids(bob) == ["EDS-LFP-0001", "EDS-LFP-0002"]
