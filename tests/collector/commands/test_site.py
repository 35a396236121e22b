"""`site` fills a spool with the past, or serves the devices of a file until it is stopped."""

import signal
import sqlite3
import subprocess
import sys

import pytest

from collector import cli
from collector.links.modbus import ModbusLink
from collector.links.spec import spec
from collector.registers.profile import load
from collector.spool.spool import SPOOL_FILE

SITE = """
[[device]]
asset = "A-1"
simulator = "modbus"
on = "tcp:127.0.0.1:0"
[[device]]
asset = "B-2"
simulator = "modbus"
on = "tcp:127.0.0.1:0"
[device.pack]
soc = 20.0
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE, "utf-8")
    return path


def blocks(state) -> list[tuple[str, int]]:
    with sqlite3.connect(state / SPOOL_FILE) as db:
        return db.execute("SELECT asset, seq FROM blocks ORDER BY asset, seq").fetchall()


def test_the_past_waits_in_the_spool_of_a_collector(path, tmp_path, capsys):
    state = tmp_path / "state"
    assert cli.main(["site", str(path), "--past", "2", "--until", "5", "--state", str(state)]) == 0
    assert blocks(state) == [("A-1", 1), ("A-1", 2), ("B-2", 1), ("B-2", 2)]
    shares = [float(line) for line in capsys.readouterr().out.splitlines()]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_the_past_needs_a_place(path, capsys):
    assert cli.main(["site", str(path), "--past", "1"]) == 1
    assert "--state" in capsys.readouterr().err


def test_a_site_that_cannot_be_is_refused(path, capsys):
    path.write_text("device = 5", "utf-8")
    assert cli.main(["site", str(path)]) == 1
    assert str(path) in capsys.readouterr().err


def test_devices_are_served_from_the_command_line(path):
    """Two at once, each with its own battery, until a signal."""
    serving = subprocess.Popen(
        [sys.executable, "-m", "collector", "site", path], stdout=subprocess.PIPE, text=True
    )
    try:
        where = dict(serving.stdout.readline().split() for _ in range(2))
        assert set(where) == {"A-1", "B-2"}
        assert {asset: round(charge(address)) for asset, address in where.items()} == {
            "A-1": 82,
            "B-2": 20,
        }
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(10) == 0
    finally:
        serving.kill()
        serving.stdout.close()
        serving.wait()


def charge(address: str) -> float:
    """State of charge (%) that the device behind this address tells."""
    profile, words = load("generic"), {}
    host, _, port = address.partition(":")
    link = ModbusLink(
        spec({"kind": "modbus-tcp", "host": host, "port": int(port), "timeout": 10.0}), lambda: 0
    )
    for read in profile.reads(1):
        places = profile.addresses(read.function, read.address, read.count)
        words.update(zip(places, link.read(read).values, strict=True))
    link.close()
    return profile.map.decode(words, None)["values"]["soc"]
