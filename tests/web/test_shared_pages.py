"""A link shows a few numbers of a few batteries until it ends; to whoever has none, nothing."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.clients import shares
from app.clients.models import Battery
from app.clients.share_models import Share
from app.core.access import MATRIX, Permission
from app.core.models import AuditEntry, Tenant
from app.database.base import now_ms

pytestmark = pytest.mark.sqlite_only

DAY_MS = 86_400_000
PASSWORD = "ouvre-moi la salle"


@pytest.fixture
def share(house):
    """`share(level="battery", target_id=1)`: the path of a new link."""

    def make(now=None, **given):
        usual = {"level": "location", "target_id": 1, "fields": ["soc", "power"], "label": "Hydro"}
        now = now or now_ms()
        with house.tenant(writes=True) as session:
            made = {"expires_at": now + DAY_MS} | usual | given
            _, token = shares.create(session, 1, now, **made)
            session.commit()
        return f"/p/{token}"

    return make


def test_nobody_has_the_right_by_a_role():
    assert [role for role, may in MATRIX.items() if Permission.SEE_SHARE in may] == []


def test_a_link_is_made_shown_once_opened_and_ended(client_of, submit, house, report):
    report(1, soc=71.4, power=-1200.0, pack_voltage=52.0)
    alice, visitor = client_of("alice"), client_of("nobody")
    assert "Aucun lien" in alice.get("/partages").text
    ends = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    made = submit(
        alice, "/partages", "/partages",
        about="location:1", fields=["soc", "power"], title="Secours", label="Hydro", expires=ends,
    )  # fmt: skip
    path = re.search(r"/p/\d+\.[\w-]{43}", made.text)[0]
    assert path not in alice.get("/partages").text
    page = visitor.get(path)
    assert page.status_code == 200
    for said in ("Secours", "71 %", "1,20", ends):
        assert said in page.text.replace("\xa0", " "), said
    for hidden in ("Hydro", "Laurentia", 'Batterie 1"', "EDS-LFP", "Saint-Laurent", "52,0"):
        assert hidden not in page.text.replace('title="Batterie 1"', ""), hidden
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    with house.tenant() as session:
        assert session.scalars(select(Share.uses)).one() == 1
    submit(alice, "/partages", "/partages/1/terminer")
    gone = visitor.get(path)
    assert gone.status_code == 404
    assert "Laurentia" not in gone.text
    with house.core() as core:
        found = core.scalars(select(AuditEntry)).all()
    assert {"share.create", "share.revoke"} <= {entry.action for entry in found}
    assert not any(path[3:] in f"{entry.target} {entry.detail}" for entry in found)


def test_the_poller_gets_the_same_and_no_more(share, client_of, report):
    report(1, soc=71.4, power=-1200.0, pack_voltage=52.0)
    visitor, path = client_of("nobody"), share()
    state = visitor.get(f"{path}/etat")
    first = state.json["assets"][0]
    assert first["values"] == {"soc": 71.4, "power": -1200.0}
    assert [asset["id"] for asset in state.json["assets"]] == [1, 2]
    assert {asset["uid"] for asset in state.json["assets"]} == {""}
    tag = state.headers["ETag"]
    assert visitor.get(f"{path}/etat", headers={"If-None-Match": tag}).status_code == 304
    report(1, soc=70.0)
    assert visitor.get(f"{path}/etat", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("make", [str.upper, lambda path: path[:-1] + "~", lambda path: path[:-3]])
def test_another_link_is_none(share, client_of, make):
    path = share()
    other = "/p/" + make(path[3:])
    pages = [client_of("nobody").get(each) for each in (other, f"{other}/etat", "/p/2." + path[5:])]
    assert [page.status_code for page in pages] == [404] * 3


def test_old_links_and_those_of_a_suspended_client_end(share, client_of, house):
    old = share(now=now_ms() - 2 * DAY_MS)
    fresh = share()
    assert client_of("nobody").get(old).status_code == 404
    with house.core() as core:
        core.execute(update(Tenant).where(Tenant.id == 1).values(status="suspended"))
        core.commit()
    assert client_of("nobody").get(fresh).status_code == 404


def test_a_battery_that_leaves_the_location_leaves_the_page(share, client_of, house, report):
    path = share()
    assert len(client_of("nobody").get(f"{path}/etat").json["assets"]) == 2
    with house.tenant(writes=True) as session:
        session.get_one(Battery, 2).location_id = 2
        session.commit()
    assert len(client_of("nobody").get(f"{path}/etat").json["assets"]) == 1


def test_a_password_is_asked_for_once(share, client_of, submit, report):
    report(1, soc=71.4)
    path, visitor = share(password=PASSWORD), client_of("nobody")
    page = visitor.get(path)
    assert "71" not in re.sub(r"<svg.*?</svg>", "", page.text, flags=re.S).split("<main")[1]
    assert visitor.get(f"{path}/etat").status_code == 404
    assert submit(visitor, path, path, password="autre chose").status_code == 403
    opened = submit(visitor, path, path, password=PASSWORD)
    assert opened.status_code == 303
    assert f"Path={path}" in opened.headers["Set-Cookie"]
    assert visitor.get(f"{path}/etat").json["assets"][0]["values"]["soc"] == 71.4
    assert client_of("nobody").get(f"{path}/etat").status_code == 404


def test_guessing_a_password_is_slowed_down(share, client_of, submit):
    path, visitor = share(password=PASSWORD), client_of("nobody")
    codes = [submit(visitor, path, path, password=f"essai {n}").status_code for n in range(9)]
    assert codes == [403] * 9
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get(path).text)[1]
    last = [
        visitor.post(path, data={"csrf_token": token, "password": PASSWORD[:n]}).status_code
        for n in (3, 4, 5)
    ]
    assert last[-1] == 429


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"fields": []}, "au moins une carte"),
        ({"expires": "2030-01-01"}, "d’ici un an"),
        ({"expires": "demain"}, "d’ici un an"),
        ({"password": "court"}, "douze caractères"),
        ({"about": "everything"}, "ce qui est partagé"),
        ({"about": "battery:99"}, "aucune batterie"),
    ],
)
def test_a_refused_form_says_why(client_of, submit, fields, said):
    ends = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    given = {"about": "client", "fields": ["soc"], "expires": ends, "title": "Mon titre"} | fields
    page = submit(client_of("alice"), "/partages", "/partages", **given)
    assert page.status_code in (404, 422)
    assert "Mon titre" in page.text
    if page.status_code == 422:
        assert said in page.text


def test_only_administrators_share(client_of):
    assert [client_of(name).get("/partages").status_code for name in ("bob", "carol")] == [403] * 2
    assert "/partages" not in client_of("bob").get("/").text
