"""Whatever bytes are signed, the answer is clear, quick and small, and nothing is stored."""

import gzip
import io
import time
import tracemalloc

import pytest

from collector.wire import envelope

pytestmark = pytest.mark.sqlite_only
NOTHING = {"assets": 5, "live": 0, "chunks": 0, "batches": 0}


def wrap(text):
    return gzip.compress(text.encode() if isinstance(text, str) else text)


def deep(levels):
    return '{"v":1,"sent":1,"live":' + "[" * levels + "]" * levels + "}"


HOSTILE = {
    "not gzip": (b"plain text", 422, "bad_gzip"),
    "empty": (b"", 422, "bad_gzip"),
    "cut short": (wrap('{"v":1,"sent":1}')[:-6], 422, "bad_gzip"),
    "two members": (wrap('{"v":1,"sent":1}') * 2, 422, "bad_gzip"),
    "trailing bytes": (wrap('{"v":1,"sent":1}') + b"x", 422, "bad_gzip"),
    "not JSON": (wrap("{"), 422, "bad_json"),
    "not UTF-8": (wrap(b'{"v":"\xff"}'), 422, "bad_encoding"),
    "lone surrogate": (wrap('{"v":1,"sent":1,"x":"\\ud800"}'), 422, "bad_encoding"),
    "NaN": (wrap('{"v":1,"sent":NaN}'), 422, "bad_json"),
    "infinity": (wrap('{"v":1,"sent":1e999}'), 422, "bad_json"),
    "endless number": (wrap('{"v":1,"sent":' + "9" * 5000 + "}"), 422, "bad_json"),
    "a key twice": (wrap('{"v":1,"v":1,"sent":1}'), 422, "bad_json"),
    "too deep": (wrap(deep(100_000)), 422, "too_deep"),
    "a list": (wrap("[]"), 422, "bad_structure"),
    "another version": (wrap('{"v":2,"sent":1}'), 422, "bad_version"),
    "no time": (wrap('{"v":1}'), 422, "bad_time"),
    "too many": (wrap('{"v":1,"sent":1,"live":[' + ",".join(["1"] * 600) + "]}"), 422, "too_many"),
    "bomb": (wrap(bytes(100_000_000)), 413, "too_large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused(app, site, contents, name):
    body, status, code = HOSTILE[name]
    answer = site.post(app.test_client(), body)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert contents() == NOTHING


def test_a_bomb_costs_little(app, site):
    body = HOSTILE["bomb"][0]
    site.post(app.test_client(), wrap("{"))
    tracemalloc.start()
    began = time.process_time()
    assert site.post(app.test_client(), body).status_code == 413
    spent, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spent < 1 and peak < 20e6


def test_a_batch_over_the_limit_is_too_large(app, site, contents):
    answer = site.post(app.test_client(), bytes(envelope.MAX_COMPRESSED + 1))
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert contents() == NOTHING


def test_its_size_is_judged_before_anything_else(app, site):
    """So that nobody unknown makes us digest and look up what is too long anyway."""
    body = bytes(envelope.MAX_COMPRESSED + 1)
    unsigned = site.post(app.test_client(), body, headers={})
    assert (unsigned.status_code, unsigned.json["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "request_",
    [
        {"data": {"other": (io.BytesIO(b"x"), "batch.json.gz")}},
        {"data": {"batch": "text, not a file"}},
        {"json": {"batch": "x"}},
        {"data": b"raw", "content_type": "application/octet-stream"},
        {},
    ],
)
def test_another_kind_of_body_is_refused(app, site, request_):
    answer = app.test_client().post(envelope.PATH, headers=site.headers(b"", 1), **request_)
    assert (answer.status_code, answer.json["code"]) == (422, "no_batch")


def test_only_post_is_known(app):
    assert app.test_client().get(envelope.PATH).status_code == 405


def test_what_was_refused_is_shown_at_the_collector(app, house, site):
    from app.core.models import Collector

    site.post(app.test_client(), b"plain text")
    with house.core() as core:
        row = core.get(Collector, site.id)
    assert (row.rejected, row.last_rejection) == (1, "bad_gzip")
