"""One number per client grows with every change, and its mirror is never believed too long."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from app.processor import revision
from app.processor.models import LiveRevision

pytestmark = pytest.mark.sqlite_only


def bump(house, slug="laurentia"):
    with house.tenant(slug, writes=True) as session, session.begin():
        return revision.bump(session)


def age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_every_change_raises_it(house):
    numbers = [bump(house) for _ in range(5)]
    assert numbers == sorted(set(numbers))
    with house.tenant() as session:
        assert revision.read(session) == numbers[-1]


def test_clients_do_not_share_it(house):
    bump(house)
    with house.tenant("boreal") as session:
        assert revision.read(session) == 0


def test_a_change_undone_leaves_it(house):
    before = bump(house)
    with house.tenant(writes=True) as session:
        assert revision.bump(session) > before
    with house.tenant() as session:
        assert revision.read(session) == before


def test_a_restored_copy_cannot_bring_an_old_number_back(house):
    with house.tenant(writes=True) as session, session.begin():
        revision.hold(session)
        session.execute(update(LiveRevision).values(revision=3))  # what an old copy might say
    assert bump(house) > time.time() * 1000 - 60_000


def test_two_at_once_get_two_numbers(house):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: bump(house), range(16)))
    assert len(set(numbers)) == 16


def test_the_mirror_says_what_was_published(settings):
    assert revision.current(settings, 1) is None
    revision.publish(settings, 1, 41)
    assert revision.current(settings, 1) == 41
    assert revision.current(settings, 2) is None


def test_the_mirror_never_goes_back(settings):
    revision.publish(settings, 1, 42)
    revision.publish(settings, 1, 41)
    assert revision.current(settings, 1) == 42


def test_an_old_mirror_is_not_believed_until_published_again(settings):
    revision.publish(settings, 1, 42)
    age(settings.cache_dir / "live" / "1", 31)
    assert revision.current(settings, 1) is None
    revision.publish(settings, 1, 42)
    assert revision.current(settings, 1) == 42


def test_a_mirror_that_cannot_be_written_stops_nobody(settings, caplog):
    settings.cache_dir.parent.mkdir(parents=True, exist_ok=True)
    settings.cache_dir.write_text("a file where the folder should be")
    revision.publish(settings, 1, 42)
    revision.watch(settings, 1)
    assert revision.current(settings, 1) is None
    assert not revision.watched(settings, 1)
    assert "not mirrored" in caplog.text


def test_looking_counts_for_a_while(settings):
    assert not revision.watched(settings, 1)
    revision.watch(settings, 1)
    assert revision.watched(settings, 1) and not revision.watched(settings, 2)
    age(settings.cache_dir / "watch" / "1", settings.watch_seconds + 1)
    assert not revision.watched(settings, 1)


def test_looking_is_noted_every_few_seconds_only(settings):
    revision.watch(settings, 1)
    path = settings.cache_dir / "watch" / "1"
    age(path, 3)
    before = path.stat().st_mtime
    revision.watch(settings, 1)
    assert path.stat().st_mtime == before
    age(path, 6)
    revision.watch(settings, 1)
    assert path.stat().st_mtime > before
