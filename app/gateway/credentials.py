"""How programs get in: tokens for a person's password, and keys that a person makes for them."""

from typing import Any

from flask import request
from flask_smorest import Blueprint

from app.core import keys, tokens, totp
from app.core.access import ADMIN_ROLES, KEY_SCOPES, Permission, fresh, public, requires
from app.core.auth import authenticate, principal_for
from app.core.journal import record
from app.core.models import ApiKey, User
from app.database.base import now_ms
from app.errors import Forbidden, Invalid, Unauthorized, sentence

from .context import core_session, current_principal, current_tenant, engines, settings
from .http import json_body
from .limits import REFRESH, SIGN_IN, limited, note_failure

blueprint = Blueprint(
    "credentials", __name__, url_prefix="/api/v1", description="Tokens and keys of programs."
)


REFRESH_FIELD = "refresh_token"


def _text(**examples: str) -> dict[str, Any]:
    """The document's words for an object of texts, each with an example."""
    properties = {
        name: {"type": "string", "maxLength": 512, "example": example}
        for name, example in examples.items()
    }
    required = [name for name in examples if name != "code"]
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


@blueprint.route("/tokens", methods=["POST"])
@blueprint.doc(
    summary="Sign a program in with a person's password",
    requestBody=_text(**{"email": "alice@example.com", "password": "a long sentence", "code": "1"}),
    responses={200: {"description": "An access token, and one to renew it"}},
)
@public
@limited(SIGN_IN, shared="sign-in")
def create() -> dict[str, Any]:
    """An access token for ten minutes and a refresh token for thirty days."""
    given = _fields("email", "password", optional=("code",))
    core = core_session(writes=True)
    try:
        user = authenticate(core, given["email"], given["password"])
        _check_factor(user, given["code"])
    except Unauthorized:
        note_failure()
        raise
    answer = _pair(user, tokens.start_family(core, user))
    _record(user, "token.create")
    core.commit()
    return answer


@blueprint.route("/tokens/refresh", methods=["POST"])
@blueprint.doc(
    summary="Renew an access token",
    requestBody=_text(**{REFRESH_FIELD: "kqTz…"}),
    responses={200: {"description": "The next pair; the token sent is used up"}},
)
@public
@limited(REFRESH)
def refresh() -> dict[str, Any]:
    """The next pair of tokens. A refresh token used twice ends all of its family."""
    core = core_session(writes=True)
    renewal = tokens.renew(core, _fields("refresh_token")["refresh_token"])
    if renewal.token is None:
        _record(renewal.user, "token.reuse")
    answer = _pair(renewal.user, renewal.token) if renewal.token else None
    core.commit()
    if answer is None:
        raise tokens.bad_token()
    return answer


@blueprint.route("/tokens/revoke", methods=["POST"])
@blueprint.doc(
    summary="End a refresh token",
    requestBody=_text(**{REFRESH_FIELD: "kqTz…"}),
    responses={204: {"description": "It renews nothing any more"}},
)
@public
@limited(REFRESH)
def revoke() -> tuple[str, int]:
    """End a refresh token and all of its family; unknown ones are ended already."""
    core = core_session(writes=True)
    if user := tokens.revoke(core, _fields("refresh_token")["refresh_token"]):
        _record(user, "token.revoke")
    core.commit()
    return "", 204


@blueprint.route("/keys")
@blueprint.doc(summary="List keys", responses={200: {"description": "The keys, newest first"}})
@requires(Permission.MANAGE_SELF)
def list_keys() -> dict[str, Any]:
    """One's own keys; all of the client's for whoever manages its people."""
    principal = current_principal()
    own = None if principal.may(Permission.MANAGE_USERS) else principal.id
    found = keys.listing(core_session(), current_tenant().id, own)
    return {"keys": [key_json(key) for key in found]}


@blueprint.route("/keys", methods=["POST"])
@blueprint.doc(
    summary="Make a key",
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "maxLength": 80, "example": "Nightly report"},
                        "scopes": {
                            "type": "array",
                            "items": {"type": "string", "enum": sorted(KEY_SCOPES)},
                            "example": ["see_fleet"],
                        },
                        "days": {"type": "integer", "minimum": 1, "maximum": keys.MAX_DAYS},
                    },
                    "required": ["name", "scopes", "days"],
                    "additionalProperties": False,
                }
            }
        },
    },
    responses={201: {"description": "The key; its text is shown this once"}},
)
@requires(Permission.MANAGE_SELF)
@fresh
def make_key() -> tuple[dict[str, Any], int]:
    """A key for a program, made by a person who has just proved who they are."""
    given = json_body()
    scopes, days = given.get("scopes"), given.get("days")
    listed = isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes)
    key, text = add_key(
        str(given.get("name", "")), scopes if listed else [], days if type(days) is int else 0
    )
    return key_json(key) | {"key": text}, 201


def add_key(name: str, scopes: list[str], days: int) -> tuple[ApiKey, str]:
    """Make a key of the caller and record it; its text is known to the caller alone."""
    current_tenant()  # a super admin who entered no client has none to make a key of
    principal, core = current_principal(), core_session(writes=True)
    key, text = keys.create(core, principal, name, scopes, days, live=settings().secure)
    detail = {"name": key.name, "scopes": key.scopes}
    address = request.remote_addr or ""
    record(core, principal, "key.create", key.prefix, detail=detail, address=address)
    core.commit()
    return key, text


@blueprint.route("/keys/<int:key_id>/revoke", methods=["POST"])
@blueprint.doc(summary="End a key", responses={200: {"description": "The key, ended"}})
@requires(Permission.MANAGE_SELF)
def revoke_key(key_id: int) -> dict[str, Any]:
    """End a key at once."""
    return key_json(end_key(key_id))


def end_key(key_id: int) -> ApiKey:
    """End a key of the caller, or of the caller's client for whoever manages its people."""
    principal, core = current_principal(), core_session(writes=True)
    own = None if principal.may(Permission.MANAGE_USERS) else principal.id
    key = keys.revoke(core, current_tenant().id, key_id, own)
    record(core, principal, "key.revoke", key.prefix, address=request.remote_addr or "")
    core.commit()
    return key


def key_json(key: ApiKey) -> dict[str, Any]:
    """A key as the API shows it: never its secret."""
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "scopes": key.scopes,
        "person": key.user.name,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used": key.last_used,
        "revoked_at": key.revoked_at,
        "live": keys.is_live(key, now_ms()),
    }


def _check_factor(user: User, code: str) -> None:
    """Whoever has an authenticator shows a code of it; administrators may have to have one."""
    core = core_session(writes=True)
    if user.totp_secret is not None:
        if not code:
            raise Unauthorized("A code of your authenticator is needed.", code="code_needed")
        if not totp.accept(core, user, code):
            raise Unauthorized("This code is not right.", code="bad_code")
    elif user.role in ADMIN_ROLES and settings().second_factor_required:
        raise Forbidden("Set up two-step verification first.", code="second_factor_needed")


def _fields(*needed: str, optional: tuple[str, ...] = ()) -> dict[str, str]:
    """The texts of the request's object, exactly these."""
    given = json_body()
    wrong = {
        name: sentence("A text is needed.")
        for name in (*needed, *optional)
        if not isinstance(given.get(name, "" if name in optional else None), str)
        or len(given.get(name, "")) > 512
    }
    wrong |= {
        name: sentence("There is no such field.")
        for name in given
        if name not in (*needed, *optional)
    }
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    return {name: given.get(name, "") for name in (*needed, *optional)}


def _pair(user: User, refresh_token: str) -> dict[str, Any]:
    return {
        "access_token": tokens.make_access(tokens.token_keys(settings()), user),
        "token_type": "Bearer",
        "expires_in": tokens.ACCESS_SECONDS,
        "refresh_token": refresh_token,
    }


def _record(user: User, action: str) -> None:
    caller = principal_for(engines(), user)
    core = core_session(writes=True)
    record(core, caller, action, address=request.remote_addr or "")
