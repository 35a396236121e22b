"""How a block lies in the spool: its numbers as bytes, its words as JSON, both deflated.

    1 byte   1, the version
    varint   bytes of the words
    words    the block's wire form as JSON, each list of whole numbers as `{"": how many}`
    numbers  those lists one after the other, each number a zigzag varint

A minute of a sixteen-cell pack takes two thirds of what its JSON would. The words are nearly the
same in every block: they are deflated against a dictionary, which must therefore never change
(another would need another version). What an earlier program wrote is plain JSON, deflated.
"""

import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..wire import block as blocks
from ..wire.block import Block
from ..wire.strict_json import dumps, loads

VERSION = 1
SHORTEST = 4
"""Shorter lists stay among the words."""
_METRICS = (
    "ambient_temperature:1 balancer_temperature:1 bms_temperature:1 bus_voltage:2 "
    "capacity_design:0 capacity_full:1 capacity_remaining:2 cell_voltage_max:3 cell_voltage_mean:4 "
    "cell_voltage_min:3 cell_voltage_spread:3 charge_current_limit:0 charge_in:1 charge_out:1 "
    "charge_voltage_limit:1 current:2 cycles:0 discharge_current_limit:0 discharge_voltage_limit:1 "
    "energy_in:0 energy_out:0 energy_remaining:0 mosfet_temperature:1 pack_voltage:2 power:1 "
    "soc:1 soe:1 soh:1 temperature_max:1 temperature_min:1"
)
_LISTS = '{"":60},' * 15 + '{"":60}'
WORDS = (
    '"changes":[{"at":0,"states":{"firmware":"","bms_state":"normal","contactor":true,'
    '"contactor_charge":true,"contactor_discharge":true,"charging":true,"discharging":false,'
    '"mode":"charging","balancing_active":false,"serial":""},"alarms":[{"code":"cell_voltage_high",'
    '"severity":"warning","index":0}]}]}{"asset":"","seq":,"t0":17,"n":60,"dt":1000,"values":{'
    + ",".join(
        '"{}":{{"digits":{},"delta":{{"":60}}}}'.format(*each.split(":"))
        for each in _METRICS.split()
    )
    + '},"arrays":{'
    + ",".join(
        f'"{code}":{{"digits":{digits},"delta":[{_LISTS}]}}'
        for code, digits in (("balancing", 0), ("cell_temperature", 1), ("cell_voltage", 3))
    )
    + '},"changes":[{"at":0,"states":{"mode":"idle"},"alarms":[]}]}'
).encode()


def pack(block: Block) -> bytes:
    """The bytes of a block; `unpack` gives it back exactly."""
    numbers = bytearray()
    words = dumps(_without_numbers(block.to_json(), numbers))
    head = bytearray((VERSION,))
    _append(head, len(words))
    stream = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, zdict=WORDS)
    return stream.compress(bytes(head) + words + bytes(numbers)) + stream.flush()


def unpack(body: bytes) -> Block:
    """The block; raises ValueError, TypeError or zlib.error where the bytes have changed."""
    stream = zlib.decompressobj(zdict=WORDS)
    plain = stream.decompress(body)
    if not stream.eof:
        raise ValueError("the block is cut short")
    if plain[:1] == b"{":
        return blocks.from_json(loads(plain))
    if plain[:1] != bytes((VERSION,)):
        raise ValueError("the block is of an unknown version")
    bytes_left = iter(plain[1:])
    size = next(_numbers(bytes_left), 0)
    words = bytes(islice(bytes_left, size))
    return blocks.from_json(_with_numbers(loads(words), _numbers(bytes_left)))


def _without_numbers(item: Any, numbers: bytearray) -> Any:
    if isinstance(item, dict):
        return {name: _without_numbers(each, numbers) for name, each in item.items()}
    if not isinstance(item, list):
        return item
    if len(item) < SHORTEST or any(type(each) is not int for each in item):
        return [_without_numbers(each, numbers) for each in item]
    for number in item:
        _append(numbers, number)
    return {"": len(item)}


def _with_numbers(item: Any, numbers: Iterator[int]) -> Any:
    if isinstance(item, list):
        return [_with_numbers(each, numbers) for each in item]
    if not isinstance(item, dict):
        return item
    if "" in item:
        return list(islice(numbers, item[""]))
    return {name: _with_numbers(each, numbers) for name, each in item.items()}


def _append(numbers: bytearray, number: int) -> None:
    """Seven bits a byte, lowest first; the sign is the lowest bit of all."""
    left = number << 1 if number >= 0 else (~number << 1) | 1
    while left > 127:
        numbers.append(left & 127 | 128)
        left >>= 7
    numbers.append(left)


def _numbers(data: Iterator[int]) -> Iterator[int]:
    """Numbers read off bytes; one that is cut off is none."""
    whole = shift = 0
    for byte in data:
        whole |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield ~(whole >> 1) if whole & 1 else whole >> 1
            whole = shift = 0
