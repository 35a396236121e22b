"""The spool loses nothing it took, uses no sequence twice, and starts whatever its file looks like."""

import random
import sqlite3
from dataclasses import replace

import pytest

from collector.spool import rows
from collector.spool.spool import RESERVED, Spool, SpoolError
from collector.wire import envelope
from collector.wire.alarms import alarm
from collector.wire.block import MAX_READINGS
from collector.wire.envelope import Agent, Outcome, Receipt
from collector.wire.reading import Reading

BOOT, BASE, NOW = "boot", 1_790_000_000_000, 1_790_000_100_000
AGENT = Agent("1", 0, BOOT, 1)


def reading(i, asset="A", **more):
    return Reading(
        asset, BASE + i * 1000, {"current": i / 10}, {"cell_voltage": (3.3, None)}, **more
    )


def opened(tmp_path, **more):
    return Spool(tmp_path / "spool.db", BOOT, BASE, **more)


def receipt(frozen, *outcomes):
    return Receipt("stored", frozen.seq, frozen.digest, NOW, 30, False, outcomes)


def delivered(spool):
    """Every reading still in the spool, taken out as a portal that accepts everything would."""
    found = []
    while frozen := spool.pending() or spool.freeze(NOW, (), AGENT):
        found += [r for block in envelope.decode(frozen.body).blocks for r in block.readings()]
        spool.settle(frozen, receipt(frozen), NOW)
    return sorted(found, key=lambda r: (r.asset, r.ts))


def test_journalled_readings_come_back_after_a_crash(tmp_path):
    first = opened(tmp_path)
    first.journal([reading(1), reading(2), reading(1, "B")])
    first.journal([reading(3)])
    # no close: the process is gone
    assert delivered(opened(tmp_path)) == [reading(1), reading(2), reading(3), reading(1, "B")]


def test_a_sealed_block_replaces_its_journal(tmp_path):
    spool = opened(tmp_path)
    spool.journal([reading(1), reading(1, "B")])
    spool.seal([reading(1), reading(2)], still_open=[reading(1, "B"), reading(1, "C")])
    assert (spool.health().journal, spool.health().blocks) == (1, 1)
    assert delivered(opened(tmp_path)) == [
        *(reading(1), reading(2)),
        *(reading(1, "B"), reading(1, "C")),
    ]


def test_blocks_are_sealed_together_or_not_at_all(tmp_path, monkeypatch):
    spool = opened(tmp_path)
    spool.journal([reading(1), reading(1, "B")])
    with monkeypatch.context() as patched, pytest.raises(SpoolError):
        patched.setattr(rows, "write_journal", refuse)
        spool.seal([reading(1)], [reading(1, "B")], still_open=[reading(1, "C")])
    assert (spool.health().journal, spool.health().blocks) == (1, 0)
    assert delivered(opened(tmp_path)) == [reading(1), reading(1, "B")]


def refuse(*_):
    raise sqlite3.OperationalError("disk I/O error")


def test_more_readings_than_a_block_holds_are_journalled(tmp_path):
    many = [reading(i) for i in range(MAX_READINGS + 5)]
    opened(tmp_path).journal(many)
    assert delivered(opened(tmp_path)) == many


def test_a_frozen_batch_keeps_its_bytes_and_number_across_restarts(tmp_path):
    spool = opened(tmp_path)
    spool.seal([reading(1)])
    frozen = spool.freeze(NOW, [reading(9)], AGENT)
    assert spool.pending() == frozen
    assert opened(tmp_path).pending() == frozen


def test_block_numbers_of_an_asset_increase_across_restarts(tmp_path):
    seqs = []
    for i in range(3):
        spool = opened(tmp_path)
        spool.seal([reading(i)])
        frozen = spool.freeze(NOW, (), AGENT)
        seqs += [block.seq for block in envelope.decode(frozen.body).blocks]
        spool.settle(frozen, receipt(frozen), NOW)
    assert seqs == sorted(set(seqs))


def test_numbers_are_never_used_twice_even_by_a_killed_run(tmp_path):
    used = []
    for _ in range(3):
        spool = opened(tmp_path)
        used += [spool.unspooled(NOW, (), AGENT).seq for _ in range(RESERVED + 3)]
    assert len(used) == len(set(used))


def test_the_newest_blocks_are_sent_first_in_order_of_time(tmp_path):
    spool = opened(tmp_path)
    for i in range(10):
        spool.seal([reading(i)])
    one = len(envelope.encode(envelope.Batch(NOW)))
    frozen = spool.freeze(NOW, (), AGENT, most=3 * one)
    times = [block.times[0] for block in envelope.decode(frozen.body).blocks]
    assert times == sorted(times)
    assert times[-1] == reading(9).ts
    assert spool.health().blocks == 10 - len(times) > 0


def test_a_refused_block_is_buried_and_its_neighbours_are_not(tmp_path):
    spool = opened(tmp_path)
    spool.seal([reading(1)])
    spool.seal([reading(1, "B")])
    frozen = spool.freeze(NOW, (), AGENT)
    blocks = envelope.decode(frozen.body).blocks
    outcomes = [
        Outcome(b.asset, b.seq, "rejected" if b.asset == "B" else "accepted", "bad") for b in blocks
    ]
    refused = spool.settle(frozen, receipt(frozen, *outcomes), NOW)
    assert [outcome.asset for outcome in refused] == ["B"]
    assert (spool.health().dead, spool.pending()) == (1, None)


@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_a_batch_too_large_is_thawed_without_loss(tmp_path, blocks):
    spool = opened(tmp_path)
    expected = []
    for i in range(blocks):
        expected += (part := [reading(2 * i), reading(2 * i + 1)])
        spool.seal(part)
    spool.thaw(spool.freeze(NOW, (), AGENT), NOW)
    assert spool.pending() is None
    assert delivered(spool) == expected


def test_a_single_reading_too_large_is_buried(tmp_path):
    spool = opened(tmp_path)
    spool.seal([reading(1)])
    spool.thaw(spool.freeze(NOW, (), AGENT), NOW)
    assert (delivered(spool), spool.health().dead) == ([], 1)


def test_what_was_measured_before_the_clock_was_right_moves(tmp_path):
    wrong = 5_000_000
    spool = Spool(tmp_path / "spool.db", BOOT, wrong)
    early = [replace(reading(i), ts=wrong + i * 1000) for i in range(4)]
    spool.seal(early[:2])
    spool.journal(early[2:3])
    spool = Spool(tmp_path / "spool.db", BOOT, wrong)  # killed and restarted, same boot
    spool.journal(early[3:])
    spool.redate(BASE, final=True)
    spool.seal([reading(3)])
    assert [r.ts for r in delivered(spool)] == [BASE + i * 1000 for i in range(4)]


def test_another_boot_is_not_redated(tmp_path):
    Spool(tmp_path / "spool.db", "before", 0).seal([replace(reading(0), ts=7000)])
    spool = opened(tmp_path)
    spool.redate(BASE + 9000, final=True)
    spool.seal([reading(1)])
    old, new = delivered(spool)
    assert (old.ts, old.states) == (7000, {"x_clock_unsure": True})
    assert new == reading(1)


def test_a_boot_that_learnt_the_time_is_not_doubted_later(tmp_path):
    before = Spool(tmp_path / "spool.db", "before", BASE)
    before.seal([reading(0)])
    before.redate(BASE, final=True)
    assert [r.states for r in delivered(opened(tmp_path))] == [{}]


def noisy(i, chance):
    return replace(
        reading(i), arrays={"cell_voltage": tuple(3 + chance.random() for _ in range(8))}
    )


def test_a_full_spool_is_thinned_oldest_first_and_keeps_alarms(tmp_path):
    spool, chance = opened(tmp_path, quota=0), random.Random(1)
    alarmed = (alarm("cell_overvoltage"),)
    for minute in range(180):
        part = [noisy(60 * minute + s, chance) for s in range(60)]
        if minute == 10:
            part[30] = replace(part[30], alarms=alarmed)
        spool.seal(part)
    spool.quota = spool.health().used // 2
    lost = sum(spool.thin() for _ in range(5))
    assert spool.health().used <= spool.quota
    left = delivered(spool)
    assert [r.alarms for r in left if r.alarms] == [alarmed]
    assert len(left) == 180 * 60 - lost < 180 * 60
    assert [left[0].ts, left[-1].ts] == [reading(0).ts, reading(180 * 60 - 1).ts]
    steps = [b.ts - a.ts for a, b in zip(left, left[1:], strict=False)]
    assert max(steps) <= 120_000
    assert steps[-3000:] == [1000] * 3000


def test_blocks_are_first_merged_without_loss(tmp_path):
    spool, chance = opened(tmp_path), random.Random(4)
    expected = []
    for minute in range(60):
        expected += (part := [noisy(60 * minute + s, chance) for s in range(60)])
        spool.seal(part)
    before = spool.health()
    spool.quota = before.used * 97 // 100
    assert spool.thin() == 0
    assert spool.health().used <= spool.quota
    assert spool.health().blocks < before.blocks
    assert [r.ts for r in delivered(spool)] == [r.ts for r in expected]


def test_a_disk_that_is_full_damages_nothing(tmp_path):
    spool = opened(tmp_path)
    spool.seal([reading(0)])
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    chance, kept = random.Random(3), 0
    with pytest.raises(SpoolError, match="full"):
        for i in range(1, 99):
            spool.seal([noisy(60 * i + s, chance) for s in range(60)])
            kept = i
    spool._db.execute("PRAGMA max_page_count = 1000000")
    assert spool.health().blocks == kept + 1
    assert len(delivered(spool)) == 60 * kept + 1


def test_the_file_shrinks_when_data_was_delivered(tmp_path):
    spool, chance = opened(tmp_path), random.Random(2)
    for i in range(200):
        spool.seal([noisy(60 * i + s, chance) for s in range(60)])
    spool.close()
    before = (tmp_path / "spool.db").stat().st_size
    spool = opened(tmp_path)
    while frozen := spool.freeze(NOW, (), AGENT, most=20_000):
        spool.settle(frozen, receipt(frozen), NOW)
    spool.close()
    assert (tmp_path / "spool.db").stat().st_size < before / 4


def damaged_files(path, seed):
    """Damage the closed file in one of the ways disks do."""
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    kind = seed % 4
    if kind == 0:
        data = data[: chance.randrange(len(data))]
    elif kind == 1:
        start = chance.randrange(len(data) - 600)
        data[start : start + 512] = chance.randbytes(512)
    elif kind == 2:
        data[: chance.randrange(16, 4096)] = bytes(16)
    else:
        data = b""
    path.write_bytes(data)


@pytest.mark.parametrize("seed", range(24))
def test_a_damaged_spool_never_stops_the_start(tmp_path, seed, caplog):
    spool = opened(tmp_path)
    expected = []
    for i in range(30):
        expected += (part := [reading(60 * i + s) for s in range(60)])
        spool.seal(part)
    spool.journal([reading(5000)])
    epoch = spool.epoch
    spool.close()
    damaged_files(tmp_path / "spool.db", seed)
    again = opened(tmp_path)
    set_aside = list(tmp_path.glob("spool.db.damaged-*"))
    if again.epoch != epoch:
        assert set_aside
        assert any(record.levelname == "CRITICAL" for record in caplog.records)
    again.seal([reading(9000)])
    left = delivered(again)
    assert left[-1] == reading(9000)
    assert {r.ts for r in left} <= {r.ts for r in expected} | {reading(5000).ts, reading(9000).ts}


def test_batches_saved_from_a_damaged_spool_keep_their_epoch(tmp_path):
    spool = opened(tmp_path)
    for i in range(300):
        spool.seal([reading(60 * i + s) for s in range(60)])
    frozen = spool.freeze(NOW, (), AGENT, most=2000)
    spool.close()
    path = tmp_path / "spool.db"
    db = sqlite3.connect(path)
    root, size = (
        db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'blocks'").fetchone()[0],
        db.execute("PRAGMA page_size").fetchone()[0],
    )
    db.close()
    data = bytearray(path.read_bytes())
    data[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(data)
    again = opened(tmp_path)
    assert again.epoch != frozen.epoch
    assert again.pending() == frozen


def test_damage_found_while_running_is_an_error_once(tmp_path):
    spool = opened(tmp_path)
    for i in range(300):
        spool.seal([reading(60 * i + s) for s in range(60)])
    spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "spool.db"
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)
    spool._db.execute("PRAGMA shrink_memory")
    with pytest.raises(SpoolError):
        for _ in range(5):
            spool.health()
            spool.seal([reading(1)])
            delivered(spool)
    spool.seal([reading(99)])
    assert reading(99) in delivered(spool)


@pytest.mark.parametrize("act", ["freeze", "thin", "redate"])
def test_a_block_whose_bytes_changed_is_buried_and_stops_nothing(tmp_path, act):
    spool = opened(tmp_path, quota=0 if act == "thin" else 1 << 30)
    for i in range(3):
        spool.seal([reading(i)])
    spool.journal([reading(7)])
    spool._db.execute("UPDATE blocks SET body = x'00112233' WHERE id = 2")
    spool._db.execute("UPDATE measured SET body = x'00'")
    if act == "thin":
        spool.thin()
    elif act == "redate":
        spool.redate(BASE + 60_000, final=True)
    left = delivered(spool)
    assert spool.health().dead == 1
    assert len(left) == (0 if act == "thin" else 2)
    assert delivered(opened(tmp_path)) == []
    assert opened(tmp_path).health().dead == 2


def test_a_copied_spool_begins_a_new_epoch(tmp_path):
    spool = opened(tmp_path)
    before = spool.epoch
    spool.renew_epoch()
    assert spool.epoch != before
    assert spool.unspooled(NOW, (), AGENT).epoch == spool.epoch == opened(tmp_path).epoch
