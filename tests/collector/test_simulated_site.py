"""A simulated site: what its file may say, the past it lives through, the devices it serves."""

import json
import threading

import pytest

from collector import simulated_site
from collector.simulated_site import SEALED, STEP_S, SiteError
from collector.spool.spool import Spool
from collector.wire import envelope
from collector.wire.block import Block
from collector.wire.envelope import Agent

SITE = """
time_zone = "America/Toronto"
[[device]]
asset = "A-1"
simulator = "modbus"
on = "tcp:127.0.0.1:0"
unsaid = ["soh"]
[device.pack]
cells = 4
soc = 60.0
[[device]]
asset = "B-2"
simulator = "greenbms"
on = "pty"
[device.pack]
cells = 8
"""
DAY_MS = 86_400_000
START = 1_790_000_000_000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE, "utf-8")
    return path


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool.db", "boot", 0)
    yield spool
    spool.close()


def past(path, spool, days: float) -> tuple[simulated_site.Site, list[float]]:
    shares: list[float] = []
    site = simulated_site.load(path)
    simulated_site.past(site, spool, START, START + round(days * DAY_MS), shares.append)
    return site, shares


def readings(spool) -> dict[str, list]:
    """Everything in the spool, by asset and in order."""
    found: dict[str, list] = {}
    while frozen := spool.freeze(0, (), Agent()):
        for block in envelope.decode(frozen.body).blocks:
            assert isinstance(block, Block)
            found.setdefault(block.asset, []).extend(block.readings())
        spool.bury(frozen, "read", 0)
    return {asset: sorted(own, key=lambda r: r.ts) for asset, own in found.items()}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[device", "Expected"),
        ("", "device"),
        ('time_zone = "Nowhere/Else"\ndevice = []', "Nowhere/Else"),
        ("device = 1", "iterable"),
        (SITE.replace('asset = "A-1"\n', ""), "asset is missing"),
        (SITE.replace('"greenbms"', '"nothing"'), "there is no simulator nothing"),
        (SITE.replace("cells = 8", "wheels = 8"), "B-2: a pack has no wheels"),
        (SITE.replace("cells = 8", "cells = 0"), "a pack has cells"),
        (SITE.replace("cells = 8", 'duty = "idle"'), "duty must be one of"),
    ],
)
def test_what_is_wrong_with_a_site_file_is_said(path, text, reason):
    path.write_text(text, "utf-8")
    with pytest.raises(SiteError) as raised:
        simulated_site.load(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert reason in str(raised.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SiteError, match="No such file"):
        simulated_site.load(tmp_path / "site.toml")


def test_a_damaged_memory_is_no_site(path):
    path.with_suffix(".json").write_text("{", "utf-8")
    with pytest.raises(SiteError):
        simulated_site.load(path)


def test_the_past_is_whole_and_in_order(path, spool):
    """A day and a half: a full block and a part of one for each device."""
    _, shares = past(path, spool, 1.5)
    found = readings(spool)
    assert set(found) == {"A-1", "B-2"}
    for own in found.values():
        assert [r.ts for r in own] == list(range(START, START + 36 * 3_600_000, STEP_S * 1000))
        assert len(own) == SEALED * 3 // 2
        assert {r.states.get("serial") for r in own} == {None}
    assert shares == sorted(shares)
    assert (shares[0] > 0, shares[-1]) == (True, 1.0)


def test_the_past_says_what_the_device_would_have_said(path, spool):
    past(path, spool, 0.1)
    found = readings(spool)
    assert not any("soh" in r.values for r in found["A-1"])
    assert all("soh" in r.values for r in found["B-2"])
    assert {len(r.arrays["cell_voltage"]) for r in found["A-1"]} == {4}
    assert all(round(v, 3) == v for r in found["A-1"] for v in r.arrays["cell_voltage"])


def test_the_charge_goes_on_where_the_past_ended(path, spool):
    site, _ = past(path, spool, 1)
    known = json.loads(site.memory.read_text("utf-8"))
    again = {device.asset: device.pack for device in simulated_site.load(path).devices}
    last = {asset: own[-1] for asset, own in readings(spool).items()}
    for asset, pack in again.items():
        assert (pack.soc, pack.soh, pack.cycles) == tuple(known[asset].values())
        assert abs(pack.soc - last[asset].values["soc"]) < 0.1
    assert (again["A-1"].cells, again["B-2"].cells) == (4, 8)
    assert again["A-1"].soc != 60.0


def test_two_devices_are_served_until_they_are_stopped(path):
    site, stop, up = simulated_site.load(path), threading.Event(), threading.Event()
    where: dict[str, str] = {}

    def ready(asset: str, address: str) -> None:
        where[asset] = address
        if len(where) == 2:
            up.set()

    serving = threading.Thread(target=simulated_site.serve, args=(site, stop, ready))
    serving.start()
    try:
        assert up.wait(10)
        assert where["A-1"].startswith("127.0.0.1:")
        assert where["B-2"].startswith("/dev/pts/")
    finally:
        stop.set()
        serving.join(10)
    assert not serving.is_alive()
    assert set(json.loads(site.memory.read_text("utf-8"))) == {"A-1", "B-2"}
