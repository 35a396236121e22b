"""A forgotten password: one mail, one use, half an hour, and nobody learns who has an account."""

import re
import statistics
import time
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from sqlalchemy import select, update

from app import create_app
from app.core.models import AuditEntry, Passkey, User
from tests.chain.programs import free_port
from tests.house import PERSONAS

pytestmark = pytest.mark.sqlite_only

PAGE = "/mot-de-passe/oublie"
WANTED = "une phrase toute neuve"


class Kept(Message):
    """What a mail server was given."""

    def __init__(self) -> None:
        super().__init__()
        self.mails = []

    def handle_message(self, message) -> None:
        self.mails.append(message)


@pytest.fixture
def mails():
    """A mail server on this machine, and what it took."""
    kept = Kept()
    server = Controller(kept, hostname="127.0.0.1", port=free_port())
    server.start()
    kept.url = f"smtp://127.0.0.1:{server.port}"
    yield kept
    server.stop()


@pytest.fixture
def app(house, mails):
    app = create_app(replace(house.settings, smtp_url=mails.url))
    app.testing = True
    yield app
    app.extensions["engines"].dispose()


@pytest.fixture
def forget(client_of, submit):
    def ask(email, browser=None):
        answer = submit(browser or client_of("nobody"), PAGE, PAGE, email=email)
        answer.get_data()
        answer.close()  # as a server does once everything is sent
        return answer

    return ask


def link_in(mail) -> str:
    return "/acces/" + re.search(r"/acces/([\w.-]+)", mail.get_payload(decode=True).decode())[1]


def test_a_link_by_mail_sets_a_password_once(forget, mails, client_of, submit, house):
    assert forget(" BOB@laurentia.example ").status_code == 200
    (mail,) = mails.mails
    assert mail["To"] == PERSONAS["bob"].email
    path, bob, visitor = link_in(mail), client_of("bob"), client_of("nobody")
    assert bob.get("/types").status_code == 200
    assert submit(visitor, path, path, password=WANTED).location == "/connexion"
    assert bob.get("/types").status_code == 303, "other browsers are signed out"
    assert visitor.get(path).status_code == 404, "a link is used once"
    entered = submit(
        visitor, "/connexion", "/connexion", email=PERSONAS["bob"].email, password=WANTED
    )
    assert entered.status_code == 303
    with house.core() as core:
        actions = core.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["password.forgotten", "password.change", "session.start"]


def test_a_link_is_over_after_half_an_hour(forget, mails, client_of, monkeypatch):
    forget(PERSONAS["bob"].email)
    path, now = link_in(mails.mails[0]), time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 29 * 60)
    assert client_of("nobody").get(path).status_code == 200
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 31 * 60)
    assert client_of("nobody").get(path).status_code == 404


def test_nobody_learns_who_has_an_account(forget, mails, house):
    with house.core() as core:
        core.execute(update(User).where(User.id == 3).values(status="disabled"))
        core.commit()
    known, unknown, shut = (
        forget(email)
        for email in (PERSONAS["bob"].email, "nobody@x.example", PERSONAS["carol"].email)
    )
    plain = [re.sub(r'"[\w-]{22,}"', "", answer.text) for answer in (known, unknown, shut)]
    assert plain[0] == plain[1] == plain[2]
    assert {a.status_code for a in (known, unknown, shut)} == {200}
    assert [mail["To"] for mail in mails.mails] == [PERSONAS["bob"].email]


def test_the_answer_leaves_before_the_mail(app, house, submit, client_of, mails):
    """A slow mail server would tell who exists: the answer is complete before it is asked."""
    browser = client_of("nobody")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(PAGE).text)[1]
    form = {"csrf_token": token, "email": PERSONAS["bob"].email}
    answer = browser.post(PAGE, data=form, buffered=False)
    assert b"half an hour" in (text := next(answer.iter_encoded())) or "demi-heure" in text.decode()
    assert mails.mails == []
    answer.close()
    assert len(mails.mails) == 1


def test_known_and_unknown_take_as_long(app, house, client_of):
    browser = client_of("nobody")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(PAGE).text)[1]
    took = {True: [], False: []}
    for n in range(40):
        known = n % 2 == 0
        email = PERSONAS["bob"].email if known else f"nobody{n}@x.example"
        app.extensions["limits"].storage.reset()
        began = time.perf_counter()
        answer = browser.post(PAGE, data={"csrf_token": token, "email": email}, buffered=False)
        took[known].append(time.perf_counter() - began)
        answer.close()
    known, unknown = (statistics.median(took[each]) for each in (True, False))
    assert 0.67 < known / unknown < 1.5


def test_mails_run_out_for_an_address_and_for_a_place(forget, mails):
    bob = PERSONAS["bob"].email
    assert [forget(bob).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert len(mails.mails) == 3
    others = [forget(f"u{n}@x.example").status_code for n in range(18)]
    assert others == [200] * 17 + [429]


def test_strangers_asking_end_no_invitation(forget, client_of, submit):
    made = submit(client_of("alice"), "/utilisateurs/2", "/utilisateurs/2/lien")
    path = "/acces/" + re.search(r"/acces/([\w.-]+)", made.text)[1]
    forget(PERSONAS["bob"].email)
    assert client_of("nobody").get(path).status_code == 200


def test_a_new_password_does_not_stand_in_for_the_second_factor(
    forget, mails, client_of, submit, house
):
    with house.core() as core:
        core.get_one(User, 2).totp_secret = "JBSWY3DPEHPK3PXP"
        core.commit()
    forget(PERSONAS["bob"].email)
    path, visitor = link_in(mails.mails[0]), client_of("nobody")
    submit(visitor, path, path, password=WANTED)
    entered = submit(
        visitor, "/connexion", "/connexion", email=PERSONAS["bob"].email, password=WANTED
    )
    assert entered.location.startswith("/connexion/verification")
    assert visitor.get("/types").status_code == 303


def test_no_address_adds_a_header_or_a_recipient(forget, mails, submit, client_of):
    for email in (
        "bob@laurentia.example\nBcc: eve@x.example",
        "bob@laurentia.example, eve@x.example",
        "bob@laurentia.example\r\n\r\nbody",
    ):
        assert forget(email).status_code == 200
    invited = submit(
        client_of("alice"), "/utilisateurs", "/utilisateurs",
        email="eve@x.example\nBcc: all@x.example", name="Eve", role="user",
    )  # fmt: skip
    assert invited.status_code == 422
    assert mails.mails == []


def test_without_a_mail_server_the_page_says_whom_to_ask(house, submit):
    app = create_app(house.settings)
    page = app.test_client().get(PAGE)
    app.extensions["engines"].dispose()
    assert page.status_code == 200 and 'name="email"' not in page.text


def test_an_administrator_helps_whoever_lost_their_telephone(mails, client_of, submit, house):
    with house.core() as core:
        core.get_one(User, 2).totp_secret = "JBSWY3DPEHPK3PXP"
        core.add(
            Passkey(
                user_id=2, credential_hash=b"h" * 32, credential_id=b"i", public_key=b"k", name="x"
            )
        )
        core.commit()
    bob = client_of("bob")
    done = submit(client_of("alice"), "/utilisateurs/2", "/utilisateurs/2/second-facteur")
    assert done.status_code == 303
    assert bob.get("/types").status_code == 303
    with house.core() as core:
        assert core.get_one(User, 2).totp_secret is None
        assert core.scalars(select(Passkey)).all() == []
        entry = core.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor, entry.target) == ("factor.reset", "user:1", "user:2")
    assert [mail["To"] for mail in mails.mails] == [PERSONAS["bob"].email]


def test_but_not_their_own_nor_another_clients(mails, client_of, submit):
    alice = client_of("alice")
    page = "/utilisateurs/2"
    assert submit(alice, page, "/utilisateurs/1/second-facteur").status_code == 409
    assert submit(alice, page, "/utilisateurs/5/second-facteur").status_code == 404
