"""The live resource answers each caller's scope, and 304 without the client's database."""

import os
import time

import pytest

from app.processor import revision
from tests.site import Site, minute, reading
from tests.statements import statements

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def site(house):
    return Site(house)


def tag_of(answer):
    return answer.headers["ETag"]


def poll(browser, tag=None, **query):
    headers = {"If-None-Match": tag} if tag else {}
    return browser.get("/api/v1/live", query_string=query, headers=headers)


def test_the_newest_state_of_every_battery(client_of, house, site):
    site.push(site.batch(reading("EDS-LFP-0001", site.now), reading("EDS-LFP-0003", site.now)))
    answer = poll(client_of("alice"))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    body = answer.json
    assert body["poll_ms"] == {"visible": 1000, "hidden": 15000}
    assert abs(body["now"] - site.now) < 60_000
    seen = {row["uid"]: row["ts"] for row in body["assets"]}
    assert seen["EDS-LFP-0001"] == seen["EDS-LFP-0003"] == site.now
    assert seen["EDS-LFP-0002"] is None and len(seen) == 5


def test_nothing_new_is_a_304_that_opens_no_database(client_of, site):
    site.push(site.batch(reading(ts=site.now)))
    browser = client_of("alice")
    tag = tag_of(poll(browser))
    with statements() as seen:
        answer = poll(browser, tag)
    assert answer.status_code == 304 and answer.data == b"" and tag_of(answer) == tag
    assert seen == []


def test_a_compressing_server_does_not_spoil_the_tag(client_of, site):
    browser = client_of("alice")
    tag = tag_of(poll(browser))
    assert poll(browser, tag.replace('"', '-gzip"').replace('-gzip"', '"', 1)).status_code == 304


def test_news_are_answered_at_once(client_of, site):
    browser = client_of("alice")
    tag = tag_of(poll(browser))
    site.push(site.batch(reading(ts=site.now)))
    answer = poll(browser, tag)
    assert answer.status_code == 200 and tag_of(answer) != tag


def test_a_changed_poll_takes_few_statements(client_of, site):
    browser = client_of("bob")
    tag = tag_of(poll(browser))
    site.push(site.batch(reading(ts=site.now)))
    with statements() as seen:
        assert poll(browser, tag).status_code == 200
    assert len(seen) <= 3, seen


def test_scopes_do_not_share_tags(client_of, site):
    site.push(site.batch(reading(ts=site.now)))
    tags = {name: tag_of(poll(client_of(name))) for name in ("alice", "bob", "mallory")}
    assert len(set(tags.values())) == 3
    assert poll(client_of("bob"), tags["alice"]).status_code == 200
    assert [row["id"] for row in poll(client_of("bob")).json["assets"]] == [1, 2]


def test_one_battery_alone(client_of, house, site):
    site.push(site.batch(reading("EDS-LFP-0002", site.now)))
    browser = client_of("bob")
    answer = poll(browser, asset=2)
    assert [row["uid"] for row in answer.json["assets"]] == ["EDS-LFP-0002"]
    assert poll(browser, tag_of(answer)).status_code == 200  # another question, another tag


def test_a_battery_out_of_sight_is_not_there(client_of, site):
    hidden, missing = (poll(client_of("bob"), asset=number) for number in (3, 999))
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json["detail"] == missing.json["detail"]


def test_single_cells_can_be_left_out(client_of, site):
    from dataclasses import replace

    item = replace(reading(ts=site.now), arrays={"cell_voltage": (3.2, 3.3)})
    site.push(site.batch(item))
    browser = client_of("alice")
    rows = [poll(browser, asset=1, arrays=which).json["assets"][0] for which in ("yes", "no")]
    assert [row["arrays"] for row in rows] == [{"cell_voltage": [3.2, 3.3]}, {}]


def test_polling_counts_as_watching(client_of, house, site):
    assert not site.push(site.batch()).watched
    poll(client_of("carol"))
    receipt = site.push(site.batch())
    assert receipt.watched and receipt.next_push == house.settings.push_watched_seconds


def test_a_lost_mirror_delays_nobody_for_long(client_of, house, site):
    """A process killed between its commit and the mirror: the old mirror is distrusted in time."""
    site.push(site.batch(reading(ts=site.now)))
    browser, mirror = client_of("alice"), house.settings.cache_dir / "live" / "1"
    tag = tag_of(poll(browser))
    with house.tenant(writes=True) as session, session.begin():
        number = revision.bump(session)
    then = time.time() - 31
    os.utime(mirror, (then, then))
    answer = poll(browser, tag)
    assert answer.status_code == 200 and answer.json["revision"] == number
    assert revision.current(house.settings, 1) == number
    mirror.unlink()
    assert poll(browser, tag_of(answer)).status_code == 304


@pytest.mark.parametrize(("persona", "status"), [("sam", 409), ("nobody", 401), ("carol", 200)])
def test_who_may_look(client_of, persona, status):
    assert poll(client_of(persona)).status_code == status


@pytest.mark.parametrize("asset", ["x", "-1", "1.5", "²", "9" * 20, ""])
def test_an_asset_is_a_number(client_of, asset):
    assert poll(client_of("alice"), asset=asset).status_code == 422


def series(browser, asset=1, **query):
    return browser.get(f"/api/v1/assets/{asset}/series", query_string=query)


def test_a_series_over_http(client_of, site):
    items = minute("EDS-LFP-0001", site.now - 60_000)
    site.push(site.batch(*items))
    answer = series(client_of("bob"), metrics="soc,power", to=site.now)
    assert answer.status_code == 200
    assert answer.json["step_ms"] == 0 and len(answer.json["metrics"]["soc"]) == 60
    assert answer.json["metrics"]["power"][0] == [items[0].ts, -260.0, -260.0, -260.0]


@pytest.mark.parametrize("asset", [3, 999])
def test_a_series_out_of_sight_is_not_there(client_of, asset):
    assert series(client_of("bob"), asset, metrics="soc").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"metrics": "volts"},
        {"metrics": "soc", "points": "many"},
        {"metrics": "soc", "from": "-5"},
    ],
)
def test_a_series_needs_a_sensible_question(client_of, query):
    assert series(client_of("alice"), **query).status_code == 422
