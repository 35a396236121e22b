"""JK boards on their "GPS port": frames that begin with 4E 57, tags without lengths, big endian.

One question reads everything. A tag that is not known ends the decoding, since its length is not
known either; what came before it counts. The password among the tags is passed over.

Source: syssi/esphome-jk-bms: docs/protocol-design-uart-ttl-gps-port.md.
"""

from collections.abc import Mapping
from typing import Any

from ..protocols.frames import Frames
from ..protocols.numbers import u16
from ._alarm_bits import raised, table

HEAD = b"\x4e\x57"
FRONT, BACK = 11, 9
"""Bytes around the tags: up to the type, and from the record number on."""
SHORTEST, LONGEST = FRONT + BACK, 1024
ANSWER = b"\x06\x00\x01"
"""Command, source and type of an answer to read-all."""
CELLS, PROTOCOL, PASSWORD = 0x79, 0xC0, 0xB2
MAX_CELLS = 32
WIDTHS = {
    **dict.fromkeys((*range(0x80, 0x85), 0x87, 0x8A, 0x8B, 0x8C, 0xAD, 0xB0), 2),
    **dict.fromkeys(range(0x8E, 0xA9), 2),
    **dict.fromkeys((0x85, 0x86, 0x9D, 0xA9, 0xAB, 0xAC, 0xAE, 0xAF, 0xB1, 0xB3, 0xB8, 0xC0), 1),
    **dict.fromkeys((0x89, 0xAA, 0xB5, 0xB6, 0xB9), 4),
    PASSWORD: 10,
    0xB4: 8,
    0xB7: 15,
    0xBA: 24,
}
SCALARS = {
    0x83: ("pack_voltage", 0.01),
    0x85: ("soc", 1),
    0x87: ("cycles", 1),
    0x89: ("x_throughput", 1),
    0xAA: ("capacity_design", 1),
    0xB9: ("capacity_full", 1),
}
UNKNOWN_AT_0 = (0xAA, 0xB9)
ALARMS = table(
    "jk",
    "soc_low:warning overtemperature_mosfet pack_overvoltage pack_undervoltage overtemperature "
    "overcurrent_charge overcurrent_discharge cell_imbalance "
    "vendor:box_hot:critical undertemperature cell_overvoltage cell_undervoltage "
    "vendor:protection_ic_a:critical vendor:protection_ic_b:critical",
)


def request() -> bytes:
    body = bytes.fromhex("4e57 0013 00000000 06 03 00 00 00000000 68")
    return body + (sum(body) & 0xFFFF).to_bytes(4, "big")


def frames() -> Frames:
    return Frames(HEAD, _size, _sound)


def is_answer(frame: bytes) -> bool:
    return frame[8:11] == ANSWER


def _size(head: bytearray) -> int | None:
    if len(head) < 4:
        return 0
    size = u16(head, 2) + 2
    return size if SHORTEST <= size <= LONGEST else None


def _sound(frame: bytes) -> bool:
    return u16(frame, len(frame) - 2) == sum(frame[:-4]) & 0xFFFF and frame[-5] == 0x68


def tags(frame: bytes) -> dict[int, bytes]:
    """Content of each tag, up to the first unknown one."""
    data, at = frame[FRONT:-BACK], 0
    found: dict[int, bytes] = {}
    while at < len(data):
        tag = data[at]
        if tag == CELLS and at + 1 < len(data):
            at, width = at + 1, data[at + 1]
        elif tag in WIDTHS:
            width = WIDTHS[tag]
        else:
            break
        content = data[at + 1 : at + 1 + width]
        if len(content) < width:
            break
        if tag != PASSWORD:
            found[tag] = content
        at += 1 + width
    return found


def reading(found: Mapping[int, bytes]) -> Mapping[str, Any]:
    """What a reading takes of the tags."""
    number = {tag: int.from_bytes(content, "big") for tag, content in found.items()}
    values: dict[str, float] = {}
    for tag, (code, scale) in SCALARS.items():
        if tag in number and (number[tag] or tag not in UNKNOWN_AT_0):
            values[code] = number[tag] * scale
    if 0x84 in number and PROTOCOL in number:
        values["current"] = _current(number[0x84], number[PROTOCOL])
    for tag, code in ((0x80, "mosfet_temperature"), (0x81, "x_box_temperature")):
        if tag in number:
            values[code] = _temperature(number[tag])
    arrays = {"cell_voltage": _cells(found.get(CELLS, b""))}
    if 0x82 in number:
        arrays["cell_temperature"] = (_temperature(number[0x82]),)
    states: dict[str, Any] = {}
    if 0x8C in number:
        flags = number[0x8C]
        states["contactor_charge"] = bool(flags & 1)
        states["contactor_discharge"] = bool(flags & 2)
        states["balancing_active"] = bool(flags & 4)
    if text := found.get(0xB7, b"").split(b"\0")[0].decode("ascii", "replace").strip():
        states["firmware"] = text
    alarms = tuple(raised("jk", "warning", number.get(0x8B, 0), ALARMS))
    return {"values": values, "arrays": arrays, "states": states, "alarms": alarms}


def _current(raw: int, protocol: int) -> float:
    """Amperes, positive while charging; newer protocols have a sign bit, older ones an offset."""
    if protocol == 1:
        return (raw & 0x7FFF) / (100 if raw & 0x8000 else -100)
    return (10_000 - raw) / 100


def _temperature(raw: int) -> float:
    return raw if raw <= 100 else 100 - raw


def _cells(content: bytes) -> tuple[float | None, ...]:
    """By their numbers, which are in front of each."""
    known = {
        content[at]: u16(content, at + 1) / 1000
        for at in range(0, len(content) - 2, 3)
        if 1 <= content[at] <= MAX_CELLS
    }
    return tuple(known.get(n) or None for n in range(1, max(known, default=0) + 1))
