"""The settings of the driver, and what they answer to nonsense."""

import pytest

from collector.drivers.base import OptionError
from collector.drivers.foxbms import DRIVER
from tests.collector.drivers.foxbms.frames import frame, last

CURRENT = frame(0x233, "049E093C009204D2")


def test_names_and_defaults():
    assert {option.name: option.default for option in DRIVER.options} == {
        "generation": "1.11",
        "strings": 1,
        "cells": 18,
        "temperatures": 8,
        "positive_current": "discharge",
        "invalid_when": None,
    }


def test_current_is_positive_while_charging():
    assert last([CURRENT]).values["current"] == -12.34
    assert last([CURRENT]).values["power"] == -730
    assert last([CURRENT], positive_current="charge").values["current"] == 12.34


@pytest.mark.parametrize(
    "wrong",
    [
        {"generation": "1.7"},
        {"strings": "0"},
        {"cells": "many"},
        {"temperatures": "-1"},
        {"positive_current": "both"},
        {"invalid_when": "2"},
        {"bitrate": "500"},
    ],
)
def test_a_wrong_setting_is_named(wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        DRIVER.decoder("F-1", wrong)
