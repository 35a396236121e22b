"""The page of the local network: read-only, bounded, in two languages, without anything secret."""

import http.client
import json
import socket
import string

import pytest
import requests

from collector.status_page import MOST, Snapshot, StatusPage, page
from collector.texts.status_page import TEXTS
from collector.wire.alarms import alarm
from collector.wire.reading import Reading
from tests.collector.test_reload import Running, devices, sink, table

__all__ = ["devices", "sink"]

NOW = 1_790_000_000_000
READING = Reading("A<1>", NOW - 1000, {"soc": 81.5, "pack_voltage": 52.1, "current": -3.0})


def snapshot(**given):
    usual = {
        "now": NOW, "collector": "Site <A>", "version": "1.0", "newest": {"A<1>": READING},
        "troubles": {"A<1>": None, "B": ("câble débranché", "cable pulled")},
        "queued": 3, "lost": 0, "delivered": NOW - 2000,
    }  # fmt: skip
    return Snapshot(**{**usual, **given})


@pytest.fixture
def shown():
    page = StatusPage(("127.0.0.1", 0), snapshot)
    yield page.address
    page.close()


def ask(address, method="GET", path="/", **headers):
    line = http.client.HTTPConnection(*address, timeout=10)
    line.request(method, path, headers=headers)
    answer = line.getresponse()
    return answer, answer.read().decode()


def test_it_says_how_the_batteries_are_in_both_languages(shown):
    _, french = ask(shown)
    assert "81.5 %" in french and "câble débranché" in french and "il y a 2 s" in french
    _, english = ask(shown, path="/?lang=en")
    assert "cable pulled" in english and "2 s ago" in english and 'lang="en"' not in french
    assert "cable pulled" in ask(shown, **{"Accept-Language": "en-CA"})[1]


def test_nothing_written_by_a_bms_becomes_markup(shown):
    _, text = ask(shown)
    assert "<1>" not in text and "Site <A>" not in text
    assert "A&lt;1&gt;" in text


def test_no_script_runs_and_no_style_but_ours(shown):
    answer, text = ask(shown)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in text and "style=" not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_only_reads(shown, method):
    assert ask(shown, method)[0].status == 501


@pytest.mark.parametrize("path", ["/x", "/../etc/passwd", "/status.json/"])
def test_it_knows_two_addresses(shown, path):
    assert ask(shown, path=path)[0].status == 404


def test_a_visitor_who_says_nothing_is_not_waited_for(shown, monkeypatch):
    monkeypatch.setattr("collector.status_page.PATIENCE", 0.2)
    quick = StatusPage(("127.0.0.1", 0), snapshot)
    with socket.create_connection(quick.address):
        assert ask(quick.address)[0].status == 200
    quick.close()


def test_programs_get_the_same(shown):
    found = json.loads(ask(shown, path="/status.json")[1])
    assert found["batteries"]["A<1>"]["values"]["soc"] == 81.5
    assert (found["silent"], found["queued"]) == (["B"], 3)


def test_the_number_of_batteries_is_bounded():
    many = {f"B{i}": None for i in range(3 * MOST)}
    assert page(snapshot(troubles=many, newest={}), 0).count("<tr>") == MOST + 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"delivered": None}, "has not answered yet"),
        ({"queued": None, "lost": None}, "disk does not answer"),
        ({"lost": 7}, "Lost here: 7"),
        ({"now": NOW + 60_000}, "late"),
        ({"newest": {}}, "nothing heard yet"),
        ({"newest": {"A<1>": Reading("A<1>", NOW, alarms=(alarm("cell_overvoltage"),))}}, "cell_overvoltage"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(given, says):
    assert says in page(snapshot(**given), 1)


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_take_the_same_parts(key):
    french, english = ({name for _, name, _, _ in string.Formatter().parse(t)} for t in TEXTS[key])
    assert french == english


def test_there_is_none_unless_it_is_configured(sink, tmp_path, devices):
    running = Running(sink, tmp_path, table("A", devices[0]))
    sink.wait(lambda: "A" in sink.live)
    running.stop()
    assert running.agent._page is None


def test_a_running_collector_shows_itself_and_no_secret(sink, tmp_path, devices):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = Running(
        sink, tmp_path, table("A", devices[0]), f'[status]\nlisten = "127.0.0.1:{port}"'
    )
    try:
        sink.wait(lambda: "A" in sink.live)
        text = requests.get(f"http://127.0.0.1:{port}/status.json", timeout=10).text
        text += requests.get(f"http://127.0.0.1:{port}/", timeout=10).text
    finally:
        running.stop()
    assert '"A"' in text
    for secret in ("k1", sink.url, str(tmp_path)):
        assert secret not in text


def test_a_port_that_is_taken_stops_nothing_else(sink, tmp_path, devices, caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        top = f'[status]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"'
        running = Running(sink, tmp_path, table("A", devices[0]), top)
        try:
            sink.wait(lambda: "A" in sink.live)
        finally:
            running.stop()
    assert "no status page" in caplog.text
