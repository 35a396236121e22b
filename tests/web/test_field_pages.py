"""The pages of custom fields: looked after by administrators, filled in with each battery."""

import re

import pytest

from app.clients import editing, fields, tags
from app.clients.models import Battery

pytestmark = pytest.mark.sqlite_only

NASTY = "<script>alert(1)</script> 🔋 é"


@pytest.fixture
def key(house):
    """The id of a text field that says something of two batteries."""
    with house.tenant(writes=True) as session:
        row = fields.create(session, {"kind": "text", "label_fr": "Clé", "label_en": "Key"})
        for asset_id in (1, 2):
            battery = editing.lock(session, Battery, asset_id)
            fields.write(session, battery, {row.id: "Au poste"})
        session.commit()
        return row.id


def version(browser, page):
    return re.search(r'name="version" value="(\d+)"', browser.get(page).text)[1]


def said(house, asset_id):
    with house.tenant() as session:
        return fields.spoken(session.get(Battery, asset_id))


def test_a_field_is_added_changed_moved_and_removed(client_of, house, submit):
    alice = client_of("alice")
    form = {"label_fr": "Usage", "kind": "choice", "choices": "Toit\nCave\n", "listed": "on"}
    assert submit(alice, "/champs", "/champs", **form).status_code == 303
    page = "/champs/6"
    form = {"label_fr": "Endroit", "label_en": "Spot", "choices": "Cave\r\nToit"}
    submit(alice, page, page, version=version(alice, page), **form)
    submit(alice, page, f"{page}/place", way="up")
    with house.tenant() as session:
        row = fields.field(session, 6)
        assert (row.label_fr, row.label_en, row.choices) == ("Endroit", "Spot", ["Cave", "Toit"])
        assert [each.id for each in fields.every(session)] == [1, 2, 3, 4, 6, 5]
    assert submit(alice, page, f"{page}/supprimer", confirm="Non").status_code == 409
    assert submit(alice, page, f"{page}/supprimer", confirm="Endroit").status_code == 303
    assert alice.get(page).status_code == 404


def test_removing_a_field_warns_of_what_will_be_lost(client_of, key):
    page = client_of("alice").get(f"/champs/{key}").text
    assert "2\u00a0batteries seront perdues" in page
    assert "Supprimer le champ" not in client_of("alice").get("/champs/1").text


def test_a_refused_field_keeps_what_was_typed(client_of, submit):
    form = {"label_fr": "", "kind": "choice", "choices": " ", "required": "on"}
    answer = submit(client_of("alice"), "/champs", "/champs", **form)
    assert answer.status_code == 422
    assert 'id="label_fr-err"' in answer.text
    assert 'id="choices-err"' in answer.text
    assert re.search(r'<option value="choice" selected', answer.text)
    assert re.search(r'name="required" checked', answer.text)


def test_a_field_changed_meanwhile_is_not_overwritten(client_of, house, key, submit):
    alice, page = client_of("alice"), f"/champs/{key}"
    seen = version(alice, page)
    submit(alice, page, page, version=seen, label_fr="Clé du local", label_en="Key")
    late = submit(alice, page, page, version=seen, label_fr="Autre", label_en="Other")
    assert late.status_code == 412
    assert "modifié ceci entre-temps" in late.text
    with house.tenant() as session:
        assert fields.field(session, key).label_fr == "Clé du local"


def test_readers_look_and_find_no_form(client_of, key):
    page = client_of("carol").get("/champs").text
    assert "Clé" in page
    assert "Ajouter un champ" not in page
    details = client_of("carol").get("/batteries/1/champs").text
    assert "Au poste" in details
    assert 'name="champ_' not in details


def test_the_details_of_a_battery_are_kept(client_of, house, submit):
    alice, page = client_of("alice"), "/batteries/1/champs"
    form = {
        "champ_1": "Secours",
        "champ_2": NASTY,
        "champ_3": "Karim",
        "champ_4": "a\r\nb",
        "champ_5": "x, y",
    }
    answer = submit(alice, page, page, version=version(alice, page), **form)
    assert answer.status_code == 303
    assert said(house, 1) == {
        "function": "Secours",
        "project": NASTY,
        "responsible": "Karim",
        "notes": "a\nb",
        "tags": "x, y",
    }
    for shown in (page, "/batteries", "/batteries?col=champ_2", "/recherche?q=script", "/champs"):
        text = alice.get(shown).text
        assert "<script>alert" not in text, shown
    assert "&lt;script&gt;" in alice.get(page).text


def test_refused_details_name_the_field_and_keep_what_was_typed(client_of, house, key, submit):
    alice, page = client_of("alice"), "/batteries/1/champs"
    form = {"champ_1": "Ailleurs", "champ_2": "a\u202eb", f"champ_{key}": "x" * 201}
    answer = submit(alice, page, page, version=version(alice, page), **form)
    assert answer.status_code == 422
    assert 'id="project-err"' in answer.text
    answer = submit(
        alice, page, page, version="1", champ_1="Ailleurs", **{f"champ_{key}": "x" * 201}
    )
    assert answer.status_code == 422
    assert 'id="function-err"' in answer.text
    assert 'id="cle-err"' in answer.text
    assert "x" * 201 in answer.text
    assert said(house, 1) == {"cle": "Au poste"}


def test_the_second_of_two_people_is_told_and_shown_both(client_of, house, submit):
    alice, sam_in, page = client_of("alice"), client_of("alice"), "/batteries/1/champs"
    seen = version(alice, page)
    submit(alice, page, page, version=seen, champ_2="Viger")
    late = submit(sam_in, page, page, version=seen, champ_2="Mirabel")
    assert late.status_code == 412
    both = re.search(r"<td>(.*?)</td>\s*<td>(.*?)</td>", late.text, re.S)
    assert "Viger" in both[1]
    assert "Mirabel" in both[2]
    assert 'value="Mirabel"' in late.text
    assert said(house, 1) == {"project": "Viger"}
    again = re.search(r'name="version" value="(\d+)"', late.text)[1]
    submit(sam_in, page, page, version=again, champ_2="Mirabel")
    assert said(house, 1) == {"project": "Mirabel"}


def test_a_field_removed_under_an_open_form_is_said(client_of, house, key, submit):
    alice, page = client_of("alice"), "/batteries/1/champs"
    seen = version(alice, page)
    with house.tenant(writes=True) as session:
        fields.remove(session, fields.field(session, key))
        session.commit()
    answer = submit(
        alice, page, page, version=seen, champ_2="Viger", **{f"champ_{key}": "Au poste"}
    )
    assert answer.status_code == 409
    assert "supprimé entre-temps" in answer.text
    assert 'value="Viger"' in answer.text
    assert said(house, 1) == {}


def test_tags_are_renamed_and_removed_on_the_page(client_of, house, submit):
    with house.tenant(writes=True) as session:
        tags.put(session, [1, 2], ["Garantie", "Vieux"])
        session.commit()
    alice = client_of("alice")
    submit(alice, "/champs", "/etiquettes/1", what="rename", name="VIEUX")
    assert "Une étiquette porte déjà ce nom" in alice.get("/champs").text
    submit(alice, "/champs", "/etiquettes/1", what="rename", name="Sous garantie")
    submit(alice, "/champs", "/etiquettes/2", what="remove")
    assert said(house, 1) == {"tags": "Sous garantie"}


def test_the_page_of_a_battery_waiting_to_be_accepted_has_no_form(client_of):
    page = client_of("alice").get("/batteries/5/champs")
    assert page.status_code == 200
    assert 'name="champ_' not in page.text
