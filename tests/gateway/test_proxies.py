"""Who is asking and over what, with and without proxies in front."""

from dataclasses import replace

import pytest

from app import create_app
from app.core.access import public
from app.gateway.limits import client_address

pytestmark = pytest.mark.sqlite_only

FORGED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
}


@pytest.fixture
def seen(house):
    """What the portal makes of a request's sender: address, scheme, host."""
    opened = []

    def ask(proxies: int, **headers: str) -> tuple[str, str, str]:
        from flask import request

        app = create_app(replace(house.settings, trusted_proxies=proxies))
        opened.append(app)
        app.add_url_rule(
            "/who", "who", public(lambda: [client_address(), request.scheme, request.host])
        )
        answer = app.test_client().get("/who", headers={**FORGED, **headers})
        return tuple(answer.json)

    yield ask
    for app in opened:
        app.extensions["engines"].dispose()


def test_without_proxies_nobody_can_say_they_are_somebody_else(seen):
    assert seen(0) == ("127.0.0.1", "http", "localhost")


def test_a_trusted_proxy_is_believed_and_what_it_was_told_is_not(seen):
    chain = {"X-Forwarded-For": "10.6.6.6, 203.0.113.9", "X-Forwarded-Host": "portal.example"}
    assert seen(1, **chain) == ("203.0.113.9", "https", "portal.example")
