"""The language tests read, and simulated Modbus devices on real ports with links to them."""

import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from collector.links.modbus import ModbusLink
from collector.links.spec import from_text, spec
from collector.simulators.base import load
from collector.simulators.pack import Pack


def now() -> int:
    return int(time.time() * 1000)


@pytest.fixture(autouse=True, scope="module")
def english():
    """Tests read English; those about French set another locale."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "en_CA.UTF-8")
        yield


@contextmanager
def served(pack: Pack, where: str, options: dict[str, str]):
    """Where a collector must be pointed at. The pack does not move, so that it can be compared."""
    stop, up, places = threading.Event(), threading.Event(), []

    def ready(place: str) -> None:
        places.append(place)
        up.set()

    thread = threading.Thread(
        target=load("modbus").serve, args=(pack, where, stop, {"period": "3600", **options}, ready)
    )
    thread.start()
    try:
        assert up.wait(10), "the simulated device did not come up"
        yield places[0]
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def device():
    """device(transport, pack, timeout=…, **options of the simulator) to an open link to it."""
    with ExitStack() as stack:

        def start(transport: str, pack: Pack, timeout: float = 2.0, **options: str) -> ModbusLink:
            where = "tcp:127.0.0.1:0" if transport == "tcp" else "pty"
            place = stack.enter_context(served(pack, where, options))
            kind = "modbus-tcp" if transport == "tcp" else "modbus-rtu"
            short = from_text(f"{kind}:{place}")
            link = ModbusLink(spec({"kind": kind, **short.settings, "timeout": timeout}), now)
            stack.callback(link.close)
            return link

        yield start
