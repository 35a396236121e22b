"""A recording of register answers: what was read, when, and what did not answer."""

from io import BytesIO

import pytest

from collector.drivers.base import Garbage, Registers
from collector.formats.registers import FORMAT


def read(*lines: str) -> list:
    return list(FORMAT.read(BytesIO("\n".join(lines).encode())))


def test_an_answer_keeps_its_place_and_its_time():
    line = '{"t":1700000023003,"unit":225,"function":3,"address":256,"registers":[0,65535]}'
    assert read(line) == [Registers(225, 3, 256, (0, 65535), 1_700_000_023_003)]


def test_without_times_answers_are_a_millisecond_apart():
    line = '{"unit":1,"function":4,"address":0,"registers":[7]}'
    assert [item.ts for item in read(line, "", "# a remark", line)] == [1, 2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"t":5,"unit":1,"function":3,"address":0,"exception":2}', "exception_2"),
        ('{"t":5,"unit":1,"function":3,"address":0,"error":"timeout"}', "timeout"),
        ('{"t":5,"unit":1,"error":"Quite a story: really"}', "error"),
        ('{"t":5,"unit":1,"function":3,"registers":[1]}', "bad_record"),
        ('{"t":5,"unit":1,"function":3,"address":70000,"registers":[1]}', "bad_record"),
        ('{"t":5,"unit":1,"function":3,"address":0,"registers":[]}', "bad_registers"),
        ('{"t":5,"unit":1,"function":3,"address":0,"registers":[65536]}', "bad_registers"),
        ('{"t":5,"unit":1,"function":3,"address":0,"registers":[true]}', "bad_registers"),
        ('{"t":5,"unit":1,"function":3,"address":0,"registers":[-1]}', "bad_registers"),
    ],
)
def test_what_is_not_an_answer_says_why(line, reason):
    assert read(line) == [Garbage(reason, 5)]


def test_a_damaged_line_costs_that_line_only():
    good = '{"t":9,"unit":1,"function":3,"address":0,"registers":[1]}'
    assert read(good, good[:-9], "[1]", good) == [
        Registers(1, 3, 0, (1,), 9),
        Garbage("bad_json", 9),
        Garbage("bad_record", 10),
        Registers(1, 3, 0, (1,), 9),
    ]
