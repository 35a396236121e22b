"""The text batteries are searched in follows whatever is written, on its own."""

import pytest
from sqlalchemy import select

from app.clients import catalogue, editing, fields, tags
from app.clients.catalogue import AssetFilter
from app.clients.field_models import AssetText
from app.clients.models import Battery, BatteryType, Location


def found(session, text):
    return [row.id for row in session.scalars(catalogue.find_assets(AssetFilter(text=text)))]


def test_a_renamed_battery_type_or_location_is_found_by_its_new_name(house):
    with house.tenant(writes=True) as session:
        editing.edit_battery(session, editing.lock(session, Battery, 1), {"name": "Rack Été"})
        editing.edit_type(session, editing.lock(session, BatteryType, 2), {"name": "Prototype"})
        editing.edit_location(session, editing.lock(session, Location, 1), {"city": "Lévis"})
        session.commit()
    with house.tenant() as session:
        assert found(session, "rack ete") == [1]
        assert found(session, "PROTOTYPE") == [4]
        assert found(session, "levis") == [2, 1]  # by name
        assert 1 not in found(session, "batterie")


def test_a_battery_that_moves_takes_the_words_of_its_new_place(house):
    with house.tenant(writes=True) as session:
        editing.edit_battery(session, editing.lock(session, Battery, 1), {"location_id": 2})
        session.commit()
        assert 1 in found(session, "érables")
        assert 1 not in found(session, "entrepôt")


def test_fields_and_tags_are_found_until_they_are_gone(house):
    with house.tenant(writes=True) as session:
        row = fields.create(session, {"kind": "text", "label_fr": "Clé"})
        battery = editing.lock(session, Battery, 1)
        fields.write(session, battery, {row.id: "Au poste de garde"})
        tags.put(session, [1, 2], ["Garantie"])
        session.commit()
        assert found(session, "POSTE") == [1]
        assert found(session, "garantie") == [1, 2]
        fields.edit(session, row, {"searchable": False})
        session.commit()
        assert found(session, "poste") == []
        fields.edit(session, row, {"searchable": True})
        session.commit()
        assert found(session, "poste") == [1]
        fields.remove(session, row)
        tags.remove(session, tags.every(session)[0])
        session.commit()
        assert found(session, "poste") == found(session, "garantie") == []


def test_a_new_battery_is_found_at_once(house):
    with house.tenant(writes=True) as session:
        catalogue.resolve_asset(session, "NOUVEAU-1", 7)
        session.commit()
        statement = catalogue.find_assets(AssetFilter(text="nouveau", status="pending"))
        assert [row.uid for row in session.scalars(statement)] == ["NOUVEAU-1"]


def test_what_is_rolled_back_is_not_searched(house):
    with house.tenant(writes=True) as session:
        session.get(Battery, 1).name = "Jamais"
        session.flush()
        session.rollback()
        session.get(Battery, 2).name = "Toujours"
        session.commit()
        assert found(session, "jamais") == []
        assert found(session, "toujours") == [2]


def test_persons_are_not_in_the_text(house):
    with house.tenant(writes=True) as session:
        session.get(Battery, 1).responsible = "Karim Benali"
        session.commit()
        assert not any("karim" in text for text in session.scalars(select(AssetText.text)))


@pytest.mark.sqlite_only
def test_words_of_two_places_do_not_grow_together(house):
    with house.tenant() as session:
        assert found(session, "saint-laurentmontreal") == []
