"""One question at a time, and only its own answer is believed."""

import pytest

from collector.drivers.base import load
from collector.protocols.ascii_hex import Message, encode
from collector.simulators.pack import Pack, PackSpec
from tests.collector.drivers.serial.line import FAMILIES, SEVERAL, STEP_MS, line

families = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.code)
several = pytest.mark.parametrize(
    "family", [f for f in FAMILIES if f.code in SEVERAL], ids=lambda family: family.code
)


def agrees(reading, pack):
    """Equal to what the device's steps allow."""
    assert reading.values["pack_voltage"] == pytest.approx(pack.voltage, abs=0.06)
    assert reading.values["current"] == pytest.approx(pack.current, abs=0.06)
    assert reading.values["soc"] == pytest.approx(pack.soc, abs=0.6)
    if "cell_voltage" in reading.arrays:
        cells = [round(v, 3) for v in reading.arrays["cell_voltage"]]
        assert cells == [round(v, 3) for v in pack.cell_voltages]


@families
def test_what_the_pack_is_comes_out(family):
    pack = Pack(PackSpec(cells=15, temperatures=3, soc=8, weak_cell=3, duty="lighting", hour=22))
    while "cell_undervoltage" not in pack.alarms:
        pack.step(60)
    talk = line(family, pack)
    found = talk.run(20_000)
    assert len(found) >= 18
    for reading in found:
        agrees(reading, pack)
        assert len(reading.arrays["cell_voltage"]) == 15
        assert len(reading.arrays["cell_temperature"]) == 3
    assert "cell_undervoltage" in {alarm.code for alarm in found[-1].alarms}
    assert talk.decoder.tally.bad == 0
    assert set(talk.sent) <= load(family.code).sends


@families
def test_nothing_is_sent_before_the_answer_and_the_pause(family):
    talk, open_at, closed_at = line(family), [], []
    talk.spoil = lambda number, question, answer: (
        open_at.append(talk.now),
        closed_at.append(talk.now + 60),
        [(60, answer)],
    )[2]
    talk.run(5000)
    assert len(open_at) > 5
    assert all(b > a for a, b in zip(closed_at, open_at[1:], strict=False))


@families
def test_an_adapter_that_hears_itself(family):
    talk = line(family)
    talk.spoil = lambda number, question, answer: [(0, question[:3]), (20, question[3:] + answer)]
    assert len(talk.run(10_000)) >= 9
    assert talk.decoder.tally.bad == 0


@families
def test_noise_and_answers_in_crumbs(family):
    talk = line(family)
    talk.spoil = lambda number, question, answer: [
        (20, b"\x00\xff\x13"),
        *((20 + i // 16, answer[i : i + 7]) for i in range(0, len(answer), 7)),
    ]
    assert len(talk.run(10_000)) >= 9
    assert talk.decoder.tally.bad == 0


@families
def test_a_late_answer_finds_nobody_waiting(family):
    """Each answer comes after the question was given up; the values change all the time."""
    pack = Pack(PackSpec(cells=15, duty="traction", hour=7))
    talk = line(family, pack)
    patience = talk.decoder.PATIENCE_MS
    talk.spoil = lambda number, question, answer: [(patience + 400, answer)]
    assert talk.run(60_000) == []
    reasons = talk.decoder.tally.reasons
    assert reasons["timeout"] > 10
    assert reasons["not_awaited"] > 10


@families
def test_answers_that_are_late_now_and_then_are_never_mixed_up(family):
    pack, talk = Pack(PackSpec(cells=15, duty="traction", hour=7)), None
    truths = {}

    def spoil(number, question, answer):
        truths[talk.now] = round(pack.voltage, 3)
        late = number % 5 == 0
        pack.step(5)
        return [(talk.decoder.PATIENCE_MS + 300 if late else STEP_MS, answer)]

    talk = line(family, pack)
    talk.spoil = spoil
    found = talk.run(60_000)
    assert len(found) > 10
    for reading in found:
        asked = [v for at, v in truths.items() if reading.ts - 1000 < at < reading.ts]
        near = min(abs(reading.values.get("pack_voltage", v) - v) for v in asked)
        assert near < 0.06


@families
def test_an_answer_of_the_question_before_is_refused(family):
    """As when an adapter hands out its buffer one answer behind."""
    talk, before = line(family), [b""]

    def spoil(number, question, answer):
        before.append(answer)
        return [(STEP_MS, before[-2])]

    talk.spoil = spoil
    found = talk.run(30_000)
    assert {len(r.arrays.get("cell_voltage", ())) for r in found} <= {0, 15}
    if family.code != "pylontech":
        assert talk.decoder.tally.reasons["not_awaited"] > 2
    else:
        assert talk.decoder.tally.reasons["other_layout"] > 2


@families
def test_damaged_answers_are_no_readings(family):
    talk = line(family)
    talk.spoil = lambda number, question, answer: [
        (STEP_MS, answer[:9] + bytes((answer[9] ^ 0x01,)) + answer[10:])
    ]
    assert talk.run(20_000) == []
    assert talk.decoder.tally.reasons["bad_check"] > 2


@families
def test_a_silent_device_is_asked_again_and_comes_back(family):
    talk = line(family)
    talk.spoil = lambda number, question, answer: []
    assert talk.run(30_000) == []
    assert 5 <= len(talk.sent) <= 30
    talk.spoil = lambda number, question, answer: [(STEP_MS, answer)]
    assert len(talk.run(10_000)) >= 6


@families
def test_a_clock_that_is_set_does_not_stop_the_questions(family):
    talk = line(family)
    talk.run(2000)
    talk.now -= 3_600_000
    talk.coming.clear()
    assert len(talk.run(5000)) >= 3
    talk.now += 7_200_000
    talk.coming.clear()
    assert len(talk.run(5000)) >= 3


@families
def test_a_listener_sends_nothing_and_hears_all(family):
    asking = line(family)
    heard = []
    asking.spoil = lambda number, question, answer: (heard.append(answer), [(20, answer)])[1]
    asking.run(10_000)
    quiet = {"form": "master"} if family.code == "jk" else {"poll": "no"}
    listener = line(family, **quiet)
    listener.spoil = None
    assert listener.run(3000) == [] and listener.sent == []
    listener.coming = [(listener.now + 40 * i, answer) for i, answer in enumerate(heard)]
    assert len(listener.run(40 * len(heard) + 100)) >= 7


@several
def test_each_of_several_devices_has_readings_of_its_own(family):
    talk = line(family, address=SEVERAL[family.code])
    found = talk.run(20_000)
    first, last = map(int, SEVERAL[family.code].split("-"))
    assets = [f"a-{address}" for address in range(first, last + 1)]
    assert [r.asset for r in found[-3:]] == assets
    assert min([r.asset for r in found].count(asset) for asset in assets) >= 10


@several
def test_one_that_is_missing_hardly_delays_the_others(family):
    first, last = map(int, SEVERAL[family.code].split("-"))
    talk = line(family, address=f"{first}-{last + 2}")
    assets = [r.asset for r in talk.run(300_000)]
    assert min(assets.count(f"a-{address}") for address in range(first, last + 1)) > 220


@several
def test_an_answer_of_another_device_is_refused(family):
    talk = line(family)
    other = line(family, address=SEVERAL[family.code].replace("-", ",").split(",")[1])
    questions = []
    other.spoil = lambda number, question, answer: (questions.append(question), [])[1]
    other.run(3000)
    foreign = other.device.receive(questions[0])
    talk.spoil = lambda number, question, answer: [(STEP_MS, foreign)]
    assert talk.run(10_000) == []
    assert talk.decoder.tally.reasons["wrong_address"] > 2


def test_the_limits_that_a_pylontech_refuses_are_not_asked_for_without_end():
    talk = line(next(f for f in FAMILIES if f.code == "pylontech"))
    refusal = encode(Message(0x20, 2, 0x46, 0x04, b""))
    talk.spoil = lambda number, question, answer: [
        (STEP_MS, refusal if question[7:9] == b"92" else answer)
    ]
    found = talk.run(20_000)
    assert len(found) >= 18
    assert [question[7:9] for question in talk.sent].count(b"92") == 3
    assert talk.decoder.tally.reasons == {"code_04": 3}
    assert len(talk.decoder.tally.warnings) == 1
