"""The list of batteries: narrowed by anything, kept as views, in columns of choice, changed in bulk."""

import re

import pytest

from app.clients import editing, fields, tags
from app.clients.models import Battery

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def described(house):
    """Laurentia's batteries say something; returns ids of fields by code."""
    with house.tenant(writes=True) as session:
        for kind, label in (("number", "Poids"), ("date", "Achat"), ("url", "Fiche")):
            fields.create(session, {"kind": kind, "label_fr": label, "label_en": label})
        ids = {row.code: row.id for row in fields.every(session)}
        for asset_id, said in {
            1: {"function": "Secours", "responsible": "Karim Benali", "poids": "120,5"},
            2: {"function": "Éclairage", "project": "Phase 2 – Viger", "poids": "80"},
            3: {"achat": "2024-05-14", "notes": "Clé au poste", "fiche": "https://exemple.ca/b3"},
        }.items():
            battery = editing.lock(session, Battery, asset_id)
            fields.write(session, battery, {ids[code]: text for code, text in said.items()})
        tags.put(session, [1, 3], ["Garantie"])
        session.commit()
    return ids


def shown(page):
    """The ids of the batteries a page lists."""
    return sorted(int(found) for found in re.findall(r'<tr role="row" data-asset="(\d+)"', page))


@pytest.mark.parametrize(
    ("address", "ids"),
    [
        ("", [1, 2, 3, 4]),
        ("?q=GARANTIE", [1, 3]),
        ("?q=karim", [1]),
        ("?q=cle+poste", [3]),
        ("?etiquette=1", [1, 3]),
        ("?responsable=KARIM+benali", [1]),
        ("?responsable=Karim", []),
        ("?champ_{function}=Secours", [1]),
        ("?champ_{project}=viger", [2]),
        ("?champ_{poids}_min=100", [1]),
        ("?champ_{poids}_min=50&champ_{poids}_max=100,5", [2]),
        ("?champ_{poids}_min=lourd", [1, 2, 3, 4]),
        ("?champ_{achat}_max=2024-05-14", [3]),
        ("?champ_{achat}_min=2024-05-15", []),
        ("?champ_{fiche}=EXEMPLE", [3]),
        ("?du=2026-01-02", []),
        ("?au=2025-12-31", [1, 2, 3, 4]),
        ("?au=2025-12-30", []),
        ("?type=1&etiquette=1&lieu=2", [3]),
        ("?champ_999=x&type=zzz&etiquette=-1&du=demain&page=zz&col=nothing", [1, 2, 3, 4]),
        ("?_external=1&_method=POST&_anchor=x", [1, 2, 3, 4]),
    ],
)
def test_the_address_narrows_the_list(client_of, described, address, ids):
    answer = client_of("alice").get("/batteries" + address.format(**described))
    assert answer.status_code == 200
    assert shown(answer.text) == ids


def test_filters_stay_within_what_somebody_may_see(client_of, described):
    bob = client_of("bob")
    assert shown(bob.get("/batteries?q=garantie").text) == [1]
    assert shown(bob.get("/batteries?etiquette=1").text) == [1]
    page = bob.get("/batteries").text
    assert "Sélectionner" not in page
    assert 'id="bulk"' not in page


def test_nothing_found_says_which_filter_to_give_up(client_of, described):
    page = client_of("alice").get("/batteries?etiquette=1&q=viger&type=1").text
    assert "Aucune batterie ne correspond" in page
    offered = re.findall(
        r"Sans ([^:]+)\u00a0: ([^<]+)</a>\s*<span class=\"t2\">([^<]+)</span>", page
    )
    assert offered == [
        ("Mots", "viger", "2 batteries"),
        ("Étiquette", "Garantie", "1 batterie"),
    ]


def test_columns_are_chosen_and_stay_chosen(client_of, described):
    column = f"champ_{described['project']}"
    page = client_of("alice").get(f"/batteries?col=soh&col={column}&q=viger").text
    heads = re.findall(r'<th role="columnheader"[^>]*>(?:<span[^>]*>)?([^<]+)', page)
    assert heads == ["Sélection", "Batterie", "État", "Santé", "Projet"]
    assert "Phase 2 – Viger" in page
    assert f'name="col" value="soh,{column}"' in page


def test_a_view_is_kept_opened_and_removed(client_of, described, submit):
    alice = client_of("alice")
    answer = submit(
        alice,
        "/batteries?q=garantie",
        "/batteries/vues",
        name="Sous garantie",
        suite="q=garantie&page=3",
    )
    assert (answer.status_code, answer.location) == (303, "/batteries?q=garantie")
    page = alice.get("/batteries").text
    assert re.search(r'<a href="/batteries\?q=garantie">Sous garantie</a>', page)
    assert "Sous garantie" not in client_of("carol").get("/batteries").text
    submit(alice, "/batteries", "/batteries/vues/1/supprimer")
    assert "Sous garantie" not in alice.get("/batteries").text


def test_a_shared_view_is_for_everybody_and_only_administrators_share(client_of, described, submit):
    submit(
        client_of("alice"),
        "/batteries?q=a",
        "/batteries/vues",
        name="À tous",
        suite="q=a",
        shared="1",
    )
    carol = client_of("carol")
    assert "À tous" in carol.get("/batteries").text
    submit(carol, "/batteries?q=b", "/batteries/vues", name="À moi", suite="q=b", shared="1")
    assert "À moi" not in client_of("alice").get("/batteries").text


def test_a_view_carries_no_other_address(client_of, submit):
    answer = submit(
        client_of("alice"), "/batteries?q=a", "/batteries/vues", name="x",
        suite="q=a&_external=1&_scheme=javascript&next=https://ailleurs.example",
    )  # fmt: skip
    assert answer.location == "/batteries?q=a"


def test_many_batteries_are_changed_at_once(client_of, house, submit):
    alice = client_of("alice")
    for fields_of_form in (
        {"what": "tag", "tags": "Phase 2, Été"},
        {"what": "untag", "tags": "ETE"},
        {"what": "assign", "responsible": "Sophie Gagnon"},
        {"what": "move", "location": "2"},
    ):
        answer = submit(alice, "/batteries", "/batteries/lot", ids=["1", "2"], **fields_of_form)
        assert answer.status_code == 303
    assert "2 batteries modifiées" in alice.get("/batteries").text.replace("\u00a0", " ")
    with house.tenant() as session:
        rows = [session.get(Battery, asset_id) for asset_id in (1, 2)]
        assert [row.responsible for row in rows] == ["Sophie Gagnon"] * 2
        assert [row.location_id for row in rows] == [2, 2]
        assert [[tag.name for tag in row.tags] for row in rows] == [["Phase 2"]] * 2
        assert [row.version for row in rows] == [5, 5]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"what": "tag", "tags": "x"}, "Choisissez au moins une batterie"),
        ({"ids": ["1"], "what": "tag", "tags": " , "}, "Il faut une étiquette"),
        ({"ids": ["1"], "what": "tag", "tags": "x" * 41}, "40 caractères"),
        ({"ids": ["1"], "what": "tag", "tags": "a\u202eb"}, "caractères"),
        ({"ids": ["1"], "what": "burn"}, "Choisissez ce qu’il faut faire"),
        ({"ids": ["1"], "what": "move", "location": "x"}, "Faites un choix"),
        ({"ids": ["1", "5"], "what": "assign", "responsible": "X"}, "Acceptez d’abord"),
    ],
)
def test_a_refused_change_says_why_and_changes_nothing(client_of, house, submit, form, told):
    alice = client_of("alice")
    assert submit(alice, "/batteries", "/batteries/lot", **form).status_code == 303
    assert told in alice.get("/batteries").text
    with house.tenant() as session:
        assert session.get(Battery, 1).version == 1


def test_a_battery_that_is_not_there_spoils_the_whole_change(client_of, house, submit):
    answer = submit(
        client_of("alice"),
        "/batteries",
        "/batteries/lot",
        ids=["1", "99"],
        what="assign",
        responsible="X",
    )
    assert answer.status_code == 404
    with house.tenant() as session:
        assert session.get(Battery, 1).responsible == ""
