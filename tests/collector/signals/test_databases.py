"""Profiles that name the frames and signals of a CAN database."""

import json

import pytest

from collector.drivers.base import CanFrame, load
from collector.signals import dbc
from collector.signals.profile import ProfileError
from collector.signals.profile import load as load_profile
from tests.requirement import shared

DATABASE = """
VERSION ""

BO_ 2566844926 Pack: 8 Vector__XXX
 SG_ Voltage : 7|16@0+ (0.1,0) [0|0] "mV" Vector__XXX
 SG_ Current : 16|16@1- (1.0E-1,-20) [0|0] "A" Vector__XXX
 SG_ Drift : 32|32@1- (1,0) [0|0] "" Vector__XXX

BO_ 257 Cells: 8 Vector__XXX
 SG_ Which M : 0|8@1+ (1,0) [0|0] "" Vector__XXX
 SG_ Cell_1 m0 : 8|16@1+ (1,0) [0|0] "mV" Vector__XXX
 SG_ Cell_2 m0 : 24|16@1+ (1,0) [0|0] "mV" Vector__XXX
 SG_ Deep m0M : 40|8@1+ (1,0) [0|0] "" Vector__XXX
 SG_ Wide : 60|16@1+ (1,0) [0|0] "" Vector__XXX

CM_ SG_ 257 Cell_1 "SG_ is in here, too";
SIG_VALTYPE_ 2566844926 Drift : 1;
"""
PROFILE = """
title = "Mine"
source = "the maker's database"
dbc = "mine.dbc"
[[message]]
frame = "Pack"
needed = true
[[message.metric]]
code = "pack_voltage"
signal = "Voltage"
scale = 0.001
[[message.metric]]
code = "current"
signal = "Current"
scale = -1
"""


@pytest.fixture
def profile(tmp_path):
    """profile(more) to the path of a profile beside the database."""
    (tmp_path / "mine.dbc").write_text(DATABASE)

    def write(more: str = "") -> str:
        path = tmp_path / "mine.toml"
        path.write_text(PROFILE + more)
        return str(path)

    return write


def test_names_stand_for_places(profile):
    more = """
[[message]]
frame = "Cells"
selector = { signal = "Which" }
[[message.array]]
code = "cell_voltage"
signal = "Cell_1"
items = 2
scale = 0.001
"""
    decoder = load("can").decoder("b1", {"profile": profile(more)})
    frames = [
        CanFrame(257, bytes.fromhex("00E40CEE0C"), 1),
        CanFrame(257, bytes.fromhex("01F80C020D"), 2),
        CanFrame(0x18FEFFFE & 0x1FFFFFFF, bytes(8), 3, extended=True),
        CanFrame(2566844926 & 0x7FFFFFFF, bytes.fromhex("FFFF640000000000"), 4, extended=True),
    ]
    (reading,) = [reading for frame in frames for reading in decoder.feed(frame)]
    assert reading.values == {"pack_voltage": pytest.approx(6.5535), "current": 10}
    assert reading.arrays["cell_voltage"] == pytest.approx((3.3, 3.31, 3.32, 3.33))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("[[message]]\nframe = 'Packs'", "the database has no frame Packs"),
        ("[[message]]\nframe = 'Pack'\nid = 4", "id is not a key"),
        ("[[message.state]]\ncode = 'x_a'\nsignal = 'Drift'", "has no signal Drift in this frame"),
        ("[[message.state]]\ncode = 'x_a'\nsignal = 'Which'", "has no signal Which in this frame"),
        (
            "[[message]]\nframe = 'Cells'\n[[message.state]]\ncode = 'x_a'\nsignal = 'Cell_1'",
            "Cell_1 is in the frame only while its selector is 0",
        ),
        (
            "[[message]]\nframe = 'Cells'\nselector = { signal = 'Deep' }",
            "has no signal Deep in this frame",
        ),
        ("[[message]]\nid = 7\n[[message.state]]\ncode = 'x_a'\nsignal = 'A'", "no signal A in"),
    ],
)
def test_what_the_database_does_not_have_is_named(profile, more, reason):
    with pytest.raises(ProfileError) as raised:
        load_profile(profile(more))
    assert reason in str(raised.value)


def test_a_database_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE)
    with pytest.raises(ProfileError, match=r"mine\.dbc"):
        load_profile(str(path))


@pytest.mark.parametrize("version", ["1.6.0", "1.10.0", "1.11.0"])
def test_a_makers_database_is_read_as_its_own_tool_reads_it(version):
    data = "reference/data/foxbms"
    frames = dbc.parse(shared(f"{data}/foxbms-2-v{version}.dbc").read_text("cp1252", "replace"))
    vectors = shared(f"{data}/vectors-v{version.rpartition('.')[0]}.json").read_text()
    compared = 0
    for case in json.loads(vectors)["cases"]:
        frame, payload = frames[case["message"]], bytes.fromhex(case["data"]).ljust(8, b"\0")
        assert frame.id == int(case["id"], 16)
        for name, expected in case["signals"].items():
            signal = frame.signals[name]
            word = int.from_bytes(payload, "little" if signal.little else "big")
            assert signal.value(word) == pytest.approx(expected["value"])
            compared += 1
    assert compared > 700
