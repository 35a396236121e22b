"""Alerts, rules and maintenance windows over HTTP: who may do what, and what is said."""

import pytest

from app.database.base import now_ms
from tests.processor.alerts.conftest import HIGH

pytestmark = pytest.mark.sqlite_only

HOUR = 3_600_000


@pytest.fixture
def alert(bench):
    """The id of a critical alert of the first battery, open now."""
    bench.now = now_ms() - 60_000
    bench.for_seconds(15, **HIGH)
    return bench.alerts()[0].id


def test_alerts_are_listed_to_those_who_see_their_battery(client_of, alert):
    for name, seen in (("alice", 1), ("bob", 1), ("carol", 1), ("mallory", 0)):
        items = client_of(name).get("/api/v1/alerts?state=open&severity=critical").json["items"]
        assert len(items) == seen, name
    assert client_of("alice").get("/api/v1/alerts?state=resolved").json["items"] == []


def test_an_alert_of_a_battery_out_of_sight_is_not_there(client_of, bench):
    bench.now = now_ms() - 60_000
    bench.for_seconds(15, asset_id=3, **HIGH)
    number = bench.alerts()[0].id
    assert client_of("bob").get(f"/api/v1/alerts/{number}").status_code == 404
    answer = client_of("bob").post(f"/api/v1/alerts/{number}/acknowledge", json={})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("language", "title", "measured"),
    [
        (
            "fr",
            "Cellule trop haute",
            "Cellule la plus haute, cellule 2 : 3,700\u202fV (seuil 3,650",
        ),
        ("en", "Cell too high", "Highest cell, cell 2: 3.700\u202fV (limit 3.650\u202fV) for 10"),
    ],
)
def test_the_text_is_in_the_callers_language(client_of, alert, language, title, measured):
    browser = client_of("carol")
    browser.set_cookie("lang", language)
    told = browser.get(f"/api/v1/alerts/{alert}").json
    assert told["title"] == title
    assert told["measured"].startswith(measured)
    assert "60" in told["context"] and told["advice"] and told["cause"]


def test_somebody_takes_an_alert_on(client_of, alert, bench):
    bob = client_of("bob")
    told = bob.post(f"/api/v1/alerts/{alert}/acknowledge", json={"note": "J’y vais."}).json
    assert (told["state"], told["acknowledged_by"]) == ("acknowledged", "user:2")
    again = client_of("alice").post(f"/api/v1/alerts/{alert}/acknowledge", json={}).json
    assert again["acknowledged_by"] == "user:2", "the first one counts"
    bob.post(f"/api/v1/alerts/{alert}/assign", json={"user_id": 2})
    bob.post(f"/api/v1/alerts/{alert}/comments", json={"text": "Chargeur réglé."})
    whole = client_of("carol").get(f"/api/v1/alerts/{alert}").json
    assert whole["assigned_to"] == 2
    assert [(e["event"], e["author"]) for e in whole["timeline"]] == [
        ("fired", ""),
        ("acknowledged", "user:2"),
        ("assigned", "user:2"),
        ("commented", "user:2"),
    ]
    assert bench.state().tracks["L2|"][6] == 1


def test_a_reader_handles_nothing(client_of, alert):
    answer = client_of("carol").post(f"/api/v1/alerts/{alert}/acknowledge", json={})
    assert answer.status_code == 403


def test_nobody_elses_person_is_given_an_alert(client_of, alert):
    answer = client_of("alice").post(f"/api/v1/alerts/{alert}/assign", json={"user_id": 5})
    assert answer.status_code == 404


def test_a_snoozed_alert_is_measured_and_not_told(client_of, alert, bench):
    until = now_ms() + HOUR
    path = f"/api/v1/alerts/{alert}/snooze"
    bob = client_of("bob")
    assert bob.post(path, json={"until": until}).status_code == 422
    assert bob.post(path, json={"until": 5, "reason": "x"}).status_code == 422
    assert bob.post(path, json={"until": until, "reason": "Pièce commandée"}).status_code == 200
    bench.for_seconds(120)
    assert bench.outbox()[-1] == ("resolved", "muted", "snoozed")


def test_an_alert_that_is_over_is_not_acknowledged(client_of, alert, bench):
    bench.for_seconds(120)
    answer = client_of("alice").post(f"/api/v1/alerts/{alert}/acknowledge", json={})
    assert (answer.status_code, answer.json["code"]) == (409, "resolved")


def test_live_pages_see_what_is_done_with_an_alert(client_of, alert):
    browser = client_of("alice")
    before = browser.get("/api/v1/live").json["revision"]
    browser.post(f"/api/v1/alerts/{alert}/acknowledge", json={})
    assert browser.get("/api/v1/live").json["revision"] > before


def rules(browser, asset=1):
    items = browser.get(f"/api/v1/assets/{asset}/rules").json["items"]
    return {rule["code"]: rule for rule in items}


def override(browser, **body):
    return browser.post("/api/v1/rules/override", json={"level": "client", **body})


def test_rules_say_where_each_value_comes_from(client_of):
    alice = client_of("alice")
    assert override(alice, code="L1", changes={"limit": 3.58}).status_code == 201
    made = override(alice, code="L1", level="battery", target_id=1, changes={"for_s": 30})
    assert made.status_code == 201
    first, second = rules(alice)["L1"], rules(alice, 2)["L1"]
    assert (first["params"]["limit"], first["for_s"]) == (3.58, 30)
    assert first["origins"] == {"limit": "client", "for_s": "battery"}
    assert (second["for_s"], second["origins"]) == (60, {"limit": "client"})
    assert "L1" not in rules(alice, 4), "a battery of another chemistry has its own"


def test_a_floor_is_tightened_and_not_loosened(client_of):
    alice = client_of("alice")
    for changes in ({"limit": 3.7}, {"for_s": 60}, {"enabled": False}, {"severity": "warning"}):
        answer = override(alice, code="L2", changes=changes)
        assert (answer.status_code, set(answer.json["fields"])) == (422, set(changes))
    tight = {"limit": 3.62, "for_s": 5, "severity": "urgent"}
    assert override(alice, code="L2", changes=tight).status_code == 201
    assert override(alice, code="L1", changes={"enabled": False}).status_code == 201


def test_a_low_limit_is_tightened_upwards(client_of):
    alice = client_of("alice")
    assert override(alice, code="L5", changes={"limit": 2.7}).status_code == 422
    assert override(alice, code="L5", changes={"limit": 2.9}).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"limit": 3.4}, "clear"),
        ({"clear": 3.60}, "clear"),
        ({"limit": "high"}, "limit"),
        ({"limit": True}, "limit"),
        ({"for_s": -1}, "for_s"),
        ({"colour": "red"}, "colour"),
        ({"metric": "soc"}, "metric"),
        ({}, "changes"),
    ],
)
def test_a_contradiction_is_refused_by_its_field(client_of, changes, field):
    answer = override(client_of("alice"), code="L1", changes=changes)
    assert answer.status_code == 422 and field in answer.json["fields"]


def test_eds_alone_moves_a_floor(client_of, house):
    alice, sam = client_of("alice"), client_of("sam")
    looser = {"code": "L2", "changes": {"limit": 3.7}, "eds": True}
    assert override(alice, **looser).status_code == 403
    from app.processor.alerts.overrides import override as set_rule

    with house.tenant(writes=True) as session, session.begin():
        set_rule(session, "L2", "type", 1, {"limit": 3.68}, eds=True, author="user:4")
    told = rules(alice)["L2"]
    assert (told["params"]["limit"], told["origins"]) == (3.68, {"limit": "eds type"})
    assert (
        override(alice, code="L2", level="battery", target_id=1, changes={"limit": 3.7}).status_code
        == 422
    )
    assert sam.get("/api/v1/rules").status_code == 409, "no client was entered"


def test_a_floor_that_is_raised_later_holds(client_of, house):
    alice = client_of("alice")
    override(alice, code="L2", changes={"limit": 3.64})
    from app.processor.alerts.overrides import override as set_rule

    with house.tenant(writes=True) as session, session.begin():
        set_rule(session, "L2", "client", 0, {"limit": 3.6}, eds=True, author="user:4")
    told = rules(alice)["L2"]
    assert (told["params"]["limit"], told["held"]) == (3.6, ["limit"])


def test_a_rule_is_reset(client_of):
    alice = client_of("alice")
    made = override(alice, code="L1", changes={"limit": 3.58})
    path = f"/api/v1/rules/{made.json['id']}"
    assert alice.delete(path, headers={"If-Match": made.headers["ETag"]}).status_code == 200
    assert rules(alice)["L1"]["origins"] == {}


def test_a_client_makes_a_rule_of_its_own(client_of, bench):
    alice = client_of("alice")
    warm = {
        "kind": "threshold",
        "name": "Cellule tiède",
        "level": "type",
        "target_id": 1,
        "changes": {
            "metric": "cell_voltage_max",
            "side": "above",
            "limit": 3.4,
            "clear": 3.35,
            "for_s": 10,
        },
    }
    assert alice.post("/api/v1/rules", json=warm).status_code == 201
    bench.now = now_ms() - 60_000
    bench.for_seconds(15, cells=(3.3, 3.42))
    (row,) = bench.alerts()
    assert row.rule.startswith("C")
    told = alice.get(f"/api/v1/alerts/{row.id}").json
    assert told["title"] == "Cellule tiède"


def test_a_rule_of_ones_own_is_complete(client_of):
    body = {"kind": "threshold", "name": "x", "level": "client", "changes": {"limit": 3}}
    answer = client_of("alice").post("/api/v1/rules", json=body)
    assert answer.status_code == 422 and "clear" in answer.json["fields"]


def test_users_read_rules_and_do_not_change_them(client_of):
    bob = client_of("bob")
    assert "L1" in rules(bob)
    assert bob.get("/api/v1/assets/3/rules").status_code == 404
    assert override(bob, code="L1", changes={"limit": 3.5}).status_code == 403


def test_forms_can_be_made_of_the_kinds(client_of):
    kinds = {
        kind["code"]: kind for kind in client_of("carol").get("/api/v1/rules/kinds").json["items"]
    }
    assert set(kinds) == {"threshold", "rate", "spread", "fault", "quality", "silence", "system"}
    assert [each["code"] for each in kinds["threshold"]["parameters"]][:2] == ["metric", "side"]


def test_a_window_mutes_and_measures(client_of, bench):
    alice = client_of("alice")
    now = now_ms()
    body = {"level": "location", "target_id": 1, "starts_at": now - HOUR, "ends_at": now + HOUR}
    path = "/api/v1/maintenance-windows"
    assert alice.post(path, json=body).status_code == 422, "it has a reason"
    made = alice.post(path, json={**body, "reason": "Remplacement des chargeurs"})
    assert made.status_code == 201
    bench.now = now - 60_000
    bench.for_seconds(15, **HIGH)
    assert bench.open() == ["L2"]
    assert bench.outbox() == [("fired", "muted", "maintenance")]
    assert alice.delete(f"{path}/{made.json['id']}").status_code == 200
    assert alice.get(path).json["items"] == []
