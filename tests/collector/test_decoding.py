"""What a decoder yields is made fit for the wire before anything else sees it."""

from collector.decoding import decode, tidied
from collector.drivers.base import Assembler, Bytes, Garbage
from collector.wire.reading import Reading


class Echo(Assembler):
    """Yields one reading per piece of bytes."""

    def feed(self, item):
        yield Reading("A", item.ts, {"current": float(item.data)})


def test_garbage_is_counted_and_not_fed():
    decoder = Echo("A")
    found = list(
        decode(decoder, [Bytes(b"1", 5), Garbage("torn"), Garbage("torn"), Bytes(b"2", 6)])
    )
    assert [reading.values["current"] for reading in found] == [1.0, 2.0]
    assert decoder.tally.reasons == {"torn": 2}


def test_what_cannot_be_true_is_absent():
    made = Reading(
        "A", 1, {"soc": 300.0, "current": float("nan")}, {"cell_voltage": (3.30004, 99.0)}
    )
    (tidy,) = tidied([made])
    assert (tidy.values, tidy.arrays) == ({}, {"cell_voltage": (3.3, None)})


def test_a_state_the_portal_would_refuse_does_not_cost_the_others():
    states = {"firmware": "v1\x07", "contactor": True, "unheard_of": 1, "x_note": "ok"}
    (tidy,) = tidied([Reading("A", 1, states=states)])
    assert tidy.states == {"contactor": True, "x_note": "ok"}
