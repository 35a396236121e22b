"""What the outbox holds is told: to whom it concerns, once, and again until it is taken."""

import base64
import hmac
import json
import threading
from dataclasses import replace
from email import message_from_string, policy
from hashlib import sha256

import pytest

from app.core.models import User
from app.core.notices import Webhook
from app.database.engines import Engines
from app.processor.alerts import outbox
from app.processor.alerts.models import Alert
from app.processor.channels import outbound
from app.processor.channels.webhook import new_secret
from app.processor.delivery import preferences
from app.processor.delivery.preferences import Wishes
from tests.processor.delivery.conftest import Post, Receiver

HOUR = outbox.HOUR_MS
EVERYWHERE = (1, 2, 3, 4)


def wish(post: Post, name: str, **values) -> None:
    with post.house.core() as core:
        user = core.get(User, post.house.persona(name).id)
        preferences.save(core, user, replace(Wishes(), **values), EVERYWHERE)
        core.commit()


def add_hook(post: Post, url: str, **values) -> Webhook:
    with post.house.core() as core:
        hook = Webhook(
            tenant_id=1, name="GMAO", url=url, secret=new_secret(), severities=["critical"]
        )
        for name, value in values.items():
            setattr(hook, name, value)
        core.add(hook)
        core.commit()
        return core.get(Webhook, hook.id)


def hook_of(post: Post) -> Webhook:
    with post.house.core() as core:
        hook = core.query(Webhook).one()
        core.expunge(hook)
        return hook


def test_people_of_the_client_are_told_in_their_language(post, letters):
    with post.house.core() as core:
        core.get(User, post.house.persona("bob").id).locale = "en"
        core.commit()
    number = post.alert()

    post.deliver()

    assert {to for to, _ in letters.taken} == {"alice@laurentia.example", "bob@laurentia.example"}
    french = message_from_string(letters.to("alice")[0], policy=policy.default)
    english = message_from_string(letters.to("bob")[0], policy=policy.default)
    assert french["Subject"].startswith("Critique : ")
    assert english["Subject"].startswith("Critical: ")
    plain = french.get_body(("plain",)).get_content()
    page = french.get_body(("html",)).get_content()
    for text in (plain, page):
        assert f"https://portal.example/alertes/{number}" in text
        assert "cellule 11" in text and "3,660" in text and "3,650" in text
        assert "Que faire" in text and "98,0" in text
    assert post.outbox() == [("fired", "sent", "")]
    assert {(channel, ok) for channel, _, ok, _ in post.log()} == {("mail", True)}


def test_whoever_may_not_see_the_battery_is_not_told(post, letters):
    post.alert(asset_id=3)
    post.deliver()
    assert {to for to, _ in letters.taken} == {"alice@laurentia.example"}


@pytest.mark.sqlite_only
def test_severities_and_places_are_wishes(post, letters):
    wish(post, "alice", severities=("urgent",))
    wish(post, "bob", locations=(2,))
    post.alert(asset_id=1)
    post.deliver()
    assert letters.taken == []
    assert post.outbox() == [("fired", "muted", "nobody")]


@pytest.mark.sqlite_only
def test_quiet_hours_delay_what_is_critical_and_let_what_is_urgent_pass(post, letters):
    wish(post, "alice", quiet=(0, 1439))
    wish(post, "bob", channels=())
    post.alert()
    post.alert(severity="urgent")
    post.deliver()
    assert len(letters.to("alice")) == 1
    assert sorted(post.outbox()) == [("fired", "sent", ""), ("fired", "waiting", "quiet")]
    post.now += 24 * HOUR
    with post.house.tenant() as session:
        due = min(
            row.due_at for row in session.query(outbox.Notification) if row.state == "waiting"
        )
    post.now = due
    post.deliver()
    assert len(letters.to("alice")) == 2


@pytest.mark.sqlite_only
def test_an_end_is_told_to_those_who_heard_of_the_beginning(post, letters):
    wish(post, "bob", severities=())
    number = post.alert()
    post.deliver()
    with post.house.tenant(writes=True) as session, session.begin():
        row = session.get(Alert, number)
        row.state, row.open_key, row.resolved_at = "resolved", None, post.now
        outbox.queue(session, [(row, "resolved")], post.now)
    post.deliver()
    assert len(letters.to("alice")) == 2
    assert letters.to("bob") == []


@pytest.mark.sqlite_only
def test_a_reminder_goes_to_whoever_has_taken_it_on_and_stops_with_the_acknowledgement(
    post, letters
):
    post.alert("reminded", assigned_to=2)
    post.deliver()
    assert {to for to, _ in letters.taken} == {"bob@laurentia.example"}
    post.alert("reminded", severity="urgent", acknowledged_at=post.now)
    post.deliver()
    assert post.outbox()[1] == ("reminded", "muted", "acknowledged")


@pytest.mark.sqlite_only
def test_what_nobody_answers_reaches_administrators_and_eds_whatever_they_wish(post, letters):
    wish(post, "alice", severities=(), quiet=(0, 1439))
    post.alert("escalated")
    post.deliver()
    # Alice chose no channel away: mail is still hers.
    assert {to for to, _ in letters.taken} == {"alice@laurentia.example", "sam@eds.example"}


def test_an_unreachable_mail_server_is_tried_again_for_a_day_and_nothing_is_lost(post, letters):
    post.alert()
    port, letters.port = letters.port, 1
    nowhere = replace(post.engines.settings, smtp_url="smtp://127.0.0.1:1")
    with Engines(nowhere) as engines:
        broken = Post(post.house, engines, post.now)
        for _ in range(60):
            broken.deliver()
            broken.now += HOUR
            if broken.outbox()[0][1] == "failed":
                break
    event, state, reason = post.outbox()[0]
    assert (event, state) == ("fired", "failed")
    assert "mail server" in reason
    assert not any(ok for _, _, ok, _ in post.log())
    with post.house.tenant() as session:
        assert session.query(Alert).one().open_key is not None
    assert port


@pytest.mark.sqlite_only
def test_mail_that_comes_back_is_not_sent_there_again_and_its_owner_is_told(post, letters):
    letters.refuses.add("bob@laurentia.example")
    post.alert()
    post.deliver()
    assert post.outbox() == [("fired", "sent", "")]
    refused = [answer for _, who, ok, answer in post.log() if not ok]
    assert len(refused) == 1 and "550" in refused[0]
    with post.house.core() as core:
        bob = core.get(User, 2)
        wishes = preferences.wishes_of(core, [bob])[2]
        assert preferences.refuses_mail(bob, wishes)
    post.alert(severity="urgent")
    post.deliver()
    assert sum(who == "user:2" for _, who, _, _ in post.log()) == 1, "not tried again"
    with post.house.core() as core:
        bob = core.get(User, 2)
        bob.email = "robert@laurentia.example"
        assert not preferences.refuses_mail(bob, wishes)


@pytest.mark.sqlite_only
def test_a_second_attempt_tells_nobody_twice(post, letters, receiver: Receiver):
    add_hook(post, receiver.url)
    receiver.status = 503
    post.alert()
    post.deliver()
    assert post.outbox()[0][:2] == ("fired", "waiting")
    receiver.status = 200
    post.now += HOUR
    post.deliver()
    assert post.outbox() == [("fired", "sent", post.outbox()[0][2])]
    assert len(letters.to("alice")) == 1
    assert len(receiver.got) == 2
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]


@pytest.mark.sqlite_only
def test_a_webhook_can_be_verified_as_standard_webhooks_says(post, receiver: Receiver):
    secret = add_hook(post, receiver.url).secret
    number = post.alert()
    post.deliver()
    headers, body = receiver.got[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(body)
    assert told["type"] == "alert.fired"
    assert told["data"]["id"] == number and told["data"]["cell"] == 10


@pytest.mark.sqlite_only
def test_a_webhook_that_hangs_costs_its_seconds_and_no_more(post, receiver, monkeypatch):
    monkeypatch.setattr(outbound, "SECONDS", 0.3)
    monkeypatch.setattr(outbound.post, "__defaults__", (0.3,))
    receiver.hangs = threading.Event()
    add_hook(post, receiver.url)
    post.alert()
    post.deliver()
    assert post.outbox()[0][1] == "waiting"
    assert any("did not answer" in answer for _, _, ok, answer in post.log() if not ok)


@pytest.mark.sqlite_only
def test_a_webhook_that_answers_5xx_for_a_day_is_given_up_and_the_alert_stays(post, receiver):
    receiver.status = 500
    add_hook(post, receiver.url)
    wish(post, "alice", channels=())
    wish(post, "bob", channels=())
    post.alert()
    for _ in range(40):
        post.deliver()
        post.now += HOUR
    assert post.outbox()[0][1] == "failed"
    assert 24 <= len(receiver.got) <= 27
    assert hook_of(post).active, "what is only broken is asked again with the next alert"


@pytest.mark.sqlite_only
def test_a_webhook_that_is_gone_is_switched_off_with_the_reason(post, receiver):
    receiver.status = 410
    add_hook(post, receiver.url)
    post.alert()
    post.deliver()
    hook = hook_of(post)
    assert not hook.active and "410" in hook.problem
    assert post.outbox() == [("fired", "sent", "")]
