"""What the collector's README tells people to type works, and its unit is a hardened one."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from collector.cli import COMMANDS
from tests.collector.numbered import Numbered
from tests.collector.sink import Sink
from tests.requirement import program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "collector"
README = (FOLDER / "README.md").read_text("utf-8")
UNIT = FOLDER / "trackingbms-collector.service"
ENDLESS = ("run", "simulate")
SITE = '[[device]]\nasset = "A-1"\nsimulator = "modbus"\non = "tcp:127.0.0.1:0"\n'


def documented() -> list[str]:
    """The commands of the block that shows every one, in order."""
    block = next(b for b in re.findall(r"```sh\n(.*?)```", README, re.S) if "# a site" in b)
    return [line.partition(" #")[0].strip() for line in block.splitlines() if line[:1] == "p"]


def test_every_command_is_shown():
    assert {line.split()[3] for line in documented()} == set(COMMANDS)


def test_every_command_that_is_shown_works(tmp_path):
    device = Numbered(0.05)
    with Sink(codes=("ABCDEFGHJKMNPQRS",)) as sink:
        sink.next_push = 0.2
        (tmp_path / "site.toml").write_text(SITE, "utf-8")
        try:
            for line in documented():
                line = line.replace("https://bms.example.org", sink.url)
                line = line.replace("192.168.1.50:4001", f"127.0.0.1:{device.port}")
                words = shlex.split(line)[1:]
                if words[2] in ENDLESS:
                    begin_and_end(tmp_path, words, sink)
                else:
                    type_in(tmp_path, words)
                if words[2] == "enrol":
                    complete(tmp_path / "collector.toml", device.port)
        finally:
            device.close()
    assert set(sink.used) == {"k1"}
    assert len(sink.keys) == 2, "rotate made another"


def at_a_site(folder):
    return {"cwd": folder, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "text": True}


def type_in(folder, words):
    """Run one command as a person at the site would."""
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True, check=False, timeout=60, **at_a_site(folder),
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


def begin_and_end(folder, words, sink):
    """Run what never ends, and end it once it did what it is for."""
    log = folder / "log"
    with log.open("w") as stream:
        output = {"stdout": subprocess.PIPE, "stderr": stream}
        with subprocess.Popen([sys.executable, *words], **output, **at_a_site(folder)) as process:
            if words[2] == "run":
                sink.wait(lambda: sink.blocks)
            else:
                assert "127.0.0.1:" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, log.read_text("utf-8")


def complete(path, port):
    """The [[device]] that a person writes into the configuration that enrolment made."""
    table = (
        '\n[[device]]\nasset = "LS-1"\ndriver = "libresolar"\n'
        f'link = {{ kind = "tcp", host = "127.0.0.1", port = {port} }}\n'
        'options = { poll = "no" }\n'
    )
    path.write_text(path.read_text("utf-8") + table, "utf-8")


def test_the_unit_is_hardened_and_reloads():
    told = subprocess.run(
        [program("systemd-analyze"), "security", "--offline=yes", str(UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert level, told.stderr
    assert float(level[1]) < 2.5
    text = UNIT.read_text("utf-8")
    assert "ExecReload=/bin/kill -HUP $MAINPID" in text
    assert "ProcSubset=pid" not in text, "it would hide the boot id, by which clocks are told apart"


def test_every_setting_of_the_example_is_known_to_the_readme():
    example = (FOLDER / "collector.example.toml").read_text("utf-8")
    sections = re.findall(r"^# \[(\w+)\]", example, re.M)
    assert sections == ["push", "remote", "status"]
    assert all(f"[{section}]" in README for section in sections)
