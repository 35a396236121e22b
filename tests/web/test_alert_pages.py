"""The inbox, one alert's story, a battery's alerts, and how one is told: read and used by people."""

import pytest
from sqlalchemy import select

from app.core.models import User
from app.database.base import now_ms
from app.processor.alerts import outbox
from app.processor.alerts.models import Alert, AlertEvent
from app.processor.delivery import preferences

HOUR = 3_600_000


@pytest.fixture
def ring(house):
    """`ring(asset_id, …)`: an open alert, with its beginning on record."""

    def make(asset_id=1, severity="critical", rule="L2", **values) -> int:
        now = now_ms()
        with house.tenant(writes=True) as session, session.begin():
            row = Alert(
                asset_id=asset_id, rule=rule, kind="threshold", severity=severity,
                open_key=f"{asset_id}|{rule}|", cell=10, value=3.66, limit=3.65,
                facts={"metric": "cell_voltage_max", "held_ms": 10_000, "soc": 98.0},
                began_at=now - HOUR, fired_at=now - HOUR,
            )  # fmt: skip
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)
            session.flush()
            session.add(AlertEvent(alert_id=row.id, at=now - HOUR, event="fired"))
            outbox.queue(session, [(row, "fired")], now)
            return row.id

    return make


def test_the_inbox_groups_what_has_one_cause(client_of, ring):
    ring(1)
    ring(2)
    ring(3, severity="warning", rule="L1")
    page = client_of("alice").get("/alertes").text
    assert page.count('<li class="al">') == 3
    assert "2\xa0alertes" in page or "2 alertes" in page
    assert page.index("critique : ") < page.index("avertissement : ")


@pytest.mark.sqlite_only
def test_nothing_open_is_good_news(client_of):
    assert "Tout va bien" in client_of("alice").get("/alertes").text


def test_people_see_the_alerts_of_their_batteries(client_of, ring):
    mine, other = ring(1), ring(3)
    bob = client_of("bob")
    page = bob.get("/alertes").text
    assert f"/alertes/{mine}" in page and f"/alertes/{other}" not in page
    assert bob.get(f"/alertes/{other}").status_code == 404


@pytest.mark.sqlite_only
def test_filters_narrow(client_of, ring):
    critical, warning = ring(1), ring(1, severity="warning", rule="L1")
    page = client_of("alice").get("/alertes?gravite=warning&lieu=&responsable=").text
    assert f"/alertes/{warning}" in page and f"/alertes/{critical}" not in page


def test_one_alert_tells_its_story_and_is_dealt_with(client_of, ring, submit, house):
    number = ring(1)
    alice, address = client_of("alice"), f"/alertes/{number}"
    page = alice.get(address).text
    assert "cellule 11" in page and "3,660" in page and "Que faire" in page
    assert submit(alice, address, address, do="acknowledge").status_code == 303
    assert submit(alice, address, address, do="assign", user="2").status_code == 303
    assert submit(alice, address, address, do="comment", note="J’y vais.").status_code == 303
    given = {"do": "snooze", "hours": "8", "note": "Pièce commandée"}
    assert submit(alice, address, address, **given).status_code == 303
    page = alice.get(address).text
    for text in ("Acquittée", "Assignée", "J’y vais.", "Pièce commandée", "Bob"):
        assert text in page
    with house.tenant() as session:
        row = session.get(Alert, number)
        assert row.acknowledged_by == "user:1" and row.assigned_to == 2
        assert row.snoozed_until > now_ms() + 7 * HOUR


@pytest.mark.sqlite_only
def test_what_cannot_be_done_is_said(client_of, ring, submit):
    number = ring(1)
    alice, address = client_of("alice"), f"/alertes/{number}"
    answer = submit(alice, address, address, do="comment", note="")
    assert answer.status_code == 422 and "Écrivez quelques mots" in answer.text
    answer = submit(alice, address, address, do="snooze", hours="9999", note="x")
    assert answer.status_code == 422


@pytest.mark.sqlite_only
def test_many_are_acknowledged_at_once_and_others_are_passed_over(client_of, ring, submit, house):
    first, second = ring(1), ring(2)
    over = ring(3, resolved_at=1, open_key=None, state="resolved")
    alice = client_of("alice")
    answer = submit(alice, "/alertes", "/alertes", alerts=[str(first), str(second), str(over)])
    assert answer.status_code == 303
    with house.tenant() as session:
        seen = select(Alert.id).where(Alert.acknowledged_at.is_not(None))
        assert set(session.scalars(seen)) == {first, second}


@pytest.mark.sqlite_only
def test_a_reader_is_offered_nothing_to_do(client_of, ring):
    page = client_of("carol").get(f"/alertes/{ring(1)}").text
    assert 'name="do"' not in page


@pytest.mark.sqlite_only
def test_a_link_of_a_mail_leads_there_after_signing_in(client_of, ring):
    answer = client_of("nobody").get(f"/alertes/{ring(1)}")
    assert answer.status_code in (302, 303)
    assert f"/alertes/{1}" in answer.headers["Location"].replace("%2F", "/")


def test_a_battery_says_its_alerts_and_its_rules(client_of, ring):
    alice = client_of("alice")
    assert "Aucune alerte depuis" in alice.get("/batteries/1/alertes").text
    ring(1)
    page = alice.get("/batteries/1/alertes").text
    assert "cellule 11" in page and "L2" in page


@pytest.mark.sqlite_only
def test_every_page_says_what_is_open(client_of, ring):
    ring(1)
    ring(2, severity="warning", rule="L1")
    page = client_of("alice").get("/profil").text
    assert 'aria-label="Alertes ouvertes"' in page


@pytest.mark.sqlite_only
def test_what_was_told_is_on_record(client_of, ring, house):
    number = ring(1)
    with house.tenant(writes=True) as session, session.begin():
        row = session.scalar(select(outbox.Notification))
        outbox.log(session, row.id, "mail", "user:2", False, "550 no such mailbox")
        row.state = outbox.FAILED
    alice = client_of("alice")
    page = alice.get("/alertes/envois").text
    assert "550 no such mailbox" in page and "Bob" in page and "1 message n" in page
    assert "550 no such mailbox" in alice.get(f"/alertes/{number}").text


def test_wishes_are_kept_and_refused_with_the_field(client_of, submit, house):
    bob, address = client_of("bob"), "/profil/alertes"
    good = {"severities": ["urgent"], "channels": ["mail"], "from": "22:00", "to": "06:30"}
    assert submit(bob, address, address, **good).status_code == 303
    with house.core() as core:
        wishes = preferences.wishes_of(core, [core.get(User, 2)])[2]
    assert wishes.severities == ("urgent",) and wishes.quiet == (22 * 60, 6 * 60 + 30)
    assert not wishes.weekly
    answer = submit(bob, address, address, channels=["sms"], phone="514")
    assert answer.status_code == 422 and "+15145550123" in answer.text


@pytest.mark.sqlite_only
def test_a_trial_says_what_came_of_it(client_of, submit):
    page = submit(client_of("alice"), "/profil/alertes", "/profil/alertes/essai", channel="webpush")
    assert "Le message d’essai n’est pas parti" in page.text
