"""Simulated serial devices, through a real pseudo-terminal and the collector's own listener."""

import json
import threading

import pytest

from collector import cli, identify
from collector.clock import Clock
from collector.config import Device
from collector.devices import Listener
from collector.drivers.base import OptionError, load
from collector.links.spec import from_text
from collector.simulators.base import load as load_simulator
from collector.simulators.pack import Pack, PackSpec
from tests.collector.simulators.serving import served

FAMILIES = {
    "jbd": ({}, {}),
    "daly": ({"address": "3"}, {"board": "3"}),
    "jk": ({"form": "request", "address": "1-2"}, {"boards": "2"}),
    "pylontech": ({"address": "2-3"}, {"batteries": "2"}),
}


def heard(code: str, port: str, options: dict, count: int) -> list:
    """So many readings, with a question asked as often as the schedule would."""
    readings, stop = [], threading.Event()

    def take(reading) -> None:
        readings.append(reading)
        if len(readings) >= count:
            stop.set()

    device = Device("a", load(code), options, from_text(f"serial:{port}"), 1.0)
    listener = Listener(device, Clock(), take, stop)
    thread = threading.Thread(target=listener.run)
    thread.start()
    for _ in range(100):
        listener.ask()
        if stop.wait(0.1):
            break
    stop.set()
    thread.join(5)
    assert listener.tally.bad == 0
    assert listener.trouble is None
    return readings


@pytest.mark.parametrize("echo", ["yes", "no"])
@pytest.mark.parametrize("code", FAMILIES)
def test_what_the_pack_is_comes_through_a_real_port(code, echo):
    pack = Pack(PackSpec(cells=16, duty="traction", hour=7))
    options, wishes = FAMILIES[code]
    with served(code, pack, **wishes, echo=echo, speed="0.001") as port:
        readings = heard(code, port, options, 4)
    assert len(readings) >= 4
    for reading in readings:
        assert reading.values["pack_voltage"] == pytest.approx(pack.voltage, abs=0.1)
        assert reading.values["soc"] == pytest.approx(pack.soc, abs=0.6)
        assert reading.arrays["cell_voltage"] == pytest.approx(tuple(pack.cell_voltages), abs=0.01)
    if "-" in options.get("address", ""):
        first, last = options["address"].split("-")
        assert {r.asset for r in readings} == {f"a-{first}", f"a-{last}"}


@pytest.mark.parametrize("code", ["jbd", "daly", "pylontech"])
def test_it_is_recognised_among_its_kin(code, monkeypatch):
    kin = [identify.Candidate(load(c), {}, None) for c in ("jbd", "daly", "pylontech", "seplos")]
    monkeypatch.setattr(identify, "candidates", lambda link: iter(kin))
    pack = Pack(PackSpec(cells=16))
    with served(code, pack, **({"batteries": "2"} if code == "pylontech" else {})) as port:
        stop, told = threading.Event(), lambda step, candidate: None
        link = from_text(f"serial:{port}")
        matches = identify.identify(link, stop, told, listen=0.1, ask=1.2)
    assert [match.candidate.driver.code for match in matches] == [code]
    assert len(matches[0].fullest.arrays["cell_voltage"]) == 16


def test_a_probe_of_several_batteries_is_content(capsysbinary):
    with served("pylontech", Pack(PackSpec(cells=15)), batteries="2") as port:
        given = ["--driver", "pylontech", "--link", f"serial:{port}", "--option", "address=2-3"]
        assert cli.main(["probe", *given, "--for", "3"]) == 0
    lines = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert {line["asset"] for line in lines if "pack_voltage" in line} == {"probe-2", "probe-3"}


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("jbd", {"echo": "perhaps"}),
        ("daly", {"board": "17"}),
        ("jk", {"boards": "0"}),
        ("pylontech", {"batteries": "99"}),
    ],
)
def test_impossible_wishes_are_refused(code, options):
    with pytest.raises(OptionError):
        load_simulator(code).serve(Pack(), "pty", threading.Event(), options, print)
    with pytest.raises(OptionError, match="must begin with pty"):
        load_simulator(code).serve(Pack(), "can:x", threading.Event(), {}, print)
