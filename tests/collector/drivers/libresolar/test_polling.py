"""Asking: only when nobody reports, only what reads, and the form that is answered."""

import re

import pytest

from collector.drivers.base import Bytes, load

DRIVER = load("libresolar")
MEAS, V21, SHELL = (b"?Meas\n",), (b"?output\n",), (b"thingset ?Meas\n",)
CELLS = (b"?output/Cells_V\n",)
REPORT = b'#mLive {"Meas":{"rSOC_pct":55.0}}\r\n'
ANSWER = b':85 {"rPackVoltage_V":26.5,"rSOC_pct":55.0}\r\n'
ANSWER_V21 = b':85 Content. {"Bat_V":26.5,"BmsState":3}\n'
CELLS_V21 = b":85 Content. [3.31,3.32,0.01]\n"


def fed(decoder, *lines, ts=1):
    return [r for i, line in enumerate(lines) for r in decoder.feed(Bytes(line, ts + i))]


def test_all_that_is_ever_sent_reads():
    assert all(re.fullmatch(rb"(?:thingset )?\?[A-Za-z/_]+\n", line) for line in DRIVER.sends)
    for policy in ("auto", "yes"):
        decoder = DRIVER.decoder("a", {"poll": policy})
        sent = set()
        for cycle in range(40):
            sent |= set(decoder.requests(cycle * 1000))
            if cycle % 4 == 0:
                fed(decoder, (ANSWER, ANSWER_V21, b":A4\n")[cycle % 3])
        assert sent <= DRIVER.sends
    assert sent == DRIVER.sends


def test_a_device_that_reports_is_left_alone():
    decoder = DRIVER.decoder("a", {})
    for cycle in range(20):
        fed(decoder, REPORT)
        assert decoder.requests(cycle * 1000) == ()


def test_a_silent_device_is_asked_after_three_seconds_until_it_reports():
    decoder = DRIVER.decoder("a", {})
    assert [decoder.requests(t) for t in (0, 1000, 2999, 3000)] == [(), (), (), MEAS]
    fed(decoder, REPORT)
    assert [decoder.requests(t) for t in (4000, 6999, 7000)] == [(), (), MEAS]


@pytest.mark.parametrize("options", [{"poll": "no"}, {"node": "A1", "poll": "yes"}])
def test_never_when_told_not_to_or_behind_a_gateway(options):
    decoder = DRIVER.decoder("a", options)
    assert not any(decoder.requests(t) for t in range(0, 60_000, 1000))


def test_every_form_is_tried_then_it_says_so():
    decoder = DRIVER.decoder("a", {"poll": "yes"})
    forms = [decoder.requests(t) for t in range(9)]
    assert forms == [MEAS] * 3 + [V21] * 3 + [SHELL] * 3
    assert not decoder.tally.warnings
    assert decoder.requests(9) == MEAS
    assert any("no answer" in text for text in decoder.tally.warnings)


def test_a_refusal_moves_on_and_an_answer_keeps_the_form():
    decoder = DRIVER.decoder("a", {"poll": "yes"})
    assert decoder.requests(0) == MEAS
    fed(decoder, b":A4 Not Found.\n")
    assert decoder.requests(0) == V21
    for cycle in range(10, 30, 2):
        assert fed(decoder, ANSWER_V21, ts=cycle) == []
        assert decoder.requests(cycle) == CELLS
        (reading,) = fed(decoder, CELLS_V21, ts=cycle + 1)
        assert reading.arrays["cell_voltage"] == (3.31, 3.32)
        assert reading.values["pack_voltage"] == 26.5
        assert reading.ts == cycle, "most of it was measured then"
        assert decoder.requests(cycle) == V21


def test_a_form_that_is_no_longer_answered_is_given_up():
    decoder = DRIVER.decoder("a", {"poll": "yes"})
    decoder.requests(0)
    fed(decoder, ANSWER)
    lines = [decoder.requests(now)[0] for now in range(12)]
    assert lines.index(*V21) > lines.index(*MEAS) + 2


def test_identity_is_asked_once_measurements_come():
    decoder = DRIVER.decoder("a", {"poll": "yes"})
    answers = {
        MEAS: ANSWER,
        (b"?Device\n",): b':85 {"cFirmwareVersion":"v23.1","xReset":[]}\r\n',
        (b"?pNodeID\n",): b':85 "A1B2C3D4E5F60718"\r\n',
        (
            b"?Conf\n",
        ): b':85 {"sNominalCapacity_Ah":100,"sChgOvercurrent_A":50,"sDisOvercurrent_A":null,"sOcvPoints_V":[3.4,3.3]}\r\n',
    }
    asked, readings = [], []
    for now in range(10):
        asked.append(decoder.requests(now))
        readings += fed(decoder, answers[asked[-1]], ts=now)
    assert [asked.count(request) for request in answers] == [7, 1, 1, 1]
    assert readings[-1].states["firmware"] == "v23.1"
    assert readings[-1].states["serial"] == "A1B2C3D4E5F60718"
    assert readings[-1].values["capacity_design"] == 100
    assert readings[-1].values["charge_current_limit"] == 50
    assert "discharge_current_limit" not in readings[-1].values


def test_an_identity_that_is_refused_is_not_asked_for_without_end():
    decoder = DRIVER.decoder("a", {"poll": "yes"})
    asked = []
    for now in range(60):
        asked += decoder.requests(now)
        fed(decoder, ANSWER if asked[-1] == b"?Meas\n" else b":A4\r\n", ts=now)
    assert len(asked) - asked.count(b"?Meas\n") == 9


def test_cells_that_never_come_do_not_cost_the_rest():
    decoder = DRIVER.decoder("a", {"poll": "yes"})
    assert fed(decoder, ANSWER_V21) == []
    first, second = fed(decoder, ANSWER_V21, ts=5), list(decoder.finish())
    assert [r.ts for r in first + second] == [1, 5]


def test_a_report_between_the_two_answers():
    decoder = DRIVER.decoder("a", {"poll": "yes"})
    readings = fed(decoder, ANSWER_V21, b'# {"Bat_V":26.6,"BmsState":3}\n', CELLS_V21)
    assert [r.ts for r in readings] == [1, 2, 2]
    assert readings[2].values["pack_voltage"] == 26.6
    assert readings[2].arrays["cell_voltage"] == (3.31, 3.32)
    assert list(decoder.finish()) == []
