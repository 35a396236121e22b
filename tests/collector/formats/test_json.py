"""A recording of gateway documents: a line each, or one document in the whole file."""

from io import BytesIO

from collector.drivers.base import Document, Garbage
from collector.formats.json import FORMAT


def read(text: str) -> list:
    return list(FORMAT.read(BytesIO(text.encode())))


def test_a_document_a_line():
    assert read('{"soc":50}\n\n{"soc":51,"été":"ça"}\n') == [
        Document({"soc": 50}, 1),
        Document({"soc": 51, "été": "ça"}, 2),
    ]


def test_a_line_may_carry_the_time_it_was_received():
    assert read('{"t":1700000023003,"document":[1]}') == [Document([1], 1_700_000_023_003)]


def test_a_file_may_be_one_document():
    assert read('{\n "pack": {\n  "voltage": 51.2\n }\n}\n') == [
        Document({"pack": {"voltage": 51.2}}, 0)
    ]


def test_a_damaged_line_costs_that_line_only():
    good = '{"soc":50}\n'
    assert read('{"soc":\n' + good + '{"a":1,"a":2}\n' + good) == [
        Garbage("bad_json", 1),
        Document({"soc": 50}, 2),
        Garbage("bad_json", 3),
        Document({"soc": 50}, 4),
    ]


def test_a_line_may_say_what_was_asked_for():
    line = '{"t":1700000023003,"path":"Meas","document":{"soc":50}}'
    assert read(line) == [Document({"soc": 50}, 1_700_000_023_003, "Meas")]


def test_a_number_that_is_not_one_is_unknown():
    assert read('{"soc":NaN}') == [Document({"soc": None}, 1)]
