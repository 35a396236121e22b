"""The simulated gateway on real HTTP and WebSocket servers, read as a collector reads it."""

import threading

import pytest

from collector.clock import Clock
from collector.config import Device
from collector.devices import Listener, Poller
from collector.drivers.base import Fetch, OptionError, load
from collector.links.asked import open_asked
from collector.links.errors import BadAnswer
from collector.links.spec import from_text, spec
from collector.simulators._gateway_documents import DOCUMENTS
from collector.simulators.pack import Pack, PackSpec
from tests.collector.simulators.serving import served


def pack():
    battery = Pack(PackSpec(cells=6, temperatures=2, strings=2, duty="lighting", hour=20))
    battery.step(3600)
    return battery


def agrees(reading, battery):
    assert reading.values["pack_voltage"] == pytest.approx(battery.voltage, rel=0.01)
    assert reading.values["current"] == pytest.approx(battery.current, rel=0.2)
    assert reading.values["soc"] == pytest.approx(battery.soc, abs=0.2)
    assert len(reading.arrays["cell_voltage"]) == 12
    assert len(reading.arrays["cell_temperature"]) == 4


@pytest.mark.parametrize("profile", DOCUMENTS)
def test_asked_over_http(profile):
    battery, heard = pack(), []
    driver = load("json_gateway")
    with served("json_gateway", battery, "http:127.0.0.1:0", profile=profile) as address:
        link = from_text(f"http:{address}")
        device = Device("A", driver, {"profile": profile}, link, 1.0)
        asked = open_asked(link, Clock().now)
        Poller(device, Clock(), heard.append, asked).poll()
        with pytest.raises(BadAnswer, match="404"):
            asked.read(Fetch("no/such/place"))
        asked.close()
    agrees(heard[0], battery)
    assert heard[0].values["current"] < 0, "the pack is discharging"


@pytest.mark.parametrize("profile", DOCUMENTS)
def test_pushed_over_a_websocket(profile, monkeypatch):
    monkeypatch.setenv("SIMULATED_KEY", "k")
    battery, heard, stop = pack(), [], threading.Event()

    def take(reading):
        heard.append(reading)
        if len(heard) == 2:
            stop.set()

    where = "websocket:127.0.0.1:0"
    with served("json_gateway", battery, where, profile=profile, period="0.02", secret="k") as url:
        link = spec({"kind": "websocket", "url": url, "secret_env": "SIMULATED_KEY"})
        options = {"profile": profile, "every": "0.1"}
        device = Device("A", load("json_gateway"), options, link, 1.0)
        listener = Listener(device, Clock(), take, stop)
        thread = threading.Thread(target=listener.run)
        thread.start()
        assert stop.wait(10)
        thread.join()
    agrees(heard[0], battery)
    assert heard[1].ts - heard[0].ts >= 90
    assert listener.tally.bad == 0


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ("pty", {}),
        ("http:nowhere", {}),
        ("websocket:127.0.0.1:99999", {}),
        ("http:127.0.0.1:0", {"profile": "fox"}),
        ("http:127.0.0.1:0", {"period": "0"}),
    ],
)
def test_what_cannot_be_served_is_refused(where, options):
    with pytest.raises(OptionError), served("json_gateway", pack(), where, **options):
        pass
