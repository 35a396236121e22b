"""Both databases narrow a list alike: words, tags, persons and custom fields."""

import pytest

from app.clients import bulk, editing, fields, tags
from app.clients.catalogue import AssetFilter
from app.clients.models import Battery
from app.clients.narrowing import Narrowing, Range, narrowed


@pytest.fixture
def described(house):
    """Two batteries that say things."""
    with house.tenant(writes=True) as session:
        fields.create(session, {"kind": "number", "label_fr": "Poids"})
        electrician = fields.create(session, {"kind": "person", "label_fr": "Électricien"})
        for asset_id, said in {
            1: {1: "Secours", 3: "Karim Benali", 6: "120,5"},
            3: {2: "Évolution 100%", 6: "80", electrician.id: "Sophie Gagnon"},
        }.items():
            fields.write(session, editing.lock(session, Battery, asset_id), said)
        tags.put(session, [1, 3], ["Été"])
        session.commit()
    return house


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"text": "ete"}, [1, 3]),
        ({"text": "BENALI"}, [1]),
        ({"text": "gagnon evolution"}, [3]),
        ({"text": "100%"}, [3]),
        ({"tag_id": 1, "base": AssetFilter(location_id=2)}, [3]),
        ({"responsible": "karim benali"}, [1]),
        ({"fields": {1: "Secours"}}, [1]),
        ({"fields": {2: "100%"}}, [3]),
        ({"fields": {6: Range(low=100)}}, [1]),
        ({"fields": {6: Range(high=100)}}, [3]),
        ({"fields": {7: "sophie gagnon"}}, [3]),
        ({"fields": {7: "sophie"}}, []),
        ({"fields": {99: "gone"}}, [1, 2, 3, 4]),
    ],
)
def test_what_is_wanted_is_found(described, wanted, ids):
    with described.tenant() as session:
        statement = narrowed(session, Narrowing(**wanted), fields.every(session))
        assert sorted(row.id for row in session.scalars(statement)) == ids


def test_nothing_out_of_scope_is_found_or_changed(described):
    with described.tenant(scope=described.scope("bob")) as session:
        statement = narrowed(session, Narrowing(text="ete"), fields.every(session))
        assert [row.id for row in session.scalars(statement)] == [1]
        assert tags.counts(session) == {1: 1}


def test_a_change_of_many_raises_each_version(described):
    with described.tenant(writes=True) as session:
        before = session.get(Battery, 1).version
        bulk.tag(session, bulk.chosen(session, [1, 2]), "a, b")
        session.commit()
        assert session.get(Battery, 1).version == before + 1
        assert [row.name for row in tags.of(session, [2])[2]] == ["a", "b"]
