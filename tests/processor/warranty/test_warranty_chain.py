"""The chain grows by a night, corrects without rewriting, and betrays whoever alters it."""

import json
import shutil
import subprocess
import sys
import time
from copy import deepcopy

import pytest
from sqlalchemy import select

from app.processor.analytics.models import AnalyticDay, AnalyticResult
from app.processor.warranty import chain, verify
from tests.pack import DAY_S, START_MS

UID = "EDS-LFP-0001"


def night(house, numbers, ah=80.0, now=START_MS):
    """Seal days as the nightly job does; `ah` is what they say."""
    asset_id = house.asset(UID)
    with house.tenant(writes=True) as session, session.begin():
        for number in numbers:
            start = START_MS + number * DAY_S * 1000
            record = {
                "from": start,
                "day": f"2026-03-{number + 1:02}",
                "ah_in": ah,
                "covered_ms": 1,
            }
            session.merge(
                AnalyticDay(
                    asset_id=asset_id,
                    start=start,
                    end=start + DAY_S * 1000,
                    covered_ms=1,
                    methods=1,
                    samples=10,
                    quality=100.0,
                    evidence={"warranty": [1, record]},
                )
            )
        session.flush()
        days = session.scalars(select(AnalyticDay).order_by(AnalyticDay.start)).all()
        return chain.seal(session, asset_id, days, now)


def file_of(house):
    with house.tenant() as session:
        return chain.document(session, house.asset(UID))


@pytest.fixture
def file(house):
    night(house, range(6))
    return file_of(house)


def test_each_day_enters_once(house):
    assert night(house, range(3)) == 3
    assert night(house, range(4)) == 1
    assert night(house, range(4)) == 0
    file = file_of(house)
    assert [entry["record"]["n"] for entry in file["entries"]] == [1, 2, 3, 4]
    assert verify.check(file) == ""


def test_a_correction_is_added_and_nothing_is_rewritten(house):
    night(house, range(3))
    before = file_of(house)
    assert night(house, [1], ah=81.5) == 1
    after = file_of(house)
    assert after["entries"][:3] == before["entries"]
    assert after["entries"][3]["record"]["corrects"] == 2
    assert verify.check(after, head=before["head"]) == ""


def test_one_key_for_every_client(house, file):
    with house.tenant("boreal") as session:
        other = chain.signing_key(session).public_key().public_bytes_raw().hex()
    assert other == file["key"]
    assert verify.check(file, key=other) == ""
    assert "another key" in verify.check(file, key="00" * 32)


def altered(file, change):
    other = deepcopy(file)
    change(other)
    return verify.check(other)


def test_an_altered_record_is_named_by_its_day(file):
    def change(other):
        other["entries"][2]["record"]["ah_in"] = 80.1

    assert altered(file, change) == "2026-03-03: the record was altered"


def test_a_record_with_a_new_hash_is_not_signed(file):
    def change(other):
        entry = other["entries"][2]
        entry["record"]["ah_in"] = 80.1
        entry["hash"] = verify.link(other["entries"][1]["hash"], entry["record"])

    assert altered(file, change) == "2026-03-03: the record was not signed by the portal"


def test_reordered_dropped_and_truncated(file):
    def reorder(other):
        other["entries"][1:3] = other["entries"][2:0:-1]

    def drop(other):
        del other["entries"][3]

    def truncate(other):
        del other["entries"][-1]

    def truncate_well(other):
        truncate(other)
        other["count"], other["head"] = 5, other["entries"][-1]["hash"]

    assert altered(file, reorder).startswith("2026-03-03: record 2")
    assert altered(file, drop).startswith("2026-03-05: record 4")
    assert altered(file, truncate) == "records are missing after 2026-03-05"
    assert altered(file, truncate_well) == "the signature of the whole is not right"


def test_any_flipped_character_of_any_record_names_its_day(file):
    for entry in file["entries"]:
        text = json.dumps(entry["record"])
        at = text.index('"ah_in": ') + 9
        flipped = text[:at] + "9" + text[at + 1 :]
        other = deepcopy(file)
        other["entries"][entry["record"]["n"] - 1]["record"] = json.loads(flipped)
        assert verify.check(other).startswith(entry["record"]["day"])


def test_a_mailed_hash_betrays_a_rewritten_end(house, file):
    with house.tenant(writes=True) as session, session.begin():
        rows = session.scalars(
            select(AnalyticResult)
            .where(AnalyticResult.code == chain.CODE)
            .order_by(AnalyticResult.since.desc())
        ).all()
        for row in rows[:2]:
            session.delete(row)
    night(house, [5], ah=12.0)
    again = file_of(house)
    assert verify.check(again) == "", "the portal itself signed it"
    assert "its end was rewritten" in verify.check(again, head=file["head"])


def test_ten_years_within_a_second(house, file):
    with house.tenant() as session:
        key = chain.signing_key(session)
    entries, previous = [], verify.START
    for n in range(1, 3651):
        record = {**file["entries"][0]["record"], "n": n}
        previous = verify.link(previous, record)
        signature = key.sign(bytes.fromhex(previous)).hex()
        entries.append({"record": record, "hash": previous, "signature": signature})
    whole = {**file, "entries": entries, "count": 3650, "head": previous}
    whole["signature"] = key.sign(verify.head_text(UID, 3650, previous)).hex()
    begun = time.process_time()
    assert verify.check(whole) == ""
    assert time.process_time() - begun < 1.0


def test_it_stands_alone(file, tmp_path):
    script = shutil.copy(verify.__file__, tmp_path / "verify.py")
    (tmp_path / "file.json").write_text(json.dumps(file))
    command = [sys.executable, "-I", str(script), str(tmp_path / "file.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "Intact")
    file["entries"][0]["record"]["ah_in"] = 1
    (tmp_path / "file.json").write_text(json.dumps(file))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "2026-03-01" in done.stdout
    (tmp_path / "file.json").write_text("[]")
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 2
