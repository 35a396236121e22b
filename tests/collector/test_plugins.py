"""Plugins are found by what their module exposes, and a misspelt name is told its neighbour."""

import subprocess
import sys

import pytest

from collector.drivers import base as drivers
from collector.formats import base as formats
from collector.plugins import OptionError
from collector.simulators import base as simulators


def test_a_module_that_exposes_nothing_is_no_plugin():
    assert {"foxbms", "greenbms", "libresolar", "modbus"} <= set(simulators.codes())
    assert not {"base", "pack", "terminal"} & set(simulators.codes())
    assert "candump" in formats.codes() and "base" not in formats.codes()


@pytest.mark.parametrize("code", ["base", "pack", "_duties", "../foxbms", "os.path", ""])
def test_only_a_plugin_can_be_loaded(code):
    with pytest.raises(OptionError):
        simulators.load(code)


@pytest.mark.parametrize(("typed", "right"), [("foxbm", "foxbms"), ("Libre-Solar", "libresolar")])
def test_a_misspelt_name_is_told_what_was_meant(typed, right, monkeypatch):
    monkeypatch.setenv("LC_ALL", "en")
    with pytest.raises(OptionError, match=f"did you mean {right}"):
        drivers.load(typed)


def test_a_name_like_nothing_gets_no_guess(monkeypatch):
    monkeypatch.setenv("LC_ALL", "en")
    with pytest.raises(OptionError) as caught:
        drivers.load("zzzz")
    assert "did you mean" not in str(caught.value)


def test_loading_one_imports_no_other():
    check = (
        "import sys; from collector.drivers.base import load; load('foxbms');"
        "assert 'collector.drivers.libresolar' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
