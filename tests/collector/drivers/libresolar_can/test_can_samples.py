"""Single values make samples; whose, when they are whole, and what is ever transmitted."""

import struct

import pytest

from collector.drivers.base import Bytes, CanFrame, OptionError, load
from collector.protocols.isotp import CONTINUE

DRIVER = load("libresolar_can")
VOLTS, AMPERES, SOC = 0x71, 0x73, 0x7C


def said(number, value, ts, node=0x22):
    data = b"\xfa" + struct.pack(">f", value)
    return CanFrame(0x1E << 24 | number << 8 | node, data, ts, extended=True)


def fed(decoder, *frames):
    return [reading for frame in frames for reading in decoder.feed(frame)]


def test_a_sample_is_whole_when_a_value_comes_again_then_at_once():
    decoder = DRIVER.decoder("a", {})
    assert fed(decoder, said(VOLTS, 26, 0), said(AMPERES, 5, 1), said(SOC, 50, 2)) == []
    (first,) = fed(decoder, said(VOLTS, 27, 400))
    assert (first.ts, first.values) == (0, {"pack_voltage": 26, "current": 5, "soc": 50})
    (second,) = fed(decoder, said(AMPERES, 6, 401), said(SOC, 51, 402))
    assert (second.ts, second.values["pack_voltage"]) == (400, 27)


def test_a_value_that_is_lost_costs_no_other():
    decoder = DRIVER.decoder("a", {})
    fed(decoder, said(VOLTS, 26, 0), said(AMPERES, 5, 1), said(SOC, 50, 2))
    fed(decoder, said(VOLTS, 26, 1000), said(SOC, 51, 1002))
    (short,) = fed(decoder, said(VOLTS, 26, 2000))
    assert short.values == {"pack_voltage": 26, "soc": 51}
    assert [reading.ts for reading in decoder.finish()] == [2000]


def test_one_node_is_followed():
    for options, wanted in [({}, 26), ({"node": "0x33"}, 13)]:
        decoder = DRIVER.decoder("a", options)
        readings = fed(
            decoder,
            CanFrame(0x1E006022, b"\x01", 0, extended=True),
            *(said(VOLTS, v, 1000 * i, n) for i in range(3) for n, v in ((0x22, 26), (0x33, 13))),
        )
        assert {reading.values["pack_voltage"] for reading in readings} == {wanted}
        assert any("node" in text for text in decoder.tally.warnings)


def test_nothing_is_asked_unless_it_is_to_be_and_somebody_is_there():
    quiet, asking = DRIVER.decoder("a", {}), DRIVER.decoder("a", {"transmit": "yes"})
    answer = CanFrame(0x18000022, b"\x10\x88\x85\xf6\xbf\x18\x71\xfa", 5, extended=True)
    for decoder in (quiet, asking):
        assert decoder.requests(0) == ()
        fed(decoder, said(VOLTS, 26, 0), answer)
    assert (quiet.requests(0), quiet.follow_up(0), quiet.asking) == ((), [], False)
    (request,) = asking.requests(0)
    assert (request.id, request.data) == (0x18002200, b"\x02\x01\x07")
    assert asking.asking
    (more,) = asking.follow_up(0)
    assert (more.id, more.data) == (0x18002200, CONTINUE)
    assert not asking.asking
    assert {request, more} <= DRIVER.sends
    assert DRIVER.decoder("a", {"transmit": "yes", "device": "mppt", "node": 3}).requests(0) == ()


def test_all_that_may_ever_be_sent_reads():
    assert {frame.data for frame in DRIVER.sends} == {b"\x02\x01\x07", CONTINUE}
    assert all(frame.extended and frame.id >> 16 == 0x1800 for frame in DRIVER.sends)


def test_while_answers_come_single_values_make_no_readings():
    decoder = DRIVER.decoder("a", {"transmit": "yes"})
    fed(decoder, said(VOLTS, 26, 0))
    answer = CanFrame(0x18000022, b"\x06\x85\xf6\xa1\x18\x7c\x05", 10, extended=True)
    (reading,) = fed(decoder, answer)
    assert reading.values == {"soc": 5}
    assert fed(decoder, *(said(VOLTS, 26, 1000 * n) for n in range(1, 5))) == []
    assert fed(decoder, said(VOLTS, 26, 7000), said(VOLTS, 26, 8000))


def test_a_refusal_is_told():
    decoder = DRIVER.decoder("a", {"transmit": "yes"})
    fed(decoder, said(VOLTS, 26, 0), CanFrame(0x18000022, b"\x01\xa4", 1, extended=True))
    assert any("A4" in text for text in decoder.tally.warnings)


def test_other_inputs_are_counted():
    decoder = DRIVER.decoder("a", {})
    assert fed(decoder, Bytes(b"", 0)) == []
    assert decoder.tally.reasons == {"not_can": 1}


@pytest.mark.parametrize("options", [{"node": "0"}, {"node": "254"}, {"transmit": "maybe"}])
def test_impossible_options_are_refused(options):
    with pytest.raises(OptionError):
        DRIVER.decoder("a", options)
