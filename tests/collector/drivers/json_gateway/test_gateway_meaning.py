"""What documents mean: order, validity, absence, alarms, time, and how many are kept."""

import pytest

from collector.drivers.base import Bytes, Document, Fetch, OptionError, load

DRIVER = load("json_gateway")
NOW = 1_790_000_000_000
CELLS = """
title = "t"
source = "s"
[[array]]
code = "cell_voltage"
path = "s[*].c[*]"
value = "u"
valid = "ok"
number = "n"
first = 1
length = 3
"""
VALUES = """
title = "t"
source = "s"
[time]
path = "at"
format = "iso"
[[metric]]
code = "soc"
path = "soc"
scale = 100
absent = 2.55
[[array]]
code = "balancing"
path = "b"
[[state]]
code = "contactor"
path = "on"
is = ["CLOSED", true, 1]
[[state]]
code = "mode"
path = "m"
values = { 1 = "charging", "2" = "idle" }
[[state]]
code = "firmware"
path = "fw"
[[alarm]]
path = "bits"
bits = ["-", "fuse_blown", "vendor:odd:info"]
[[alarm]]
path = "said"
names = { HOT = "overtemperature:warning", OK = "-" }
"""


@pytest.fixture
def decoder(tmp_path):
    def make(text, **options):
        path = tmp_path / "ours.toml"
        path.write_text(text)
        return DRIVER.decoder("a", {"profile": str(path), "every": 0, **options})

    return make


def read(decoder, data, ts=NOW):
    return list(decoder.feed(Document(data, ts)))


def test_cells_have_their_own_number_and_length(decoder):
    first = [{"n": 2, "u": 3.2, "ok": True}, {"n": 1, "u": 3.1, "ok": 1}, {"n": 9, "u": 9, "ok": 1}]
    second = [{"n": 3, "u": 3.6, "ok": True}, {"n": 1, "u": 3.4, "ok": False}, None, {"u": 5}]
    (reading,) = read(decoder(CELLS), {"s": [{"c": first}, {}, {"c": second}]})
    assert reading.arrays["cell_voltage"] == (3.1, 3.2, None, None, None, 3.6)


@pytest.mark.parametrize(
    ("soc", "read_as"),
    [
        (0.5, 50),
        ("0.5", 50),
        (0, 0),
        (2.55, None),
        ("--", None),
        (None, None),
        (True, None),
        ([0.5], None),
        ("1e999", None),
        ("½", None),
    ],
)
def test_a_number_or_nothing(decoder, soc, read_as):
    (reading,) = read(decoder(VALUES), {"soc": soc, "b": [1]})
    assert reading.values.get("soc") == read_as
    assert reading.arrays == {"balancing": (1,)}


def test_states(decoder):
    d = decoder(VALUES)
    document = {"soc": 0.5, "on": "CLOSED", "m": 1, "fw": 2.0, "b": [True, False, None]}
    (reading,) = read(d, document)
    assert reading.states == {"contactor": True, "mode": "charging", "firmware": "2"}
    assert reading.arrays["balancing"] == (1, 0, None)
    (reading,) = read(d, {"soc": 0.5, "on": "OPEN", "m": 7, "fw": "  ", "b": "no"})
    assert reading.states == {"contactor": False}


def test_alarms_by_bit_and_by_name_and_none_is_dropped(decoder):
    d = decoder(VALUES)
    (reading,) = read(d, {"soc": 1, "bits": 0b1111, "said": ["HOT", "OK", "é!", 7, None, ""]})
    assert {(alarm.code, alarm.severity) for alarm in reading.alarms} == {
        ("fuse_blown", "critical"),
        ("vendor:gateway:odd", "info"),
        ("vendor:gateway:bits.bit3", "warning"),
        ("overtemperature", "warning"),
        ("vendor:gateway:__", "warning"),
        ("vendor:gateway:7", "warning"),
    }
    (reading,) = read(d, {"soc": 1, "bits": -1, "said": "HOT"})
    assert [alarm.code for alarm in reading.alarms] == ["overtemperature"]


def test_a_document_that_stands_still_is_no_news(decoder):
    d = decoder(VALUES)
    document = {"soc": 0.5, "at": "2026-09-21T14:13:20Z"}
    assert [reading.ts for reading in read(d, document, NOW + 20)] == [NOW]
    assert read(d, document, NOW + 1000) == []
    assert d.tally.reasons == {"stale": 1}
    assert read(d, {"soc": 0.5, "at": "2026-09-21T14:13:21"}, NOW + 1000)[0].ts == NOW + 1000


def test_a_clock_that_is_wrong_is_not_believed(decoder):
    d = decoder(VALUES)
    (reading,) = read(d, {"soc": 0.5, "at": "1970-01-01T00:00:09Z"})
    assert reading.ts == NOW
    assert any("clock" in text for text in d.tally.warnings)


def test_pushes_are_thinned_but_changes_are_not(decoder):
    d = decoder(VALUES, every=1)
    kept = []
    for i in range(30):
        kept += read(d, {"soc": 0.5, "said": ["HOT"] if 12 <= i < 14 else []}, NOW + 100 * i)
    assert [(reading.ts - NOW) // 100 for reading in kept] == [0, 9, 12, 14, 23]


def test_what_it_asks_for_and_what_it_cannot_use(decoder):
    d = decoder(VALUES)
    assert d.requests(0) == (Fetch(),)
    assert DRIVER.sends == frozenset()
    assert [*d.feed(Bytes(b"x", 1)), *read(d, "text"), *read(d, {"else": 1})] == []
    assert d.tally.reasons == {"not_document": 1, "no_object": 1, "nothing_known": 1}


@pytest.mark.parametrize(
    "options", [{"profile": "fox"}, {"profile": "none.toml"}, {"every": "-1"}, {"every": "often"}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(OptionError):
        DRIVER.decoder("a", options)
