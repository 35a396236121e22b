"""`check` and `probe` tell a technician what works, what does not, and what to do about it."""

import json
import threading

import pytest
import requests

from collector import cli
from collector.commands.check import BAD, DOUBT, GOOD, check
from collector.portal.enrolment import enrol
from collector.simulators.terminal import terminal
from collector.spool.spool import SPOOL_FILE, Spool
from tests.collector.numbered import Numbered
from tests.collector.portal.test_tls import certificate
from tests.collector.sink import Sink


@pytest.fixture
def sink():
    with Sink() as sink:
        yield sink


def written(folder, device=""):
    path = folder / "collector.toml"
    path.write_text(f'state = "{folder}"\n{device}', "utf-8")
    return path


def line(port):
    return f'[[device]]\nasset = "A"\ndriver = "greenbms"\nlink = {{ kind = "serial", port = "{port}" }}\n'


def verdicts(path):
    return [(finding.verdict, finding.text) for finding in check(path)]


def test_a_site_in_order(sink, tmp_path):
    enrol(sink.url, "ABCD", tmp_path, requests.Session())
    with terminal() as port:
        found = verdicts(written(tmp_path, line(port.path)))
    assert {verdict for verdict, _ in found} <= {GOOD, DOUBT}
    assert sum(verdict == GOOD for verdict, _ in found) >= 5


def faulty(tmp_path, sink, what):
    if what != "not enrolled":
        enrol(sink.url, "ABCD", tmp_path, requests.Session())
    if what == "key":
        next(tmp_path.glob("*.key")).chmod(0o644)
    if what == "portal":
        sink.close()
    if what == "spool":
        (tmp_path / "spool.db").write_bytes(b"this is no database" * 100)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("not enrolled", "enrol"),
        ("key", "chmod 600"),
        ("portal", "firewall"),
        ("spool", "spool.db"),
        ("port", "cable"),
    ],
)
def test_a_fault_is_named(sink, tmp_path, what, says, capsys):
    faulty(tmp_path, sink, what)
    with terminal() as port:
        path = written(tmp_path, line("/dev/nothing" if what == "port" else port.path))
        assert cli.main(["check", "--config", str(path)]) == 1
    bad = [text for text in capsys.readouterr().out.splitlines() if text.startswith(BAD)]
    assert len(bad) == 1
    assert says in bad[0]


def test_a_link_that_does_not_open_is_said_in_french(sink, tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    enrol(sink.url, "ABCD", tmp_path, requests.Session())
    found = verdicts(written(tmp_path, line("/dev/nothing")))
    assert any(v == BAD and "A : /dev/nothing ne s'ouvre pas" in text for v, text in found)


def test_probe_says_in_the_readers_language_why_nothing_came(monkeypatch, capfd):
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    argv = ["probe", "--driver", "greenbms", "--link", "serial:/dev/nothing", "--for", "0.1"]
    assert cli.main(argv) == 1
    assert "probe : /dev/nothing ne s'ouvre pas" in capfd.readouterr().err


def test_a_configuration_that_cannot_be_read_is_the_only_finding(tmp_path):
    found = verdicts(written(tmp_path, "[[device]]\n"))
    assert [verdict for verdict, _ in found] == [BAD]
    assert "collector.toml:2" in found[0][1]


def test_a_clock_that_is_off_is_a_doubt(sink, tmp_path):
    enrol(sink.url, "ABCD", tmp_path, requests.Session())
    sink.skew_ms = -3_600_000
    assert any(v == DOUBT and "360" in text for v, text in verdicts(written(tmp_path)))


def test_probe_shows_readings_and_a_summary(capfdbinary):
    before = threading.active_count()
    device = Numbered(0.02)
    argv = ["probe", "--driver", "libresolar", "--link", f"tcp:127.0.0.1:{device.port}"]
    try:
        assert cli.main([*argv, "--option", "poll=no", "--for", "1"]) == 0
    finally:
        device.close()
    *readings, last = [json.loads(text) for text in capfdbinary.readouterr().out.splitlines()]
    assert readings[0]["pack_voltage"] == 50.0
    assert last["summary"]["readings"] == len(readings)
    assert threading.active_count() <= before + 1, "the probe's threads ended with it"


def test_probe_without_an_answer_fails(capfdbinary):
    with terminal() as port:
        argv = ["probe", "--driver", "greenbms", "--link", f"serial:{port.path}", "--for", "0.2"]
        assert cli.main(argv) == 1


@pytest.mark.parametrize(
    "argv",
    [
        ["--driver", "foxbms"],
        ["--driver", "foxbms", "--link", "serial:/dev/ttyS0"],
        ["--driver", "foxbms", "--link", "bus"],
    ],
)
def test_probe_says_what_it_needs(argv, capsys):
    assert cli.main(["probe", *argv]) == 2


def enrolled_over_tls(sink, folder, trust):
    session = requests.Session()
    session.verify = trust
    enrol(sink.url, "ABCD", folder, session)


@pytest.mark.parametrize(
    ("made", "says"),
    [({"days": -1}, "expired"), ({"address": "10.1.2.3"}, "10.1.2.3"), ({}, "self-signed")],
    ids=["expired", "another name", "unknown"],
)
def test_a_bad_certificate_is_refused_and_explained(tmp_path, made, says):
    good, trusted = certificate(tmp_path)
    with Sink(tls=good) as sink:
        enrolled_over_tls(sink, tmp_path, trusted)
        port = int(sink.url.rpartition(":")[2])
    bad, public = certificate(tmp_path, **made)
    with Sink(tls=bad, port=port):
        path = written(tmp_path)
        if made:
            path.write_text(f'ca_file = "{public}"\n{path.read_text("utf-8")}', "utf-8")
        (found,) = [text for verdict, text in verdicts(path) if verdict == BAD and "https" in text]
    assert "certificate is refused" in found and "date" in found


def knocked(sink, tmp_path, url):
    """The findings of a collector whose portal is at another address now."""
    enrol(sink.url, "ABCD", tmp_path, requests.Session())
    path = tmp_path / "identity.json"
    known = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(known | {"portal": url, "ingest_url": f"{url}/api/v1/ingest"}))
    return verdicts(written(tmp_path))


def test_a_name_that_nobody_knows_is_a_matter_of_dns(sink, tmp_path):
    found = knocked(sink, tmp_path, "https://portal.invalid")
    assert any(v == BAD and "DNS" in text for v, text in found)


def test_a_portal_in_ipv6_only_is_said(tmp_path):
    with Sink(host="::1") as sink:
        enrol(sink.url, "ABCD", tmp_path, requests.Session())
        found = verdicts(written(tmp_path))
    assert any(v == GOOD and "IPv6 only" in text for v, text in found)
    assert any(v == GOOD and text.endswith("answers") for v, text in found)


def test_a_proxy_is_named_without_its_password(sink, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:1")
    found = knocked(sink, tmp_path, "https://portal.invalid")
    assert any("http://127.0.0.1:1" in text for _, text in found)
    assert any(v == BAD and "proxy" in text for v, text in found)
    assert not any("secret" in text for _, text in found)


def test_what_is_not_the_portal_is_not_taken_for_it(sink, tmp_path):
    sink.stranger = True
    enrol(sink.url, "ABCD", tmp_path, requests.Session())
    assert any(v == BAD and "captive" in text for v, text in verdicts(written(tmp_path)))


def test_a_date_before_this_program_is_named(sink, tmp_path, monkeypatch):
    enrol(sink.url, "ABCD", tmp_path, requests.Session())
    monkeypatch.setattr("collector.commands.check.time.time", lambda: 3600.0)
    assert any(v == BAD and "1970" in text for v, text in verdicts(written(tmp_path)))


def test_a_device_that_should_talk_and_does_not_is_a_doubt(sink, tmp_path):
    enrol(sink.url, "ABCD", tmp_path, requests.Session())
    with terminal() as port:
        device = line(port.path).replace("greenbms", "foxbms").replace('"serial"', '"slcan"')
        found = verdicts(written(tmp_path, device))
    assert any(v == DOUBT and "nothing comes" in text for v, text in found)


def test_losses_are_said(sink, tmp_path):
    enrol(sink.url, "ABCD", tmp_path, requests.Session())
    spool = Spool(tmp_path / SPOOL_FILE, "boot", 0)
    spool.note_lost(7)
    spool.close()
    assert any(v == DOUBT and "7 lost" in text for v, text in verdicts(written(tmp_path)))
