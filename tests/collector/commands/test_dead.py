"""What the portal refused for good can be listed and read, also while the collector runs."""

import json

import pytest

from collector import cli
from collector.spool import rows
from collector.spool.spool import SPOOL_FILE, Spool
from collector.wire.envelope import Agent, Outcome, Receipt
from collector.wire.reading import Reading

NOW = 1_790_000_000_000


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / SPOOL_FILE, "boot", NOW)
    yield spool
    spool.close()


def run(tmp_path, *arguments):
    path = tmp_path / "collector.toml"
    path.write_text(f'state = "{tmp_path}"\n', "utf-8")
    return cli.main(["dead", "--config", str(path), *arguments])


def frozen(spool, *assets):
    for asset in assets:
        spool.seal([Reading(asset, NOW + i, {"current": i / 10}) for i in range(3)])
    return spool.freeze(NOW, (), Agent())


def test_nothing_refused_says_so(tmp_path, capsys):
    assert run(tmp_path) == 0
    assert "nothing was refused" in capsys.readouterr().err


def test_a_batch_and_a_block_are_listed_and_read(tmp_path, spool, capfdbinary):
    spool.bury(frozen(spool, "A", "B"), "422 bad_value", NOW)
    batch = frozen(spool, "C")
    refusal = Outcome("C", 1, "rejected", "future")
    spool.settle(batch, Receipt("stored", batch.seq, batch.digest, NOW, 1, False, (refusal,)), NOW)
    assert run(tmp_path) == 0
    first, second = capfdbinary.readouterr().out.decode().splitlines()
    assert "422 bad_value" in first and "2026-09-21" in first
    assert "future" in second and "block C 1" in second
    for number, assets in (("1", ["A"] * 3 + ["B"] * 3), ("2", ["C"] * 3)):
        assert run(tmp_path, "--show", number) == 0
        shown = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
        assert sorted(line["asset"] for line in shown) == assets


def test_bytes_that_cannot_be_read_are_shown_as_they_are(tmp_path, spool, capsys):
    with spool._transaction() as db:
        rows.bury(db, NOW, "unreadable", "block row 7", b"\x00\xff")
    assert run(tmp_path, "--show", "1") == 1
    assert capsys.readouterr().out == "00ff\n"


def test_a_number_that_is_none(tmp_path, spool, capsys):
    assert run(tmp_path, "--show", "9") == 1
    assert "no refusal 9" in capsys.readouterr().err
