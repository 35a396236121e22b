"""Where cron is slow, the push of a site is the clock of what is urgent."""

import fcntl

import pytest

from app.connector import telling
from app.database.base import now_ms
from tests.processor.delivery.conftest import Post

pytestmark = pytest.mark.sqlite_only

SECOND = 1000


@pytest.fixture
def pushed(post: Post, monkeypatch):
    """A push of the client, of which something urgent waits for half a minute."""
    monkeypatch.setattr(telling, "_asked", {})
    monkeypatch.setattr(telling, "_noted", {})
    ref = post.house.refs["laurentia"]
    post.now = now_ms() - 30 * SECOND

    def push() -> None:
        telling.note(ref, now_ms() - telling.EVERY_MS)
        telling.note(ref, now_ms())
        telling.catch_up(post.engines)

    return push


def test_what_is_urgent_and_waited_is_told_after_a_push(post, pushed, letters):
    post.alert(severity="urgent")
    pushed()
    assert len(letters.to("alice")) == 1


def test_what_is_not_grave_waits_for_cron(post, pushed, letters):
    post.alert(severity="warning")
    pushed()
    assert letters.taken == []


def test_what_has_only_just_come_is_left_to_cron(post, pushed, letters):
    post.now = now_ms()
    post.alert(severity="urgent")
    pushed()
    assert letters.taken == []


def test_one_process_at_a_time(post, pushed, letters):
    post.alert(severity="urgent")
    folder = post.engines.settings.data_dir / "cron"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "deliver.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        pushed()
        assert letters.taken == []
