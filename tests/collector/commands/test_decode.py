"""`decode` reads any recording to its end: a JSON object per reading, then what was wrong."""

import json
import subprocess
import sys

import pytest

from collector import cli
from collector.drivers import base as drivers
from collector.wire.metrics import METRICS
from tests.requirement import shared

FRAME = "(1700000000.000000) can0 233#0000000000000000\n"


def decoded(*arguments, data=None):
    command = [sys.executable, "-m", "collector", "decode", *map(str, arguments)]
    ended = subprocess.run(command, input=data, capture_output=True, check=False, timeout=30)
    assert ended.returncode == 0, ended.stderr
    *readings, last = [json.loads(line) for line in ended.stdout.decode().splitlines()]
    return readings, last["summary"]


def test_a_capture_gives_its_numbers():
    capture = shared("reference", "data", "foxbms", "traffic-v1.11-1string.log")
    readings, summary = decoded("--driver", "foxbms", "--format", "candump", capture)
    assert summary["readings"] == len(readings) > 0
    assert summary["bad"] == 0
    last = readings[-1]
    assert last["current"] < 0
    assert last["power"] == pytest.approx(last["pack_voltage"] * last["current"], abs=5)
    assert set(last) - set(METRICS) - {"ts", "states", "alarms"} <= {
        key for key in last if key.startswith("x_")
    }
    known = [v for v in last["cell_voltage"] if v is not None]
    assert last["cell_voltage_spread"] == pytest.approx(max(known) - min(known), abs=1e-3)


def test_standard_input_is_the_same_as_a_file():
    capture = shared("reference", "data", "foxbms", "traffic-v1.11-1string.log")
    options = ("--driver", "foxbms", "--format", "candump")
    assert decoded(*options, capture) == decoded(*options, "-", data=capture.read_bytes())


READABLE = [(code, name) for code in drivers.codes() for name in drivers.load(code).formats]


@pytest.mark.parametrize(("driver", "recording"), READABLE)
def test_noise_is_counted_and_never_fatal(driver, recording):
    noise = bytes(range(256)) * 9 + b"\n{}\n[]\n"
    readings, summary = decoded("--driver", driver, "--format", recording, "-", data=noise)
    assert readings == []
    assert summary["bad"] == sum(summary["reasons"].values())


def test_a_damaged_line_costs_that_line_alone():
    capture = shared("reference", "data", "foxbms", "traffic-v1.11-1string.log").read_bytes()
    options = ("--driver", "foxbms", "--format", "candump", "-")
    good, before = decoded(*options, data=capture)
    readings, summary = decoded(*options, data=b"what is this\n" + capture + b"(1.0) can0 12")
    assert readings == good
    assert summary["bad"] == 2
    assert summary["frames"] == before["frames"]


def test_an_empty_recording_has_an_empty_summary():
    readings, summary = decoded("--driver", "foxbms", "--format", "candump", "-", data=b"")
    assert readings == []
    assert summary == {"frames": 0, "readings": 0, "bad": 0, "reasons": {}, "warnings": []}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--driver", "nonsense", "-"],
        ["--driver", "foxbms", "--format", "nonsense", "-"],
        ["--driver", "foxbms", "--option", "generation=2", "-"],
        ["--driver", "foxbms", "--option", "nonsense=2", "-"],
        ["--driver", "foxbms", "--option", "generation", "-"],
        ["--driver", "foxbms", "/nonexistent"],
        ["--driver", "foxbms", "/"],
    ],
)
def test_an_impossible_request_is_exit_code_2(arguments, capsys):
    assert cli.main(["decode", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_help_lists_the_options_of_the_driver(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["decode", "--driver", "foxbms", "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(option.name in text for option in drivers.load("foxbms").options)


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    recording = tmp_path / "long.log"
    recording.write_text(FRAME * 20_000)
    command = [sys.executable, "-m", "collector", "decode", "--driver", "foxbms", str(recording)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert (process.wait(30), process.stderr.read()) == (0, b"")
    process.stderr.close()
