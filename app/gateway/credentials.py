"""How programs get in: tokens for a person's password, and keys that a person makes for them."""

from typing import Any

from flask import Response, request

from app.core import keys, tokens, totp
from app.core.access import ADMIN_ROLES, KEY_SCOPES, Permission, fresh
from app.core.auth import authenticate, principal_for
from app.core.journal import record
from app.core.models import ApiKey, User
from app.database.base import now_ms
from app.errors import Forbidden, Unauthorized, sentence

from .context import core_session, current_principal, current_tenant, engines, settings
from .limits import REFRESH, SIGN_IN, limited, note_failure
from .paging import listing, page, page_of
from .resources import Resources
from .schema import Choice, Flag, Many, Schema, Secret, Text, Whole

blueprint = Resources("credentials", __name__, "Tokens and keys of programs.")

SCOPES = tuple(sorted(str(scope) for scope in KEY_SCOPES))
MOMENT = 1_767_225_600_000
BEARER = "Bearer"


class SignIn(Schema):
    """A person's password, and a code if they have an authenticator."""

    email = Secret(1, 512, "alice@example.com", required=True)
    """As it is, because failures are counted for exactly what was sent."""
    password = Secret(1, 512, "a long sentence", required=True)
    code = Secret(0, 512, "123456")


class RefreshToken(Schema):
    """A refresh token, as it was given."""

    refresh_token = Secret(1, 512, "kqTz", required=True)


class TokenPair(Schema):
    """An access token, and the refresh token that renews it once."""

    access_token = Text(4096, "eyJhbGciOiJIUzI1NiJ9", required=True)
    token_type = Choice(BEARER, required=True)
    expires_in = Whole(1, example=tokens.ACCESS_SECONDS, required=True, about="Seconds.")
    refresh_token = Text(512, "kqTz", required=True)


class NewKey(Schema):
    """A key to be made: what it may do, and for how many days."""

    name = Text(80, "Nightly report", least=1, required=True)
    scopes = Many(Choice(*SCOPES, example="see_fleet"), len(SCOPES), required=True)
    days = Whole(1, keys.MAX_DAYS, example=90, required=True)


class KeyDocument(Schema):
    """A key of a program, never its secret."""

    id = Whole(1, example=3, required=True)
    prefix = Text(8, "k3x9p2qa", required=True, about="Names the key in lists and logs.")
    name = Text(80, "Nightly report", required=True)
    scopes = Many(Choice(*SCOPES, example="see_fleet"), len(SCOPES), required=True)
    person = Text(120, "Alice", required=True, about="Who made it, and for whom it acts.")
    created_at = Whole(example=MOMENT, required=True, about="Epoch milliseconds, UTC.")
    expires_at = Whole(example=MOMENT, required=True)
    last_used = Whole(example=MOMENT, required=True, allow_none=True)
    revoked_at = Whole(example=MOMENT, required=True, allow_none=True)
    live = Flag(required=True, about="Neither revoked nor expired.")


class MadeKey(KeyDocument):
    """A new key with its text, which is shown this once."""

    key = Text(128, "tbms_live_k3x9p2qa", required=True)


SORTS = {"id": ApiKey.id, "name": ApiKey.name, "expires_at": ApiKey.expires_at}


@blueprint.operation(
    "POST",
    "/tokens",
    None,
    sentence("Sign a program in with a person's password"),
    body=SignIn,
    answer=TokenPair,
)
@limited(SIGN_IN, shared="sign-in")
def create_token(body: dict[str, str]) -> dict[str, Any]:
    """An access token for ten minutes and a refresh token for thirty days."""
    core = core_session(writes=True)
    try:
        user = authenticate(core, body["email"], body["password"])
        _check_factor(user, body.get("code", ""))
    except Unauthorized:
        note_failure()
        raise
    answer = _pair(user, tokens.start_family(core, user))
    _record(user, "token.create")
    core.commit()
    return answer


@blueprint.operation(
    "POST",
    "/tokens/refresh",
    None,
    sentence("Renew an access token"),
    body=RefreshToken,
    answer=TokenPair,
)
@limited(REFRESH)
def refresh_token(body: dict[str, str]) -> dict[str, Any]:
    """The next pair of tokens. A refresh token used twice ends all of its family."""
    core = core_session(writes=True)
    renewal = tokens.renew(core, body["refresh_token"])
    if renewal.token is None:
        _record(renewal.user, "token.reuse")
    answer = _pair(renewal.user, renewal.token) if renewal.token else None
    core.commit()
    if answer is None:
        raise tokens.bad_token()
    return answer


@blueprint.operation(
    "POST", "/tokens/revoke", None, sentence("End a refresh token"), body=RefreshToken, status=204
)
@limited(REFRESH)
def revoke_token(body: dict[str, str]) -> Response:
    """End a refresh token and all of its family; unknown ones are ended already."""
    core = core_session(writes=True)
    if user := tokens.revoke(core, body["refresh_token"]):
        _record(user, "token.revoke")
    core.commit()
    return Response(status=204)


@blueprint.operation(
    "GET",
    "/keys",
    Permission.MANAGE_SELF,
    sentence("List keys"),
    query=listing(KeyDocument, ("-id", "name", "expires_at")),
    answer=page_of(KeyDocument),
)
def list_keys(query: dict[str, Any]) -> dict[str, Any]:
    """One's own keys; all of the client's for whoever manages its people. The newest first."""
    principal = current_principal()
    own = None if principal.may(Permission.MANAGE_USERS) else principal.id
    found = keys.of_client(current_tenant().id, own)
    return page(core_session(), found, SORTS, ApiKey.id, query, key_json)


@blueprint.operation(
    "POST",
    "/keys",
    Permission.MANAGE_SELF,
    sentence("Make a key"),
    body=NewKey,
    answer=MadeKey,
    status=201,
)
@fresh
def make_key(body: dict[str, Any]) -> dict[str, Any]:
    """A key for a program, made by a person who has just proved who they are."""
    key, text = add_key(**body)
    return key_json(key) | {"key": text}


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


@blueprint.operation(
    "POST",
    "/keys/<int:key_id>/revoke",
    Permission.MANAGE_SELF,
    sentence("End a key"),
    answer=KeyDocument,
)
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


def _pair(user: User, refresh_token: str) -> dict[str, Any]:
    return {
        "access_token": tokens.make_access(tokens.token_keys(settings()), user),
        "token_type": BEARER,
        "expires_in": tokens.ACCESS_SECONDS,
        "refresh_token": refresh_token,
    }


def _record(user: User, action: str) -> None:
    caller = principal_for(engines(), user)
    core = core_session(writes=True)
    record(core, caller, action, address=request.remote_addr or "")
