"""A passkey of a real browser: made, used to sign in, and refused once it was removed."""

import re
import threading
from dataclasses import replace

import pytest
from sqlalchemy import select
from waitress import create_server

from app import create_app
from app.core.models import Passkey, UserSession
from tests.chain.programs import free_port

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def site(house):
    """The portal at a name: passkeys answer to names only."""
    port = free_port()
    address = f"http://localhost:{port}"
    app = create_app(replace(house.settings, public_url=address))
    server = create_server(app, host="127.0.0.1", port=port, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield address
    server.close()
    thread.join(5)
    app.extensions["engines"].dispose()


@pytest.fixture
def page(chromium, site):
    context = chromium.new_context(locale="fr-CA")
    context.set_default_timeout(5_000)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    assert page.complaints == []
    context.close()


def plug_in(page, verified=True):
    """An authenticator in the browser's own process."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    return devices, devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in_with_password(page, site, alice, suite):
    page.goto(f"{site}/connexion?suite={suite}")
    page.fill("[name=email]", alice.email)
    page.fill("[name=password]", alice.password)
    page.click("main form [type=submit] >> nth=0")
    page.wait_for_url(site + suite)


def sign_in_with_passkey(page, site):
    page.context.clear_cookies()
    page.goto(f"{site}/connexion?suite=/types")
    page.click("a[href^='/connexion/cle']")
    page.click("form[data-passkey] button")


def test_a_passkey_signs_in_alone_until_it_is_removed(page, site, house):
    plug_in(page)
    sign_in_with_password(page, site, house.persona("alice"), "/profil/cles-acces")
    page.fill("[name=name]", "Portable")
    page.click("form[data-passkey] button")
    page.wait_for_selector("text=Portable")
    with house.core() as core:
        kept = core.scalars(select(Passkey)).one()
        assert (kept.user_id, kept.name, kept.last_used) == (1, "Portable", None)

    sign_in_with_passkey(page, site)
    page.wait_for_url(f"{site}/types")
    with house.core() as core:
        newest = core.scalars(select(UserSession).order_by(UserSession.created_at.desc())).first()
        assert newest.factor_at is not None
        assert core.scalars(select(Passkey)).one().last_used is not None

    page.goto(f"{site}/profil/cles-acces")
    page.click("form[action$='/retirer'] button")
    page.wait_for_selector("text=Clé d’accès retirée")
    sign_in_with_passkey(page, site)
    page.wait_for_selector("text=Cette clé d’accès n’ouvre rien ici.")


def test_an_answer_counts_once_and_a_refusal_of_the_owner_is_told(page, site, house):
    devices, made = plug_in(page)
    sign_in_with_password(page, site, house.persona("alice"), "/profil/cles-acces")
    page.fill("[name=name]", "Portable")
    page.click("form[data-passkey] button")
    page.wait_for_selector("text=Portable")

    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    sign_in_with_passkey(page, site)
    page.wait_for_url(f"{site}/types")
    page.context.clear_cookies()
    page.goto(f"{site}/connexion/cle")
    answer = next(request for request in sent if request.url.endswith("/connexion/cle")).post_data
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.content())[1]
    again = page.request.post(
        f"{site}/connexion/cle", data=answer, headers={
            "Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": token,
        },
    )  # fmt: skip
    assert again.status in (401, 403)

    device = {"authenticatorId": made["authenticatorId"], "isUserVerified": False}
    devices.send("WebAuthn.setUserVerified", device)
    page.goto(f"{site}/connexion/cle")
    page.click("form[data-passkey] button")
    page.wait_for_selector("[data-refused]:not([hidden])")
