"""The portal with a few views of the tests' own behind its door."""

from collections.abc import Callable

import pytest
from flask import Flask, g, jsonify
from flask.testing import FlaskClient
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.clients.models import Asset
from app.core.access import Permission, public, requires, signed
from app.errors import Conflict, Invalid, Unauthorized
from app.gateway import context, csrf, http
from app.gateway.language import current_locale


@pytest.fixture
def door(app: Flask) -> Flask:
    """The portal with the probes of `add_probes`."""
    add_probes(app)
    return app


@pytest.fixture
def through(door: Flask, client_of: Callable[[str], FlaskClient]) -> Callable[..., FlaskClient]:
    """Somebody at that door: `through("alice")`, `through()` for nobody."""
    return lambda name="nobody": client_of(name or "nobody")


def add_probes(app: Flask) -> None:
    """Views that show what the door did."""
    for path in ("/probe", "/api/v1/probe"):
        name = path.strip("/").replace("/", "_")
        app.add_url_rule(f"{path}/unmarked", f"{name}_unmarked", lambda: "open?")
        app.add_url_rule(f"{path}/public", f"{name}_public", public(lambda: "hello"))
        app.add_url_rule(f"{path}/signed", f"{name}_signed", signed(_signed), methods=["POST"])
        app.add_url_rule(f"{path}/own", f"{name}_own", _own, methods=["GET", "POST"])
        app.add_url_rule(f"{path}/fleet", f"{name}_fleet", _fleet)
        app.add_url_rule(f"{path}/system", f"{name}_system", _system)
        app.add_url_rule(f"{path}/write", f"{name}_write", _write, methods=["GET", "POST"])
        app.add_url_rule(f"{path}/fail/<kind>", f"{name}_fail", _fail)
        app.add_url_rule(f"{path}/word", f"{name}_word", _word)
        app.add_url_rule(f"{path}/tag", f"{name}_tag", _tag)
        app.add_url_rule(f"{path}/json", f"{name}_json", _json, methods=["POST"])
        app.add_url_rule(f"{path}/form", f"{name}_form", _form, methods=["GET", "POST"])


@requires(Permission.MANAGE_SELF)
def _own():
    return jsonify(label=context.current_principal().label)


@requires(Permission.SEE_FLEET)
def _fleet():
    uids = context.tenant_session().scalars(select(Asset.uid).order_by(Asset.id))
    return jsonify(uids=list(uids))


@requires(Permission.SEE_SYSTEM)
def _system():
    return jsonify(ok=True)


@requires(Permission.MANAGE_FLEET)
def _write():
    context.tenant_session(writes=True).get(Asset, 1).name = "changed"
    return jsonify(ok=True)


def _signed():
    return jsonify(cookie_was_read="signed_in" in g)


@public
def _fail(kind: str):
    raise {
        "conflict": Conflict("The value %(value)s is taken.", code="taken", value="<b>7</b>"),
        "fields": Invalid("Some fields need attention.", fields={"name": "A name is needed."}),
        "clock": Unauthorized("The clock is wrong.", code="clock_skew", server_time=1_700_000_000),
        "database": OperationalError("SELECT secret", {}, Exception("gone away")),
        "bug": ZeroDivisionError("private detail"),
    }[kind]


@public
def _word():
    return {"locale": current_locale(), "word": gettext("Battery")}


@public
def _tag():
    tag = http.entity_tag(1, "scope")
    return http.unchanged(tag) or http.tagged(jsonify(values=[1] * 50), tag)


@public
def _json():
    return jsonify(http.json_body())


@public
def _form():
    return csrf.csrf_token()
