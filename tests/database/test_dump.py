"""What a dump keeps: every row of every kind, from either engine, in one snapshot."""

import json

import pytest
from sqlalchemy import select, update

from app.clients.models import Asset, ClientConfig
from app.core.access import EVERY_ASSET
from app.database.copies import lines_of, prove, restore
from app.database.dump import Damaged, snapshot, tallies
from app.database.sessions import open_tenant


@pytest.fixture
def laurentia(house):
    """A client with a document that is a lone number, which engines keep each in its own way."""
    ref = house.refs["laurentia"]
    with open_tenant(house.engines, ref, EVERY_ASSET, writes=True) as session:
        session.add_all(
            [
                ClientConfig(key="number", value=5),
                ClientConfig(key="text", value="é « ' \\ \n \" 😀"),
                ClientConfig(key="nothing", value=None),
                ClientConfig(key="document", value={"b": [1.5, {"a": None}], "a": True}),
            ]
        )
        session.commit()
    return ref


def _names(house, ref):
    with open_tenant(house.engines, ref, EVERY_ASSET) as session:
        return session.scalars(select(Asset.name).order_by(Asset.id)).all()


def _rename(house, ref, name):
    with open_tenant(house.engines, ref, EVERY_ASSET, writes=True) as session:
        session.execute(update(Asset).values(name=name))
        session.commit()


@pytest.mark.parametrize("who", ["core", "laurentia"])
def test_a_dump_is_proved_in_a_scratch_database(house, laurentia, tmp_path, who):
    ref = laurentia if who == "laurentia" else None
    found = prove(house.engines, ref, lines_of(house.engines, ref), tmp_path / "scratch")
    assert found["users" if ref is None else "batteries"].rows == 5
    assert list((tmp_path / "scratch").iterdir()) == [], "nothing is left behind"


def test_restoring_brings_a_client_back_and_touches_no_other(house, laurentia, tmp_path):
    boreal = house.refs["boreal"]
    before = list(lines_of(house.engines, laurentia))
    _rename(house, laurentia, "spoilt")
    _rename(house, boreal, "meanwhile")
    others = [list(lines_of(house.engines, ref)) for ref in (None, boreal)]

    restore(house.engines, laurentia, before, tmp_path)

    assert "spoilt" not in _names(house, laurentia)
    assert list(lines_of(house.engines, laurentia)) == before
    assert [list(lines_of(house.engines, ref)) for ref in (None, boreal)] == others


def test_a_dump_sees_one_moment(house, laurentia):
    engine = house.engines.tenant(laurentia)
    with snapshot(engine) as connection:
        before = tallies(connection, "tenant")
        _rename(house, laurentia, "later")
        assert tallies(connection, "tenant") == before
    with snapshot(engine) as connection:
        assert tallies(connection, "tenant")["assets"] != before["assets"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[: len(lines) // 2],
        lambda lines: [],
        lambda lines: [b"PK\x03\x04"],
        lambda lines: [line for line in lines if b'"EDS-LFP-0002"' not in line],
        lambda lines: [lines[0].replace(b'"tenant"', b'"core"'), *lines[1:]],
    ],
    ids=["no last line", "half", "empty", "another file", "a row less", "another kind"],
)
def test_what_is_not_whole_changes_nothing(house, laurentia, tmp_path, spoil):
    lines = list(lines_of(house.engines, laurentia))
    with pytest.raises(Damaged):
        restore(house.engines, laurentia, spoil(lines), tmp_path)
    assert list(lines_of(house.engines, laurentia)) == lines


def test_an_altered_row_is_found(house, laurentia, tmp_path):
    lines = list(lines_of(house.engines, laurentia))
    index = next(i for i, line in enumerate(lines) if b'"document"' in line)
    lines[index] = lines[index].replace(b"1.5", b"1.6")
    with pytest.raises(Damaged, match="clients_config"):
        restore(house.engines, laurentia, lines, tmp_path)


def test_lines_are_json_and_say_what_they_are(house, laurentia):
    lines = list(lines_of(house.engines, laurentia))
    assert json.loads(lines[0])["kind"] == "tenant"
    assert all(json.loads(line) is not None for line in lines)
    assert json.loads(lines[-1])["whole"] is True
