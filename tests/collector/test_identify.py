"""An unknown BMS is found by what the drivers make of its line, and only proposed."""

import os
import pty
import threading
import tomllib

import pytest

from collector import cli, identify
from collector.commands import _proposal
from collector.config import load as load_config
from collector.drivers.base import load
from collector.identify import Candidate
from collector.links.errors import LinkDown
from collector.links.spec import from_text
from collector.simulators.pack import Pack, PackSpec
from collector.wire.reading import Reading
from tests.collector.simulators.serving import served


def found(link, **how):
    steps = []
    told = lambda step, candidate: steps.append((step, candidate and candidate.driver.code))  # noqa: E731
    matches = identify.identify(from_text(link), threading.Event(), told, **how)
    return matches, steps


@pytest.mark.parametrize(
    ("code", "kind"), [("foxbms", "slcan"), ("libresolar", "serial"), ("greenbms", "serial")]
)
def test_a_simulated_bms_is_recognised(code, kind):
    with served(code, Pack(PackSpec(cells=14))) as port:
        matches, _ = found(f"{kind}:{port}", listen=2.5, ask=1.5)
    assert matches[0].candidate.driver.code == code
    assert 40 < matches[0].fullest.values["pack_voltage"] < 52


@pytest.mark.parametrize("profile", ["generic", "daly_d2"])
def test_a_register_table_is_recognised(profile):
    with served("modbus", Pack(PackSpec()), "tcp:127.0.0.1:0", profile=profile) as place:
        matches, _ = found(f"modbus-tcp:{place}")
    assert matches[0].candidate.options == {"profile": profile}


def test_nobody_asks_while_somebody_understands_what_is_said():
    with served("libresolar", Pack(PackSpec())) as port:
        _, steps = found(f"serial:{port}", listen=2.5)
    assert [step for step, _ in steps] == ["listen"]


def test_quiet_never_asks():
    master, slave = pty.openpty()
    try:
        matches, steps = found(f"serial:{os.ttyname(slave)}", listen=0.3, quiet=True)
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 1)
    finally:
        os.close(master)
        os.close(slave)
    assert (matches, steps) == ([], [("listen", None)])


def test_only_constant_bytes_are_sent():
    master, slave = pty.openpty()
    try:
        _, steps = found(f"serial:{os.ttyname(slave)}", listen=0.1, ask=0.2)
        sent = os.read(master, 65536)
    finally:
        os.close(master)
        os.close(slave)
    asked = [code for step, code in steps if step == "ask"]
    assert set(asked) == {
        c.driver.code for c in identify.candidates(from_text("serial:x")) if c.driver.sends
    }
    for request in sorted({r for code in asked for r in load(code).sends}, key=len, reverse=True):
        sent = sent.replace(request, b"")
    assert sent == b""


def test_a_port_that_is_not_there_is_said():
    with pytest.raises(LinkDown):
        found("serial:/dev/does-not-exist")


def test_speeds_are_tried_unless_one_was_given():
    link = from_text("serial:/dev/x")
    assert {each.settings["baud"] for each in identify.speeds(link, {})} == set(identify.BAUDS)
    assert identify.speeds(link, {"baud": "9600"}) == (link,)
    assert len(identify.speeds(from_text("can:virtual:x"), {})) == 1


def test_the_proposal_is_a_configuration(tmp_path, capsys):
    with served("libresolar", Pack(PackSpec())) as port:
        assert cli.main(["probe", "--link", f"serial:{port}:115200"]) == 0
    told = capsys.readouterr()
    table = told.out[told.out.index("[[device]]") :]
    assert tomllib.loads(table)["device"][0]["driver"] == "libresolar"
    path = tmp_path / "collector.toml"
    path.write_text(table.replace('asset = ""', 'asset = "LS-1"'), "utf-8")
    assert load_config(path).devices[0].link.settings["port"] == port
    assert "pack_voltage" in told.out and "current" in told.err


def test_nothing_known_is_said_so(capsys):
    master, slave = pty.openpty()
    try:
        assert cli.main(["probe", "--quiet", "--link", f"serial:{os.ttyname(slave)}:9600"]) == 1
    finally:
        os.close(master)
        os.close(slave)
    assert "capture" in capsys.readouterr().err


class Terminal:
    def __init__(self, answer):
        self._answer = answer

    def isatty(self):
        return True

    def readline(self):
        return self._answer + "\n"


@pytest.mark.parametrize(
    ("answer", "options"), [("n", {"positive_current": "charge"}), ("y", {}), ("?", {})]
)
def test_the_sign_is_asked_and_turned(monkeypatch, capsys, answer, options):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    candidate = Candidate(load("foxbms"), {}, from_text("can:virtual:x"))
    reading = Reading("probe", 0, {"current": -12.0})
    assert _proposal._with_sign(candidate, reading).options == options
    assert "discharging" in capsys.readouterr().err


def test_no_sign_is_asked_without_a_current(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Terminal("n"))
    candidate = Candidate(load("foxbms"), {}, from_text("can:virtual:x"))
    assert _proposal._with_sign(candidate, Reading("probe", 0, {"current": 0.1})) == candidate
    assert "still to be checked" in capsys.readouterr().err
