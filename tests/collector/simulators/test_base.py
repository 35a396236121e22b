"""The pace of simulators, and the pseudo-terminal they stand behind."""

import threading
from pathlib import Path

import pytest
import serial

from collector.drivers.base import OptionError
from collector.simulators.base import beats, load, speed, split
from collector.simulators.terminal import terminal


def test_beats_keep_to_their_grid_and_tell_the_time_passed():
    stop = threading.Event()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            stop.set()

    passed = list(beats(10, stop, wait))
    assert len(passed) == 3
    assert passed[0] == pytest.approx(0, abs=0.1)
    assert all(9 < seconds <= 10 for seconds in waits)


def test_a_stopped_simulator_does_not_beat():
    stop = threading.Event()
    stop.set()
    assert list(beats(10, stop)) == []


def test_names_and_options():
    assert split("tcp:127.0.0.1:0", ("pty", "tcp")) == ("tcp", "127.0.0.1:0")
    assert split("pty", ("pty",)) == ("pty", "")
    with pytest.raises(OptionError, match="must begin with pty"):
        split("can:x", ("pty",))
    assert speed({}) == 1
    assert speed({"speed": "60"}) == 60
    with pytest.raises(OptionError, match="there is no simulator pack"):
        load("pack")


def test_bytes_pass_unchanged_both_ways(tmp_path):
    every = bytes(range(256))
    with terminal(str(tmp_path / "port")) as line, serial.Serial(line.path, timeout=2) as port:
        assert line.write(every)
        assert port.read(256) == every
        port.write(every)
        assert line.read(2) == every
        assert line.read() == b""


def test_a_collector_may_come_and_go():
    with terminal() as line:
        for _ in range(2):
            with serial.Serial(line.path, timeout=2) as port:
                line.write(b"x")
                assert port.read(1) == b"x"


def test_what_nobody_reads_is_dropped():
    with terminal() as line:
        assert not all(line.write(b"x" * 1000) for _ in range(100))


def test_a_link_left_behind_is_replaced_but_a_file_is_not(tmp_path):
    link = tmp_path / "port"
    link.symlink_to("/nowhere")
    with terminal(str(link)) as line:
        assert Path(line.path).is_char_device()
    assert not link.is_symlink()
    link.write_text("mine")
    with pytest.raises(FileExistsError), terminal(str(link)):
        pass
    assert link.read_text() == "mine"
