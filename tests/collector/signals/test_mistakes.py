"""A mistake in a CAN profile is reported with the file, the table and the reason."""

import pytest

from collector.drivers.base import CanFrame, OptionError, load
from collector.signals.profile import ProfileError, names
from collector.signals.profile import load as load_profile

HEAD = 'title = "t"\nsource = "s"\n'
GOOD = HEAD + "[[message]]\nid = 0x100\nneeded = true\n"


def error_of(tmp_path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ProfileError) as raised:
        load_profile(str(path))
    assert str(raised.value).startswith(str(path))
    return str(raised.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", names())
def test_every_shipped_profile_is_sound_and_says_where_it_comes_from(name):
    profile = load_profile(name)
    assert profile.name == name
    assert profile.title
    assert len(profile.source) > 20
    codes = {quantity.code for message in profile.map.messages for quantity in message.quantities}
    assert {"pack_voltage", "current", "soc"} <= codes


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ("[[message.metric]]\ncode = 'soc'", "byte is missing"),
        ("[[message.metric]]\nbyte = 0", "code is missing"),
        ("[[message.metric]]\ncode = 'charge'\nbyte = 0", "unknown_metric: charge; a new code"),
        ("[[message.metric]]\ncode = 'cell_voltage'\nbyte = 0", "cell_voltage is an array"),
        ("[[message.metric]]\ncode = 'soc'\nbyte = 7", "bit 56, 16 bits long, leaves the eight"),
        ("[[message.metric]]\ncode = 'soc'\nbyte = 8", "byte must be a whole number from 0 to 7"),
        ("[[message.metric]]\ncode = 'soc'\nbyte = 0\ntype = 'f32'", "type must be one of u8"),
        ("[[message.metric]]\ncode = 'soc'\nbyte = 0\nscale = 0", "scale must not be 0"),
        ("[[message.metric]]\ncode = 'soc'\nstart = 3", "length is missing"),
        (
            "[[message.metric]]\ncode = 'soc'\nbyte_order = 'big'\nstart = 57\nlength = 9",
            "leaves the eight bytes",
        ),
        ("[[message.metric]]\ncode = 'soc'\nbyte = 0\nsign = 1", "sign is not a key"),
        ("[[message.metric]]\ncode = 'soc'\nbyte = 0\nfiner = 4", "finer must be a table"),
        ("[[message.metric]]\ncode = 'soc'\nbyte = 0\nfiner = { bite = 4 }", "finer: byte is miss"),
        ("[[message.array]]\ncode = 'cell_voltage'\nbyte = 0\nitems = 5", "leaves the eight bytes"),
        ("[[message.state]]\ncode = 'asleep'\nbyte = 0", "there is no state asleep"),
        ("[[message.state]]\ncode = 'charging'\nbyte = 0", "charging is a bool, not a int"),
        ("[[message.state]]\ncode = 'mode'\nbyte = 0\nvalues = { 1 = 'nap' }", "nap is no mode"),
        ("[[message.text]]\ncode = 'charging'", "charging is not a text"),
        ("[[message.text]]\ncode = 'serial'\nbyte = 4\nbytes = 5", "bytes must be a whole number"),
        ("[[message.alarm]]\nbyte = 0", "exactly one of names, values and nonzero"),
        ("[[message.alarm]]\nbyte = 0\nnames = ['hot']", "there is no alarm hot"),
        (
            "[[message.alarm]]\nbyte = 0\nwidth = 2\nnames = ['-', '-', '-', '-', '-']",
            "beyond the 8",
        ),
        (
            "[[message.alarm]]\nbyte = 0\nnames = ['soc_low']\nseverity = { 1 = 'bad' }",
            "bad is not one of info",
        ),
        ("[message.selector]\nbyte = 0\n[[message]]\nid = 0x800_0000_0", "id must be a whole"),
        ("[[message]]\nid = 2\ncount = 2\nselector = { byte = 0 }", "exclude each other"),
        ("[[message]]\nid = 2\nneeded = 1", "needed must be true or false"),
        ("[[stranger]]\nid = 2", "note is missing"),
    ],
)
def test_mistakes_are_named(tmp_path, added, reason):
    assert reason in error_of(tmp_path, f"{GOOD}{added}\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD, "no [[message]] is needed"),
        (HEAD + "message = 3", "message must be written as [[message]] tables"),
        (HEAD + "extends = 'lv_none'", "extends must be one of daly"),
        (HEAD + "extends = 'jk'\nmessage = 3", "message must be written as [[message]] tables"),
        (HEAD + "addresses = [3, 1]\n" + GOOD.removeprefix(HEAD), "addresses must be"),
        ("title = 't'\n[[message]]\nid = 1\nneeded = true", "source is missing"),
        ("colour = 1\n" + GOOD, "colour is not a key"),
    ],
)
def test_mistakes_at_the_top_are_named(tmp_path, text, reason):
    assert reason in f"{tmp_path} {error_of(tmp_path, text)}"


def test_a_site_can_change_one_frame_of_a_shipped_profile(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        """
title = "Mine"
source = "my battery"
extends = "lv_pylontech"
without = [0x35A]
[[message]]
id = 0x356
needed = true
[[message.metric]]
code = "pack_voltage"
byte = 0
scale = 0.1
"""
    )
    decoder = load("can").decoder("b1", {"profile": str(path)})
    frames = ((0x355, "52006400"), (0x35A, "A6AAAAAAAAAAAAAA"), (0x356, "0B02F9FF8C00"))
    (reading,) = [
        reading
        for number, data in frames
        for reading in decoder.feed(CanFrame(number, bytes.fromhex(data), 1))
    ]
    assert reading.values == {"soc": 82, "soh": 100, "pack_voltage": pytest.approx(52.3)}
    assert reading.alarms == ()


def test_a_missing_file_is_named():
    with pytest.raises(OptionError, match=r"/nowhere/mine\.toml"):
        load("can").decoder("b1", {"profile": "/nowhere/mine.toml"})
