"""The seven modules behind their uniform addresses: what they say, do, and refuse."""

import pytest
from sqlalchemy import select

from app.core.models import AuditEntry, Collector, User
from app.gateway.modules.api import MODULES
from app.processor.models import RollupState
from collector.wire.envelope import encode
from tests.site import Site, reading

VERBS = {"status": "GET", "data": "POST", "config": "PUT", "reset": "DELETE"}


def path(module, verb):
    return f"/api/v1/modules/{module}/{verb}"


def actions(house):
    with house.core() as core:
        return core.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()


@pytest.mark.sqlite_only
def test_there_are_the_seven_of_the_specification():
    assert list(MODULES) == [
        "core", "connector", "database", "gateway", "processor", "web", "clients",
    ]  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_status_is_for_those_who_keep_the_platform(client_of, module):
    answer = client_of("sam").get(path(module, "status"))
    assert answer.status_code == 200
    assert answer.json["module"] == module
    assert answer.json["facts"]
    assert client_of("alice").get(path(module, "status")).status_code == 403


@pytest.mark.sqlite_only
@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_without_a_function_says_so(app, client_of, module, verb):
    there = {
        method
        for rule in app.url_map.iter_rules()
        if rule.rule == path(module, verb)
        for method in rule.methods
    }
    answer = client_of("nobody").open(path(module, verb), method=VERBS[verb])
    if VERBS[verb] in there:
        assert answer.status_code in (401, 422)
    else:
        assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS")
        assert answer.json["code"] == "method_not_allowed"


def test_configuration_is_in_force_at_once_and_can_be_taken_back(client_of, house):
    sam, alice = client_of("sam"), client_of("alice")
    assert alice.get("/api/v1/live").json["poll_ms"]["visible"] == 1000
    answer = sam.put(path("web", "config"), json={"poll_seconds": 4})
    assert answer.json["config"] == {"poll_seconds": 4, "poll_hidden_seconds": 15.0}
    assert alice.get("/api/v1/live").json["poll_ms"]["visible"] == 4000
    assert sam.post(path("web", "config"), json={}).json["config"]["poll_seconds"] == 1.0
    assert alice.get("/api/v1/live").json["poll_ms"]["visible"] == 1000
    assert actions(house) == ["module.configure"] * 2


def test_other_processes_follow(client_of, house):
    from app import create_app

    client_of("sam").put(path("web", "config"), json={"poll_seconds": 7})
    other = create_app(house.settings)
    with other.app_context():
        assert other.extensions["configuration"].settings().poll_seconds == 7
    other.extensions["cache"].clear()
    third = create_app(house.settings)
    assert third.extensions["configuration"].settings().poll_seconds == 7
    for app in (other, third):
        app.extensions["engines"].dispose()


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("module", "body"),
    [
        ("web", {"poll_seconds": 0}),
        ("web", {"secret_key": "x" * 40}),
        ("core", {"log_level": "LOUD"}),
        ("connector", {"poll_seconds": 2}),
    ],
)
def test_configuration_has_bounds(client_of, module, body):
    assert client_of("sam").put(path(module, "config"), json=body).status_code == 422


def test_a_slower_cadence_reaches_collectors_with_the_next_receipt(app, client_of, house):
    site = Site(house)
    client_of("sam").put(path("connector", "config"), json={"push_idle_seconds": 40})
    answer = site.post(app.test_client(), encode(site.batch(reading(ts=site.now))))
    assert answer.json["next_push"] >= 40


def test_a_reset_has_to_be_meant(client_of, house):
    sam, bob = client_of("sam"), client_of("bob")
    assert sam.delete(path("core", "reset")).status_code == 422
    assert sam.delete(path("core", "reset"), query_string={"confirm": "web"}).status_code == 422
    assert bob.get("/api/v1/assets").status_code == 200
    assert actions(house) == []


def test_signing_everyone_out_spares_who_asks(client_of, house):
    sam, bob = client_of("sam"), client_of("bob")
    answer = sam.post(path("core", "reset"), query_string={"confirm": "core"})
    assert answer.json["result"] == {"sessions": 1, "people": 4}
    assert bob.get("/api/v1/assets").status_code == 401
    assert sam.get(path("core", "status")).status_code == 200
    with house.core() as core:
        assert dict(core.execute(select(User.id, User.ver)).all()) == {1: 2, 2: 2, 3: 2, 4: 1, 5: 2}
    assert actions(house) == ["module.reset"]


def test_refusals_are_counted_anew(client_of, house):
    site = Site(house)
    with house.core() as core:
        core.get(Collector, site.id).rejected = 7
        core.commit()
    assert client_of("sam").get(path("connector", "status")).json["facts"]["rejected"] == 7
    client_of("sam").delete(path("connector", "reset"), query_string={"confirm": "connector"})
    with house.core() as core:
        assert core.get(Collector, site.id).rejected == 0


def test_a_note_reaches_the_journal(client_of, house):
    note = {"target": "UPS-7", "text": "Replaced"}
    assert client_of("sam").post(path("core", "data"), json=note).status_code == 201
    with house.core() as core:
        [entry] = core.scalars(select(AuditEntry))
        assert (entry.action, entry.target, entry.detail) == (
            "journal.note",
            "UPS-7",
            {"text": "Replaced"},
        )


@pytest.mark.sqlite_only
def test_a_reading_is_evaluated_and_not_stored(client_of):
    carol = client_of("carol")
    given = {
        "asset": "EDS-LFP-0001",
        "ts": 1_767_225_600_000,
        "values": {"pack_voltage": 52.0, "current": -2.0},
        "arrays": {"cell_voltage": [3.2, 3.3]},
    }
    found = carol.post(path("processor", "data"), json={"reading": given}).json["result"]
    assert found["reading"]["values"]["power"] == -104
    assert found["reading"]["values"]["cell_voltage_spread"] == pytest.approx(0.1)
    assert {asset["ts"] for asset in carol.get("/api/v1/live").json["assets"]} == {None}
    assert found["breaks"] == []
    given["arrays"] = {"cell_voltage": [3.68, 3.7]}
    high = carol.post(path("processor", "data"), json={"reading": given}).json["result"]
    assert [(each["rule"], each["value"]) for each in high["breaks"]] == [("L1", 3.7), ("L2", 3.7)]
    assert carol.get("/api/v1/alerts").json["items"] == []
    wrong = carol.post(path("processor", "data"), json={"reading": {"asset": 7}})
    assert wrong.status_code == 422


@pytest.mark.sqlite_only
def test_the_processor_says_which_jobs_are_late_and_compiles_again(client_of, house):
    sam = client_of("sam")
    facts = sam.get(path("processor", "status")).json["facts"]
    assert {"aggregate", "retain", "seal"} <= {each["job"] for each in facts["late_jobs"]}
    with house.tenant(writes=True) as session, session.begin():
        session.add(
            RollupState(asset_id=1, days="20000-20002", minutes="", quarters="", raw_from=0)
        )
    answer = sam.delete(path("processor", "reset") + "?confirm=processor")
    assert answer.json["result"] == {"laurentia": 3, "boreal": 0}
    facts = sam.get(path("processor", "status")).json["facts"]
    assert [client["days_waiting"] for client in facts["clients"]] == [3, 0]
    changed = sam.put(path("processor", "config"), json={"keep_readings_days": 60})
    assert changed.json["config"]["keep_readings_days"] == 60
    assert "60" in client_of("alice").get("/api/v1/retention").json["words"][0]
