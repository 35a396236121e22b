"""Series for programs: kept for a day once compiled, 304 while nothing is new, refused clearly."""

import pytest

from app.processor import history, rollups
from app.processor.days import DAY_MS
from collector.wire.block import from_readings
from collector.wire.reading import Reading

pytestmark = pytest.mark.sqlite_only

T0 = 1_790_000_000_000 // DAY_MS * DAY_MS
PATH = "/api/v1/assets/1/series"


def store(house, start, count, seq=0):
    items = [
        Reading("EDS-LFP-0001", start + i * 30_000, {"soc": 50.0 + i % 9}) for i in range(count)
    ]
    with house.tenant(writes=True) as session, session.begin():
        history.append(session, 1, 1, from_readings(items, seq))


def compile_all(house):
    with house.tenant(writes=True) as session, session.begin():
        history.seal(session, T0 + 9 * DAY_MS)
    with house.tenant(writes=True) as session, session.begin():
        rollups.compile_day(session, 1, T0)


@pytest.fixture
def ask(client_of):
    def get(tag=None, **query):
        asked = {"metrics": "soc", "from": T0, "to": T0 + DAY_MS, "points": 100} | query
        headers = {"If-None-Match": tag} if tag else {}
        return client_of("alice").get(PATH, query_string=asked, headers=headers)

    return get


def test_what_is_compiled_is_kept_and_what_is_not_is_asked_again(house, ask):
    store(house, T0, 2000)
    first = ask()
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert ask(first.headers["ETag"]).status_code == 304
    compile_all(house)
    compiled = ask()
    assert compiled.json == first.json and compiled.json["step_ms"] == 15 * 60_000
    assert compiled.headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert ask(compiled.headers["ETag"]).status_code == 304


def test_late_readings_make_it_new(house, ask):
    store(house, T0, 2000)
    compile_all(house)
    tag = ask().headers["ETag"]
    store(house, T0 + 70_000_000, 100, seq=1)
    late = ask(tag)
    assert late.status_code == 200 and late.headers["Cache-Control"] == "private, no-cache"
    compile_all(house)
    assert ask(late.headers["ETag"]).json == late.json


def test_an_open_range_is_new_with_each_block(house, ask):
    store(house, T0, 100)
    tag = ask(points=1000).headers["ETag"]
    assert ask(tag, points=1000).status_code == 304
    store(house, T0 + 100 * 30_000, 100, seq=1)
    assert ask(tag, points=1000).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": T0 + 1, "to": T0}, "bad_range"),
        ({"to": T0 + 365 * DAY_MS, "points": 31_536_000}, "bad_range"),
        ({"metrics": "sock"}, "unknown_metric"),
        ({"metrics": ",".join(f"cell_voltage.{i}" for i in range(10_000))}, "bad_metric"),
        ({"from": "yesterday"}, "invalid"),
    ],
)
def test_what_cannot_be_drawn_is_refused(house, ask, query, code):
    answer = ask(**query)
    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_a_year_of_readings_that_nobody_has_compiled_is_refused(house, ask, monkeypatch):
    monkeypatch.setattr("app.processor.plan.MAX_READINGS", 1000)
    store(house, T0, 2000)
    answer = ask(to=T0 + 365 * DAY_MS)
    assert (answer.status_code, answer.json["code"]) == (422, "range_too_wide")
