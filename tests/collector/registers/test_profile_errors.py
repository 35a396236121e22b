"""A mistake in a register table is reported with the file, the table and the reason."""

import pytest

from collector.drivers.base import OptionError, load
from collector.registers.profile import ProfileError, names
from collector.registers.profile import load as load_profile

GOOD = """
title = "t"
source = "s"
[[block]]
address = 0
count = 10
"""


def error_of(tmp_path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ProfileError) as raised:
        load_profile(str(path))
    assert str(raised.value).startswith(str(path))
    return str(raised.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", names())
def test_every_shipped_table_is_sound_and_says_where_it_comes_from(name):
    profile = load_profile(name)
    assert profile.name == name
    assert profile.title
    assert len(profile.source) > 20
    assert all(count <= (2000 if function < 3 else 125) for function, _, count in profile.blocks)
    assert any(q.code == "pack_voltage" for q in profile.map.quantities)
    assert any(q.code == "current" for q in profile.map.quantities)


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ("title =", "Invalid value"),
        ("colour = 1", "colour is not a key"),
        ('[[metric]]\ncode = "soc"\naddress = 10', "soc at 10 (0xa) is not inside one [[block]]"),
        (
            '[[metric]]\ncode = "soc"\naddress = 9\ntype = "u32"',
            "soc at 9 (0x9) is not inside one [[block]]",
        ),
        ('[[metric]]\ncode = "soc"', "[[metric]] number 1 (soc): address is missing"),
        (
            '[[metric]]\ncode = "charge"\naddress = 1',
            "[[metric]] number 1 (charge): unknown_metric: charge; a new code begins with x_",
        ),
        ('[[metric]]\ncode = "cell_voltage"\naddress = 1', "cell_voltage is an array"),
        ('[[metric]]\ncode = "soc"\naddress = 1\ntype = "u24"', "type must be one of u16"),
        ('[[metric]]\ncode = "soc"\naddress = 1\ntype = "u8"', "byte is missing"),
        ('[[metric]]\ncode = "soc"\naddress = 1\nscale = 0', "scale must not be 0"),
        ('[[metric]]\ncode = "soc"\naddress = 1\nabsent = -1', "absent must be a whole number"),
        (
            '[[metric]]\ncode = "soc"\naddress = 1\nfunction = 6',
            "function must be one of 1, 2, 3, 4",
        ),
        ('[[metric]]\ncode = "soc"\naddress = 1\nunit = "%"', "unit is not a key of this table"),
        (
            '[[metric]]\ncode = "soc"\naddress = 1\n[[metric]]\ncode = "soc"\naddress = 2',
            "soc is described twice",
        ),
        ('[[array]]\ncode = "cell_voltage"\naddress = 1', "length is missing"),
        (
            '[[array]]\ncode = "cell_voltage"\naddress = 1\nlength = 2\ncount = 0\ncount_bits = 4',
            "exclude each other",
        ),
        ('[[state]]\ncode = "charging"\naddress = 1', "charging is a bool, not a int"),
        ('[[state]]\ncode = "hungry"\naddress = 1\nbit = 0', "there is no state hungry"),
        (
            '[[state]]\ncode = "mode"\naddress = 1\nvalues = { 1 = "asleep" }',
            "asleep is no mode; modes are charging",
        ),
        ('[[state]]\ncode = "charging"\naddress = 1\nbit = 16', "bit 16 is beyond a u16"),
        ("[[alarm]]\naddress = 1", "it needs exactly one of bits"),
        (
            '[[alarm]]\naddress = 1\nbits = ["cell_overvoltag"]',
            "there is no alarm cell_overvoltag; one that only this device has is "
            "vendor:cell_overvoltag",
        ),
        ('[[alarm]]\naddress = 1\nbits = ["vendor:é"]', "a vendor name is made of letters"),
        ('[[alarm]]\naddress = 1\nvalues = { one = "soc_low" }', "whole numbers on the left"),
        ("[alarm]\naddress = 1", "alarm must be written as [[alarm]] tables"),
    ],
)
def test_mistakes_are_named(tmp_path, added, reason):
    text = f"{added}\n{GOOD}" if added.startswith(("title", "colour")) else f"{GOOD}\n{added}"
    assert reason in error_of(tmp_path, text)


def test_a_block_larger_than_the_device_answers(tmp_path):
    assert "count must be a whole number from 1 to 8" in error_of(
        tmp_path, f"max_registers = 8\n{GOOD}"
    )


def test_a_table_without_blocks(tmp_path):
    assert "it has no [[block]]" in error_of(tmp_path, 'title = "t"\nsource = "s"')


def test_a_table_without_a_source(tmp_path):
    assert "source is missing" in error_of(tmp_path, GOOD.replace('source = "s"', ""))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"profile": "nothing"}, "profile: there is no profile nothing; there are "),
        ({"profile": "/nowhere/mine.toml"}, "/nowhere/mine.toml"),
        ({"unit": "256"}, "unit: must be a whole number from 0 to 255"),
        ({"unit": "one"}, "unit: "),
        ({"cells": "0"}, "cells: "),
        ({"current_factor": "0"}, "current_factor: "),
        ({"current_factor": "nan"}, "current_factor: "),
    ],
)
def test_impossible_options_are_refused(options, reason):
    with pytest.raises(OptionError) as raised:
        load("modbus").decoder("b1", options)
    assert reason in str(raised.value)
