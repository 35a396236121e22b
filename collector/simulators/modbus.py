"""A Modbus device, over TCP or on a serial line, that shows a pack in any register table.

The words are the table read backwards, so a table that someone writes can be tried before the
battery is at hand. What a table does not cover is refused as a real device refuses it, and so is
every attempt to write. To see how a site copes, answers can be spoiled:

    fault        none, delay, unit (another unit answers), exception or silence
    fault_value  seconds of the delay, or number of the exception
    fault_every  spoil only every so manieth answer (1)
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from ..drivers.base import OptionError
from ..registers.parser import BITS
from ..registers.profile import ProfileError, load
from ..wire.alarms import alarm
from ..wire.reading import Reading, State, derive
from ..words import either
from .base import Simulator, choice, number, speed, split
from .pack import Pack
from .terminal import Terminal, terminal

TRANSPORTS = ("tcp", "pty")
FAULTS = ("none", "delay", "unit", "exception", "silence")
WHOLE_MAP = 0xFFFF


class Encoder(Protocol):
    """What makes the words of a pack."""

    def encode(self, reading: Reading) -> Mapping[tuple[int, int], int]: ...


class Table(Protocol):
    """What a device needs of a register table: a `Profile`, or anything like it."""

    unit: int
    blocks: tuple[tuple[int, int, int], ...]
    map: Encoder

    def addresses(self, function: int, address: int, count: int) -> tuple[tuple[int, int], ...]:
        """Where the words of an answer are."""


@dataclass(frozen=True, slots=True)
class _Fault:
    kind: str
    value: float
    every: int

    def of(self, answer: int) -> str:
        """What is wrong with the answer of this number, counted from 1."""
        return "none" if answer % self.every else self.kind


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """Serve until `stop`. Options: `profile`, `unit`, `period` (s between steps of the pack), and
    the faults above."""
    try:
        profile = load(options.get("profile", "generic"))
    except ProfileError as error:
        raise OptionError(either(f"profile : {error}", f"profile: {error}")) from None
    serve_table(pack, profile, where, stop, options, ready)


def serve_table(
    pack: Pack,
    table: Table,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """Serve a pack in any table of registers, like `serve`."""
    transport, rest = split(where, TRANSPORTS)
    device = _Device(
        pack,
        table,
        unit=round(number(options, "unit", table.unit, 0, 255)),
        fault=_fault(options),
        pace=speed(options),
        period=number(options, "period", 1.0, 0.01, 86_400),
    )
    if transport == "tcp":
        asyncio.run(_serve_tcp(device, rest, stop, ready))
        return
    with terminal(rest) as outside, terminal() as inside:
        ends = ((outside, inside), (inside, outside))
        pumps = [threading.Thread(target=_pump, args=(*end, stop)) for end in ends]
        for pump in pumps:
            pump.start()
        try:
            asyncio.run(_serve_line(device, inside.path, stop, lambda: ready(outside.path)))
        finally:
            stop.set()
            for pump in pumps:
                pump.join()


def reading_of(pack: Pack) -> Reading:
    """All that a BMS of this pack could say."""
    chemistry, spec = pack.chemistry, pack.spec
    values = {
        "pack_voltage": pack.voltage,
        "current": pack.current,
        "soc": pack.soc,
        "soh": pack.soh,
        "cycles": pack.cycles,
        "capacity_remaining": pack.capacity_remaining,
        "capacity_full": pack.capacity_full,
        "capacity_design": spec.capacity_ah,
        "ambient_temperature": pack.ambient,
        "mosfet_temperature": max(pack.temperatures, default=pack.ambient),
        "charge_voltage_limit": chemistry.charge * spec.cells,
        "discharge_voltage_limit": chemistry.empty * spec.cells,
        "charge_current_limit": spec.capacity_ah / 2,
        "discharge_current_limit": spec.capacity_ah,
    }
    arrays = {
        "cell_voltage": tuple(pack.cell_voltages),
        "cell_temperature": tuple(pack.temperatures),
        "balancing": tuple(pack.balancing),
    }
    alarms = tuple(alarm(code) for code in pack.alarms)
    return derive(Reading(f"SIM-{spec.seed}", 0, values, arrays, _states(pack), alarms))


def _states(pack: Pack) -> dict[str, State]:
    closed = ("contactor", "contactor_charge", "contactor_discharge")
    allowed = ("x_allow_charge", "x_allow_discharge")
    mode = "charging" if pack.charging else "discharging" if pack.discharging else "idle"
    return {
        **dict.fromkeys(closed + allowed, True),
        "charging": pack.charging,
        "discharging": pack.discharging,
        "mode": mode,
        "balancing_active": any(pack.balancing),
        "serial": f"SIM-{pack.spec.seed}",
    }


class _Device:
    """The pack behind the registers. Its own loop is the only one that touches it."""

    def __init__(
        self, pack: Pack, profile: Table, unit: int, fault: _Fault, pace: float, period: float
    ) -> None:
        self.pack, self.profile, self.unit, self.fault = pack, profile, unit, fault
        self._pace, self._period = pace, period
        blocks = (profile.addresses(*block) for block in profile.blocks)
        self._known = {place for block in blocks for place in block}
        self.answers = 0

    def spoiled(self) -> str:
        """What shall be wrong with the next answer."""
        self.answers += 1
        return self.fault.of(self.answers)

    def memory(self) -> SimDevice:
        """Registers that are computed when they are asked for."""
        words = SimData(0, count=WHOLE_MAP, datatype=DataType.REGISTERS, readonly=True)
        return SimDevice(0, simdata=[words], action=self._fill)

    async def _fill(self, function, start, address, count, registers, written) -> ExcCodes | None:
        """For bits, `count` is of the registers that they are handed over in, 16 each, and the
        first stands where its address modulo 16 says."""
        skipped, wanted = (address % 16, 1) if function in BITS else (0, count)
        places = self.profile.addresses(function, address, wanted)
        if written is not None or not self._known.issuperset(places):
            return ExcCodes.ILLEGAL_ADDRESS
        words = self.profile.map.encode(reading_of(self.pack))
        first = address - start
        if function in BITS:
            places = self.profile.addresses(function, address, 16 * count - skipped)
            bits = [0] * skipped + [words.get(place, 0) for place in places]
            found = [sum(bits[i + n] << n for n in range(16)) for i in range(0, len(bits), 16)]
        else:
            found = [words.get(place, 0) for place in places]
        registers[first : first + count] = found
        return None

    async def live(self, stop: threading.Event) -> None:
        before = monotonic()
        while not await asyncio.to_thread(stop.wait, self._period):
            now = monotonic()
            self.pack.step((now - before) * self._pace)
            before = now


class _Answers(ServerRequestHandler):
    """Sends the answers of one connection, spoiled where that is wanted.

    Each delayed answer keeps the number of its own question, as it would on a slow network.
    """

    def server_send(self, pdu: ModbusPDU, addr) -> None:
        device: _Device = self.server.device
        if pdu.dev_id != device.unit:
            self._foreign(pdu, addr)
            return
        match device.spoiled():
            case "silence":
                return
            case "delay":
                self.loop.call_later(device.fault.value, self._send_if_open, pdu, addr)
                return
            case "unit":
                pdu.dev_id = device.unit % 247 + 1
            case "exception":
                pdu = _refusal(pdu, round(device.fault.value))
        super().server_send(pdu, addr)

    def _foreign(self, pdu: ModbusPDU, addr) -> None:
        """On a line another unit would have to answer; over TCP the gateway says that none did."""
        if not isinstance(self.server, ModbusSerialServer):
            super().server_send(_refusal(pdu, ExcCodes.GATEWAY_NO_RESPONSE), addr)

    def _send_if_open(self, pdu: ModbusPDU, addr) -> None:
        if self.is_active():
            super().server_send(pdu, addr)


def _refusal(pdu: ModbusPDU, code: int) -> ModbusPDU:
    return ExceptionResponse(pdu.function_code & 0x7F, code, pdu.dev_id, pdu.transaction_id)


class _TcpServer(ModbusTcpServer):
    device: _Device

    def callback_new_connection(self) -> _Answers:
        return _Answers(self, None, None, None)


class _LineServer(ModbusSerialServer):
    device: _Device

    def callback_new_connection(self) -> _Answers:
        return _Answers(self, None, None, None)


async def _serve_tcp(
    device: _Device, rest: str, stop: threading.Event, ready: Callable[[str], None]
) -> None:
    host, _, port = rest.rpartition(":")
    if not port.isdecimal() or int(port) > 0xFFFF:
        raise OptionError(
            either(
                f"tcp s'écrit tcp:HÔTE:PORT, et non tcp:{rest}",
                f"tcp wants tcp:HOST:PORT, not tcp:{rest}",
            )
        )
    server = _TcpServer(device.memory(), address=(host, int(port)))
    server.device = device
    await _run(server, stop, lambda: ready(f"{host}:{_port_of(server)}"))


def _port_of(server: _TcpServer) -> int:
    return server.transport.sockets[0].getsockname()[1]


async def _serve_line(
    device: _Device, path: str, stop: threading.Event, ready: Callable[[], None]
) -> None:
    server = _LineServer(device.memory(), framer=FramerType.RTU, port=path)
    server.device = device
    await _run(server, stop, ready)


async def _run(
    server: _TcpServer | _LineServer, stop: threading.Event, ready: Callable[[], None]
) -> None:
    try:
        await server.serve_forever(background=True)
        ready()
        await server.device.live(stop)
    except RuntimeError as error:
        raise OptionError(
            either(f"impossible de servir là : {error}", f"cannot serve there: {error}")
        ) from error
    finally:
        await server.shutdown()


def _pump(source: Terminal, sink: Terminal, stop: threading.Event) -> None:
    """Carry bytes from the outside port to the one the server has open, or back."""
    while not stop.is_set():
        if data := source.read(0.05):
            sink.write(data)


def _fault(options: Mapping[str, str]) -> _Fault:
    kind = choice(options, "fault", FAULTS, "none")
    value = number(options, "fault_value", 2.0, 0, 3600)
    return _Fault(kind, value, round(number(options, "fault_every", 1, 1, 1_000_000)))


SIMULATOR = Simulator(
    "modbus",
    (
        "Appareil Modbus de n'importe quelle table de registres",
        "Modbus device of any register table",
    ),
    TRANSPORTS,
    serve,
)
