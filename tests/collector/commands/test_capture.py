"""`capture` writes down what passes on a link, within its bounds, so that `decode` reads it again."""

import json
import stat

import pytest

from collector import cli
from collector.capture import Transcript
from collector.drivers.base import Bytes, CanFrame, Document, Garbage
from collector.formats.base import load
from collector.simulators.pack import Pack, PackSpec
from tests.collector.simulators.serving import served

SERIAL = [("greenbms", "serial"), ("libresolar", "serial")]


def captured(tmp_path, *arguments):
    out = tmp_path / "line.rec"
    code = cli.main(["capture", "--for", "3", "--most", "0.01", "--out", str(out), *arguments])
    return code, out


@pytest.mark.parametrize(("driver", "kind"), [*SERIAL, ("foxbms", "slcan")])
def test_a_capture_is_replayed_by_decode(tmp_path, capfdbinary, driver, kind):
    with served(driver, Pack(PackSpec(cells=14))) as port:
        code, out = captured(tmp_path, "--driver", driver, "--link", f"{kind}:{port}")
    told = capfdbinary.readouterr().out.decode().split()
    assert code == 0
    assert told[:3] == ["python", "-m", "collector"]
    assert cli.main(told[3:]) == 0
    *readings, last = map(json.loads, capfdbinary.readouterr().out.splitlines())
    assert readings
    assert last["summary"]["readings"] == len(readings)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_questions_and_answers_of_registers_are_replayed(tmp_path, capfdbinary):
    options = ["--driver", "modbus", "--option", "profile=generic"]
    with served("modbus", Pack(PackSpec()), "tcp:127.0.0.1:0", profile="generic") as place:
        code, out = captured(tmp_path, *options, "--link", f"modbus-tcp:{place}")
    first = json.loads(out.read_bytes().splitlines()[0])
    assert code == 0
    assert first["asked"] <= first["t"]
    capfdbinary.readouterr()
    assert cli.main(["decode", *options, str(out)]) == 0
    assert b"pack_voltage" in capfdbinary.readouterr().out.splitlines()[0]


def test_without_a_driver_nothing_is_sent(tmp_path, capfdbinary):
    with served("libresolar", Pack(PackSpec())) as port:
        code, out = captured(tmp_path, "--link", f"serial:{port}")
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert code == 0
    assert lines and all("rx" in line for line in lines)


def test_a_silent_line_is_a_failure(tmp_path, capfdbinary):
    with served("greenbms", Pack(PackSpec())) as port:
        out = tmp_path / "x.jsonl"
        link = ["--link", f"serial:{port}", "--for", "0.3", "--out", str(out)]
        code = cli.main(["capture", *link])
    assert (code, out.stat().st_size) == (1, 0)
    assert b"nothing came" in capfdbinary.readouterr().err


def test_a_file_is_never_overwritten(tmp_path, capsys):
    out = tmp_path / "line.rec"
    out.write_bytes(b"earlier")
    assert cli.main(["capture", "--link", "tcp:127.0.0.1:1", "--out", str(out)]) == 2
    assert out.read_bytes() == b"earlier"


def test_a_modbus_line_needs_to_know_what_to_ask(capsys):
    assert cli.main(["capture", "--link", "modbus-tcp:h"]) == 2
    assert "--driver" in capsys.readouterr().err


def test_a_transcript_ends_at_its_bound(tmp_path):
    transcript = Transcript(tmp_path / "t", 100)
    for number in range(50):
        transcript.heard(Bytes(b"12345678", number))
    transcript.close()
    assert transcript.full.is_set()
    assert transcript.size == (tmp_path / "t").stat().st_size <= 100
    assert transcript.received == len((tmp_path / "t").read_bytes().splitlines())


WRITTEN = {
    "candump": [
        CanFrame(0x220, b"\x01\xff", 1_700_000_000_123),
        CanFrame(0x1ABCDEF0, b"", 1_700_000_000_124, extended=True),
        CanFrame(0x7FF, b"", 1_700_000_000_125, remote=True),
        CanFrame(0x4, bytes(8), 1_700_000_000_126, extended=True, error=True),
    ],
    "transcript": [Bytes(b"\x00\xff\r\n", 1_700_000_000_123)],
    "json": [
        Document({"a": [1, None]}, 1_700_000_000_123),
        Document({"a": 2}, 1_700_000_000_124, "Meas"),
    ],
}


@pytest.mark.parametrize("code", WRITTEN)
def test_every_input_comes_back_as_it_was(tmp_path, code):
    transcript = Transcript(tmp_path / "t", 1 << 20)
    for item in WRITTEN[code]:
        transcript.heard(item)
    if code == "candump":
        transcript.heard(Garbage("bad_frame", 5))
        transcript.said(CanFrame(0x18002200, b"\2\1\7", 0, extended=True), 6)
    transcript.close()
    with (tmp_path / "t").open("rb") as stream:
        assert list(load(code).read(stream)) == WRITTEN[code]
