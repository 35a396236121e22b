"""What the portal asks for is believed if it is signed for this push, and followed within bounds."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.portal.wishes import WISH_FILE, Wishes
from collector.wire import sending
from collector.wire.errors import WireError
from collector.wire.sending import Sending, Wish
from tests.collector.portal.test_push import Site
from tests.collector.sink import Sink

WISH = Wish(3, Sending(30.0, 120.0, ("cell_temperature",)))


@pytest.fixture
def sink():
    with Sink() as sink:
        yield sink


@pytest.fixture
def site(sink, tmp_path):
    return Site(sink, tmp_path)


def test_a_wish_is_followed_at_the_next_push_and_reported(site, sink):
    sink.wish, sink.next_push = WISH, 1.0
    assert site.pusher.push().pause == 30.0
    assert site.wishes.sending.without == ("cell_temperature",)
    site.pusher.push()
    assert [(agent.wish, agent.refused) for agent in sink.agents] == [(0, ""), (3, "")]


def test_a_wish_outlives_a_restart(site, sink, tmp_path):
    sink.wish = WISH
    site.pusher.push()
    assert Wishes(tmp_path, Sending(), allowed=True).sending.shortest == 30.0
    assert Wishes(tmp_path, Sending(), allowed=True).report() == (3, "")


def test_a_damaged_file_is_forgotten(tmp_path):
    (tmp_path / WISH_FILE).write_text("{", "utf-8")
    assert Wishes(tmp_path, Sending(), allowed=True).sending == Sending()


def test_a_site_that_allows_nothing_says_so(site, sink):
    site.wishes.become(Sending(), allowed=False)
    sink.wish = WISH
    site.pusher.push()
    site.pusher.push()
    assert site.wishes.sending == Sending()
    assert (sink.agents[-1].wish, sink.agents[-1].refused) == (3, "not_allowed")


def test_allowing_it_later_makes_it_apply(site, sink):
    site.wishes.become(Sending(), allowed=False)
    sink.wish = WISH
    site.pusher.push()
    site.wishes.become(Sending(), allowed=True)
    assert site.wishes.sending.shortest == 30.0
    assert site.wishes.report() == (3, "")


def test_a_wish_of_somebody_else_is_refused(site, sink):
    sink.wish = WISH
    honest = sink._asked
    sink._asked = lambda key_id, *push: (
        honest(key_id, *push) | {"wish": replace(WISH, sending=Sending(600.0, 600.0)).to_json()}
    )
    site.pusher.push()
    assert site.wishes.sending == Sending()
    assert site.wishes.report() == (3, "bad_signature")


def test_an_older_receipts_wish_is_refused(site, sink):
    sink.wish = WISH
    honest, first = sink._asked, []

    def replayed(*push):
        first.append(honest(*push))
        return first[0]

    sink._asked = replayed
    site.pusher.push()
    sink.wish = None
    site.wishes.become(Sending(), allowed=True)
    before = site.wishes.report()
    site.pusher.push()
    assert before == (3, "")
    assert site.wishes.report() == (3, "bad_signature")


def test_a_collector_that_does_not_know_the_portals_key_follows_nothing(sink, tmp_path):
    Site(sink, tmp_path).spool.close()
    path = tmp_path / "identity.json"
    document = json.loads(path.read_text("utf-8")) | {"portal_key": ""}
    path.write_text(json.dumps(document), "utf-8")
    sink.wish = WISH
    site = Site(sink, tmp_path, enrolled=True)
    site.pusher.push()
    assert site.wishes.report() == (3, "bad_signature")


@pytest.mark.parametrize(
    "change",
    [
        {"shortest": 0.1},
        {"longest": 1e9},
        {"shortest": 200.0},
        {"without": ["soc"]},
        {"without": ["no such"]},
        {"without": "soc"},
        {"without": ["x_a"] * 65},
        {"revision": 0},
        {"revision": True},
        {"revision": 1 << 40},
        {"more": 1},
        {"shortest": "1"},
        {"shortest": None},
    ],
)
def test_what_is_no_wish(change):
    with pytest.raises(WireError):
        sending.wish_from_json(WISH.to_json() | change)
    assert sending.wish_from_json(WISH.to_json()) == WISH


SECONDS = st.floats(sending.SHORTEST, sending.LONGEST)
SENDINGS = st.builds(
    lambda a, b, without: Sending(min(a, b), max(a, b), tuple(sorted(without))),
    SECONDS, SECONDS, st.sets(st.sampled_from(["cell_voltage", "cell_temperature", "soh"])),
)  # fmt: skip


@given(SENDINGS, SENDINGS, st.floats(0, 1e6))
def test_a_wish_never_leaves_what_the_site_allows(site, wish, portal):
    applied = site.narrowed(wish)
    assert site.shortest <= applied.shortest <= applied.longest <= site.longest
    assert set(applied.without) == {*site.without, *wish.without}
    assert site.shortest <= applied.pause(portal) <= site.longest
