"""A pack, through a real Modbus server, a real connection, the poller and the driver."""

import threading
from queue import Queue

import pytest

from collector.clock import Clock
from collector.config import Device
from collector.devices import Poller
from collector.drivers.base import load
from collector.links.modbus import ModbusLink
from collector.links.spec import from_text
from collector.simulators.modbus import reading_of
from collector.simulators.pack import Pack, PackSpec
from collector.simulators.sunspec import serve


def served(pack: Pack, where: str, stop: threading.Event, **options: str):
    places: Queue[str] = Queue()
    still = {"period": "3600", **options}
    thread = threading.Thread(target=serve, args=(pack, where, stop, still, places.put))
    thread.start()
    return places.get(timeout=10), thread


@pytest.mark.parametrize(
    ("kind", "where", "base"),
    [("modbus-tcp", "tcp:127.0.0.1:0", "0"), ("modbus-rtu", "pty", "40000")],
)
def test_what_the_pack_is_comes_out_of_the_driver(kind, where, base):
    pack, stop, clock, readings = Pack(PackSpec(cells=15, soc=50)), threading.Event(), Clock(), []
    place, thread = served(pack, where, stop, base=base, sign="discharge")
    spec = from_text(f"{kind}:{place}")
    link = ModbusLink(spec, clock.now)
    try:
        options = {"positive_current": "discharge"}
        device = Device("b1", load("sunspec"), options, spec, 1.0)
        poller = Poller(device, clock, readings.append, link)
        poller.poll()
        assert poller.trouble is None
    finally:
        link.close()
        stop.set()
        thread.join(10)
    said = reading_of(pack)
    (reading,) = readings
    assert reading.arrays["cell_voltage"] == pytest.approx(said.arrays["cell_voltage"], abs=6e-4)
    assert reading.values["pack_voltage"] == pytest.approx(said.values["pack_voltage"], abs=0.006)
    assert reading.values["current"] == pytest.approx(said.values["current"], abs=0.06)
    assert poller.tally.bad == 0
