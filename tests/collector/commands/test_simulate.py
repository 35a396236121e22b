"""`simulate` says where it can be reached, speaks there, and ends when asked to."""

import signal
import subprocess
import sys

import pytest

from collector.commands.base import UsageError
from collector.commands.simulate import pack_spec
from collector.links.spec import from_text
from collector.links.stream import open_stream


def test_a_battery_that_does_not_exist_talks(tmp_path):
    place = tmp_path / "battery"
    command = [sys.executable, "-m", "collector", "simulate", "foxbms", "--on", f"pty:{place}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().strip() == str(place)
        stream = open_stream(from_text(f"slcan:{place}"), lambda: 5)
        frames = []
        for _ in range(40):
            frames += stream.receive(0.1)
            if len(frames) > 20:
                break
        stream.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stdout.close()
    assert len(frames) > 20
    assert not place.is_symlink()


def test_a_pack_is_described_by_its_traits():
    spec = pack_spec({"cells": "8", "capacity_ah": "50", "chemistry": "NMC", "weak_cell": "3"})
    assert (spec.cells, spec.capacity_ah, spec.chemistry, spec.weak_cell) == (8, 50.0, "NMC", 3)


@pytest.mark.parametrize(
    "given", [{"cells": "many"}, {"colour": "red"}, {"cells": "0"}, {"chemistry": "hope"}]
)
def test_a_pack_that_cannot_be(given):
    with pytest.raises(UsageError):
        pack_spec(given)


@pytest.mark.parametrize(
    "argv", [["nonsense"], ["foxbms", "--pack", "cells=0"], ["foxbms", "--on", "moon"]]
)
def test_what_cannot_be_simulated_is_exit_code_2(argv):
    command = [sys.executable, "-m", "collector", "simulate", *argv]
    ended = subprocess.run(command, capture_output=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
