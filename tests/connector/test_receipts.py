"""A receipt promises that every block is stored exactly once, whatever is sent how often."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.clients.models import Asset
from app.core.models import AuditEntry, Collector
from app.errors import Conflict
from app.processor import history, live, revision
from app.processor.models import BlockLedger
from collector.wire import envelope
from collector.wire.alarms import Alarm
from collector.wire.block import Block, Column
from collector.wire.reading import Reading
from tests.site import Site, minute, reading
from tests.statements import statements


def snapshot(house, slug="laurentia"):
    with house.tenant(slug) as session:
        return {row["uid"]: row for row in live.snapshot(session)}


def outcomes(items):
    return [(item.asset, item.outcome, item.reason) for item in items]


def test_a_push_is_stored_and_acknowledged(house, site, contents):
    items = minute("EDS-LFP-0001", site.now - 60_000) + minute("EDS-LFP-0002", site.now - 60_000)
    body = envelope.encode(site.batch(*items))
    receipt = site.push(body, seq=9)
    assert (receipt.status, receipt.seq, receipt.digest) == ("stored", 9, envelope.digest(body))
    assert receipt.server_time == site.now
    assert outcomes(receipt.blocks) == [
        (uid, "accepted", None) for uid in ("EDS-LFP-0001", "EDS-LFP-0002")
    ]
    assert outcomes(receipt.live) == outcomes(receipt.blocks)
    assert contents() == {"assets": 5, "live": 2, "chunks": 2, "batches": 1}
    row = snapshot(house)["EDS-LFP-0001"]
    assert (row["ts"], row["values"]["power"]) == (items[59].ts, -260.0)
    with house.tenant() as session:
        rows = history.series(session, 1, ["soc"], site.now - 60_000, site.now, 100).metrics["soc"]
    assert [r[2] for r in rows] == [round(r.values["soc"], 2) for r in items[:60]]


def test_the_same_bytes_again_get_the_same_answer(site, contents):
    body = envelope.encode(site.batch(*minute("EDS-LFP-0001", site.now - 60_000)))
    first = site.push(body, seq=1)
    before = contents()
    site.now += 5_000  # signed again, a little later
    again = site.push(body, seq=1)
    assert again.status == "duplicate"
    assert (again.blocks, again.live, again.digest) == (first.blocks, first.live, first.digest)
    assert contents() == before


def test_other_bytes_under_a_used_sequence_are_refused_and_audited(house, site, contents):
    site.push(site.batch(*minute("EDS-LFP-0001", site.now - 60_000)), seq=1)
    before = contents()
    with pytest.raises(Conflict) as caught:
        site.push(site.batch(*minute("EDS-LFP-0001", site.now - 50_000), seq=1), seq=1)
    assert caught.value.code == "sequence_reused"
    assert contents() == before
    with house.core() as core:
        entry = core.scalars(select(AuditEntry)).one()
        row = core.get(Collector, site.id)
    assert (entry.action, entry.detail) == ("collector.copied", {"epoch": site.epoch, "seq": 1})
    assert entry.tenant_id == house.refs["laurentia"].id
    assert (row.rejected, row.last_rejection) == (1, "sequence_reused")


def test_a_rebuilt_spool_may_use_a_sequence_again(site):
    site.push(site.batch(*minute("EDS-LFP-0001", site.now - 60_000)), seq=1)
    site.epoch = "fedcba9876543210"
    assert (
        site.push(site.batch(*minute("EDS-LFP-0002", site.now - 60_000)), seq=1).status == "stored"
    )


def test_a_block_in_another_batch_is_stored_once(house, site, contents):
    site.push(site.batch(*minute("EDS-LFP-0001", site.now - 60_000), seq=7))
    both = site.batch(*minute("EDS-LFP-0001", site.now - 60_000), live=False, seq=7)
    other = site.batch(*minute("EDS-LFP-0001", site.now), live=False, seq=8)
    receipt = site.push(replace(both, blocks=[*both.blocks, *other.blocks]))
    assert [item.outcome for item in receipt.blocks] == ["duplicate", "accepted"]
    assert contents()["chunks"] == 2
    with house.tenant() as session:
        assert session.scalars(select(BlockLedger.ranges)).all() == ["7-8"]


def test_an_unknown_battery_becomes_a_pending_one(house, site):
    receipt = site.push(site.batch(reading("NEW-1", site.now)))
    assert receipt.blocks[0].outcome == "accepted"
    with house.tenant() as session:
        asset = session.scalars(select(Asset).where(Asset.uid == "NEW-1")).one()
    assert (asset.status, asset.collector_id, asset.product) == ("pending", site.id, "battery")
    assert "NEW-1" not in snapshot(house, "boreal")


def test_the_same_name_at_two_clients_is_two_batteries(house, site):
    other = Site(house, "boreal", key_id="site-2")
    site.push(site.batch(reading("EDS-LFP-0001", site.now, soc=11.0)))
    other.push(other.batch(reading("EDS-LFP-0001", other.now, soc=22.0)))
    assert snapshot(house)["EDS-LFP-0001"]["values"]["soc"] == 11.0
    assert snapshot(house, "boreal")["EDS-LFP-0001"]["values"]["soc"] == 22.0


def test_names_that_differ_in_case_are_two_batteries(site, contents):
    receipt = site.push(site.batch(reading("Pack-a", site.now), reading("PACK-A", site.now)))
    assert [item.outcome for item in receipt.blocks] == ["accepted", "accepted"]
    assert contents() == {"assets": 7, "live": 2, "chunks": 2, "batches": 1}


def test_one_bad_item_spoils_nothing_else(site, contents):
    day, year = 86_400_000, 365 * 86_400_000
    good = reading("EDS-LFP-0001", site.now)
    ahead, ancient = (
        reading("EDS-LFP-0002", site.now + 2 * day),
        reading("EDS-LFP-0003", site.now - 11 * year),
    )
    batch = site.batch(good, ahead, ancient)
    document = envelope.strict_json.loads(envelope.inflate(envelope.encode(batch)))
    document["blocks"].append({"asset": "EDS-NMC-0001", "seq": 4, "n": 1, "t0": "yesterday"})
    document["live"].append({"asset": "EDS-NMC-0001", "ts": site.now, "values": {"volts": 1}})
    body = envelope.gzip.compress(envelope.strict_json.dumps(document))
    receipt = site.push(body)
    assert outcomes(receipt.blocks) == [
        ("EDS-LFP-0001", "accepted", None),
        ("EDS-LFP-0002", "rejected", "future"),
        ("EDS-LFP-0003", "rejected", "too_old"),
        ("EDS-NMC-0001", "rejected", "bad_time"),
    ]
    assert outcomes(receipt.live)[1:] == [
        ("EDS-LFP-0002", "rejected", "future"),
        ("EDS-LFP-0003", "rejected", "too_old"),
        ("EDS-NMC-0001", "rejected", "unknown_metric"),
    ]
    assert contents() == {"assets": 5, "live": 1, "chunks": 1, "batches": 1}


def test_a_rejected_item_is_shown_with_its_reason_once(house, site):
    batch = site.batch(reading("EDS-LFP-0002", site.now + 2 * 86_400_000))
    for _ in range(2):
        site.push(batch, seq=1)
        site.now += 10_000
    with house.core() as core:
        row = core.get(Collector, site.id)
    assert (row.rejected, row.last_rejection) == (2, "future: EDS-LFP-0002")


def test_a_rejected_item_makes_no_battery(site, contents):
    site.push(site.batch(reading("NEW-1", site.now + 2 * 86_400_000)))
    assert contents()["assets"] == 5


def test_impossible_numbers_are_left_out_and_counted(house, site):
    items = [
        Reading("EDS-LFP-0001", site.now - 2000 + i * 1000, {"current": 1.0}) for i in range(3)
    ]
    block = replace(
        site.batch(*items).blocks[0],
        values={"soc": Column(0, (50, 101, 52)), "current": Column(1, (10, 11, 12))},
        arrays={"cell_voltage": (Column(1, (33, 340, None)), Column(1, (33, 33, 34)))},
    )
    batch = replace(
        site.batch(*items), blocks=[block], live=[replace(items[2], values={"soc": 101.0})]
    )
    receipt = site.push(batch)
    assert [(item.outcome, item.dropped) for item in receipt.blocks] == [("accepted", 2)]
    assert [(item.outcome, item.dropped) for item in receipt.live] == [("accepted", 1)]
    assert "soc" not in snapshot(house)["EDS-LFP-0001"]["values"]
    with house.tenant() as session:
        rows = history.series(session, 1, ["soc"], site.now - 5000, site.now + 1, 50).metrics["soc"]
    assert [row[2] for row in rows] == [50.0, None, 52.0]


def test_old_news_does_not_overwrite_what_is_shown(house, site):
    site.push(site.batch(reading(ts=site.now, soc=50.0)))
    receipt = site.push(site.batch(reading(ts=site.now - 600_000, soc=60.0), seq=1))
    assert receipt.live[0].outcome == "duplicate" and receipt.blocks[0].outcome == "accepted"
    assert snapshot(house)["EDS-LFP-0001"]["values"]["soc"] == 50.0


def test_a_battery_that_only_blocks_speak_of_is_shown(house, site):
    alarm = Alarm("soc_low", "warning")
    items = [*minute("EDS-LFP-0001", site.now - 60_000)]
    items[-1] = replace(items[-1], alarms=(alarm,))
    site.push(site.batch(*items, live=False))
    row = snapshot(house)["EDS-LFP-0001"]
    assert (row["ts"], row["severity"]) == (items[-1].ts, "warning")


def test_live_alone_leaves_no_batch_behind(site, contents):
    receipt = site.push(site.batch(reading(ts=site.now), blocks=False))
    assert receipt.status == "stored" and receipt.blocks == ()
    assert contents() == {"assets": 5, "live": 1, "chunks": 0, "batches": 0}


def test_an_empty_push_is_a_sign_of_life(house, site):
    assert site.push(site.batch()).status == "stored"
    with house.core() as core:
        row = core.get(Collector, site.id)
    assert (row.last_seen, row.version, row.queued) == (site.now, "1.0.0", 3)
    assert abs(row.clock_offset_ms) <= 1000


def test_the_contact_is_written_every_few_seconds_only(house, site):
    first = site.now
    for _ in range(4):
        site.push(site.batch(blocks=False))
        site.now += 1_000
    with house.core() as core:
        assert core.get(Collector, site.id).last_seen == first


def test_being_watched_shortens_the_pause(house, site):
    settings, tenant = house.settings, house.refs["laurentia"].id
    receipt = site.push(site.batch())
    assert (receipt.watched, receipt.next_push) == (False, settings.push_idle_seconds)
    revision.watch(settings, tenant)
    receipt = site.push(site.batch())
    assert (receipt.watched, receipt.next_push) == (True, settings.push_watched_seconds)


def test_the_revision_grows_with_what_pages_show_and_only_then(house, site):
    settings, tenant = house.settings, house.refs["laurentia"].id

    def current():
        return revision.current(settings, tenant)

    site.push(site.batch(reading(ts=site.now)))
    first = current()
    assert first is not None
    site.push(site.batch(*minute("EDS-LFP-0001", site.now - 900_000), live=False, seq=1))
    assert current() == first
    site.push(site.batch(reading("NEW-7", site.now)))
    assert current() > first


def test_sixteen_at_once_store_a_batch_once(site, contents):
    body = envelope.encode(site.batch(*minute("NEW-1", site.now - 60_000)))
    with ThreadPoolExecutor(16) as pool:
        receipts = list(pool.map(lambda _: site.push(body, seq=1), range(16)))
    assert sorted(receipt.status for receipt in receipts) == ["duplicate"] * 15 + ["stored"]
    assert contents() == {"assets": 6, "live": 1, "chunks": 1, "batches": 1}


def test_many_sites_at_once_lose_nothing(house, contents):
    sites = [Site(house, key_id=f"site-{n}") for n in range(6)]

    def work(numbered):
        number, site = numbered
        for i in range(5):
            items = minute(f"PACK-{number}", site.now + i * 60_000) + minute(
                "SHARED", site.now + i * 60_000 + number
            )
            assert site.push(site.batch(*items, seq=i)).status == "stored"

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, enumerate(sites)))
    assert contents() == {"assets": 12, "live": 7, "chunks": 60, "batches": 30}


def test_a_push_takes_few_statements_however_many_batteries(house, site):
    uids = [f"PACK-{n}" for n in range(20)]
    site.now -= site.now % 60_000  # once a minute a process also counts the collectors
    site.push(site.batch(*(r for uid in uids for r in minute(uid, site.now, 10))))
    site.now += 10_000
    with statements() as seen:
        site.push(site.batch(*(r for uid in uids for r in minute(uid, site.now, 10)), seq=1))
    # core: collector, contact; client: revision, source, assets, alerts, then ledgers, blocks,
    # live, revision, batch
    assert len(seen) <= 11, seen
    site.now += 1_000
    with statements() as seen:
        site.push(site.batch(*(reading(uid, site.now) for uid in uids), blocks=False))
    assert len(seen) <= 5, seen


def test_wide_blocks_of_many_cells_are_stored(house, site):
    cells = tuple(Column(4, tuple(33_000 + i + j for j in range(50))) for i in range(240))
    block = Block(
        "EDS-LFP-0001",
        0,
        tuple(site.now + j * 5000 for j in range(50)),
        {},
        {"cell_voltage": cells},
        (),
    )
    receipt = site.push(replace(site.batch(), blocks=[block]))
    assert receipt.blocks[0].outcome == "accepted"
    with house.tenant() as session:
        rows = history.series(session, 1, ["cell_voltage.239"], site.now, site.now + 300_000, 100)
    assert rows.metrics["cell_voltage.239"][0][2] == 3.3239


@pytest.mark.sqlite_only
def test_many_unwatched_collectors_push_less_often(house, site):
    with house.core() as core:
        core.add_all(
            Collector(
                tenant_id=1,
                key_id=f"other-{n}",
                public_key=bytes(32),
                name="other",
                last_seen=site.now - 1000,
            )
            for n in range(80)
        )
        core.commit()
    assert site.push(site.batch()).next_push >= 80 / 4
    revision.watch(house.settings, house.refs["laurentia"].id)
    assert site.push(site.batch()).next_push == house.settings.push_watched_seconds
