"""Custom fields: what they take, what they say, and what becomes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.clients import editing, fields, tags
from app.clients.field_kinds.base import kinds
from app.clients.field_models import CustomField, FieldValue
from app.clients.models import Battery
from app.errors import Conflict, Invalid, NotFound


def add(session, kind, label="Essai", **more):
    return fields.create(session, {"kind": kind, "label_fr": label, "label_en": label, **more})


def say(session, asset_id, **texts):
    """Write fields by code; returns the codes that changed."""
    by_code = {row.code: row.id for row in fields.every(session)}
    battery = editing.lock(session, Battery, asset_id)
    changed = fields.write(session, battery, {by_code[code]: said for code, said in texts.items()})
    session.commit()
    return changed


def said(session, asset_id):
    battery = session.get(Battery, asset_id)
    rows = fields.every(session)
    found = fields.values(session, [battery], rows)[asset_id]
    return {row.code: found[row.id] for row in rows if row.id in found}


def test_five_fields_are_ready_made_and_say_what_they_are_told(house):
    told = {
        "function": "Secours",
        "project": "Phase 2 – Viger",
        "responsible": "Karim Benali",
        "notes": "Clé au poste.\nMonte-charge.",
        "tags": "garantie, Phase 2",
    }
    with house.tenant(writes=True) as session:
        assert [row.code for row in fields.every(session)] == list(told)
        assert say(session, 1, **told) == list(told)
        assert say(session, 1, **told) == []
    with house.tenant() as session:
        assert said(session, 1) == told
        assert said(session, 2) == {}
        assert session.get(Battery, 1).responsible == "Karim Benali"


def test_what_is_emptied_says_nothing_any_more(house):
    with house.tenant(writes=True) as session:
        say(session, 1, project="Viger", responsible="Karim", tags="garantie")
        assert set(say(session, 1, project="", responsible="", tags="")) == {
            "project",
            "responsible",
            "tags",
        }
        assert said(session, 1) == {}
        assert session.scalars(select(FieldValue)).all() == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        ("text", "  deux   mots ", "deux mots"),
        ("text", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("text", "🔋 شركة", "🔋 شركة"),
        ("number", "1 234,50", "1234.5"),
        ("number", "-0", "0"),
        ("number", "1e3", "1000"),
        ("date", "2024-02-29", "2024-02-29"),
        ("choice", "Secours", "Secours"),
        ("person", "Karim  Benali", "Karim Benali"),
        ("url", "https://exemple.ca/fiche?n=1", "https://exemple.ca/fiche?n=1"),
        ("notes", "une\r\nligne", "une\nligne"),
        ("tags", "b, a ,B;c", "b, a, c"),
    ],
)
def test_each_kind_keeps_what_it_takes(kind, written, kept):
    row = CustomField(kind=kind, choices=["Secours"], required=False)
    assert fields.checked(row, written) == kept
    assert fields.checked(row, kept) == kept


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("number", "douze"),
        ("number", "nan"),
        ("number", "1e99"),
        ("date", "2023-02-29"),
        ("date", "29/02/2024"),
        ("choice", "Ailleurs"),
        ("url", "javascript:alert(1)"),
        ("url", "https://"),
        ("url", "https://user@exemple.ca"),
        ("url", "https://[::1"),
        ("text", "x" * 201),
        ("notes", "x" * 2001),
        ("tags", "x" * 41),
        ("tags", ",".join(map(str, range(21)))),
    ],
)
def test_each_kind_refuses_what_is_not_its_own(kind, written):
    with pytest.raises(ValueError):
        fields.checked(CustomField(kind=kind, choices=["Secours"], required=False), written)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("kind", kinds())
@given(written=st.text(max_size=60))
def test_whatever_is_written_is_kept_the_same_or_refused(kind, written):
    row = CustomField(kind=kind, choices=["Secours"], required=False)
    try:
        kept = fields.checked(row, written)
    except ValueError as error:
        assert str(error).endswith(".")
    else:
        assert fields.checked(row, kept) == kept
        if kept and kinds()[kind].amount:
            assert isinstance(kinds()[kind].amount(kept), int | float)


def test_faults_are_named_by_field_and_nothing_is_written(house):
    with house.tenant(writes=True) as session:
        add(session, "number", "Poids")
        add(session, "date", "Mise en service", required=True)
        session.commit()
        with pytest.raises(Invalid) as caught:
            say(session, 1, project="Viger", poids="lourd", mise_en_service="")
        assert set(caught.value.fields) == {"poids", "mise_en_service"}
        session.rollback()
        assert said(session, 1) == {}


def test_persons_are_sealed_in_the_database(house):
    with house.tenant(writes=True) as session:
        add(session, "person", "Électricien")
        session.commit()
        say(session, 1, electricien="Sophie Gagnon", responsible="Karim Benali")
    with house.engines.tenant(house.refs["laurentia"]).connect() as connection:
        for table, column in (("field_values", "person"), ("assets", "responsible")):
            raw = connection.execute(text(f"SELECT {column} FROM {table} WHERE {column} <> ''"))
            stored = bytes(raw.scalar())
            assert b"Sophie" not in stored
            assert b"Karim" not in stored
        assert connection.execute(text("SELECT text FROM field_values")).scalar() == ""
    with house.tenant() as session:
        assert said(session, 1)["electricien"] == "Sophie Gagnon"


def test_a_field_goes_with_all_it_says_and_says_how_much_that_was(house):
    with house.tenant(writes=True) as session:
        row = add(session, "text", "Clé du local")
        session.commit()
        for asset_id in (1, 2, 3):
            say(session, asset_id, cle_du_local="au poste")
        assert fields.usage(session)[row.id] == 3
        assert fields.remove(session, fields.field(session, row.id, lock=True)) == 3
        session.commit()
        assert said(session, 1) == {}
        with pytest.raises(NotFound):
            fields.field(session, row.id)
        with pytest.raises(Conflict) as caught:
            fields.write(session, editing.lock(session, Battery, 1), {row.id: "au poste"})
        assert caught.value.code == "field_removed"
        with pytest.raises(Conflict):
            fields.remove(session, fields.every(session)[0])


def test_a_choice_that_batteries_have_stays(house):
    with house.tenant(writes=True) as session:
        function = fields.every(session)[0]
        say(session, 1, function="Secours")
        with pytest.raises(Invalid) as caught:
            fields.edit(session, function, {"choices": ["Éclairage"]})
        assert set(caught.value.fields) == {"choices"}
        fields.edit(session, function, {"choices": ["Secours", "Levage", "Secours", " "]})
        assert (function.choices, function.version) == (["Secours", "Levage"], 2)


def test_fields_are_ordered_as_the_client_likes(house):
    with house.tenant(writes=True) as session:
        row = add(session, "url", "Manuel", label_en="Handbook")
        assert (row.code, row.label("fr-CA"), row.label("en")) == ("manuel", "Manuel", "Handbook")
        for _ in range(9):
            fields.move(session, row, -1)
        fields.move(session, row, 1)
        session.commit()
        assert [each.code for each in fields.every(session)][:2] == ["function", "manuel"]


def test_names_make_codes_that_never_meet(house):
    with house.tenant(writes=True) as session:
        codes = [add(session, "text", label).code for label in ("Notes", "Été", "été!", "🔋", "🔋")]
    assert codes == ["notes_2", "ete", "ete_2", "field", "field_2"]


@pytest.mark.sqlite_only
def test_a_field_names_its_faults(house):
    with house.tenant(writes=True) as session:
        for changes, faults in (
            ({"kind": "tags", "label_fr": "x"}, {"kind"}),
            (
                {"kind": "choice", "label_fr": " ", "label_en": ""},
                {"label_fr", "label_en", "choices"},
            ),
            ({"kind": "choice", "label_fr": "x", "choices": ["y" * 81]}, {"choices"}),
        ):
            with pytest.raises(Invalid) as caught:
                fields.create(session, changes)
            assert set(caught.value.fields) == faults


def test_tags_are_told_apart_by_neither_case_nor_accents(house):
    with house.tenant(writes=True) as session:
        assert tags.put(session, [1, 2], ["Été"]) == 2
        assert tags.put(session, [2, 3], ["ETE", "garantie"]) == 3
        session.commit()
        assert [(row.name, tags.counts(session)[row.id]) for row in tags.every(session)] == [
            ("Été", 3),
            ("garantie", 2),
        ]
        assert tags.take(session, [1, 2, 3, 4], ["été"]) == 3
        assert set(tags.of(session, [1, 2, 3])) == {2, 3}


def test_tags_are_renamed_and_removed(house):
    with house.tenant(writes=True) as session:
        tags.put(session, [1, 2], ["vieux", "neuf"])
        old = next(row for row in tags.every(session) if row.name == "vieux")
        with pytest.raises(Conflict):
            tags.rename(session, old, "NEUF")
        tags.rename(session, old, "Ancien")
        session.commit()
        assert tags.remove(session, old) == 2
        session.commit()
        assert [row.name for row in tags.every(session)] == ["neuf"]


def test_a_battery_carries_twenty_tags_at_most(house):
    with house.tenant(writes=True) as session:
        tags.put(session, [1], map(str, range(20)))
        with pytest.raises(ValueError, match="20"):
            tags.put(session, [1], ["un de plus"])
