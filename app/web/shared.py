"""What whoever holds a link sees: a few numbers of a few batteries, not whose they are."""

from collections.abc import Sequence
from typing import Any

from flask import (
    Blueprint,
    Response,
    json,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from app.clients import shares
from app.clients.models import Battery
from app.clients.share_models import Share
from app.core.access import Principal, shared
from app.database.base import now_ms
from app.database.sessions import TenantSession
from app.gateway.context import engines, settings
from app.gateway.http import entity_tag, tagged, unchanged
from app.gateway.limits import SHARE, limited
from app.processor.live import snapshot
from app.processor.state import STALE_AT_MOST_MS

from . import board
from . import format as fmt
from .page import words

blueprint = Blueprint("shared", __name__)

COOKIE = "share"
OPEN_SECONDS = 12 * 3600
"""How long a password once typed counts in one browser."""
KIOSK_MS = 30_000


@blueprint.get("/p/<token>")
@shared
@limited(SHARE, "share")
def page(token: str) -> ResponseReturnValue:
    """The cards; a form for the password where there is one; a neutral page for a link of none."""
    now = now_ms()
    found = shares.find(engines(), token, now)
    if found is None:
        return _private(render_template("shared/gone.html"), 404)
    holder, share = found
    if not _unlocked(share, holder):
        return _private(render_template("shared/locked.html", token=token, wrong=False))
    if request.headers.get("Sec-Fetch-Dest", "document") == "document":
        shares.count_use(engines(), holder.tenant, share, now)
    with shares.opened(engines(), holder, share) as (session, batteries):
        entries = _entries(session, batteries, share)
    rows = [board.row(*pair, now) for pair in zip(batteries, entries, strict=True)]
    return _private(
        render_template(
            "shared/page.html",
            share=share,
            rows=rows,
            until=fmt.day(share.expires_at - 1, holder.tenant.time_zone),
            zone=holder.tenant.time_zone,
            live_url=url_for("shared.state", token=token),
            poll={"visible": KIOSK_MS, "hidden": 2 * KIOSK_MS},
            words=words(),
        )
    )


@blueprint.post("/p/<token>")
@shared
@limited(SHARE, "share")
def unlock(token: str) -> ResponseReturnValue:
    """The password, once a browser and half a day."""
    found = shares.find(engines(), token, now_ms())
    if found is None:
        return _private(render_template("shared/gone.html"), 404)
    holder, share = found
    if not shares.opens(share, request.form.get("password", "")[:256]):
        return _private(render_template("shared/locked.html", token=token, wrong=True), 403)
    answer = make_response(redirect(url_for("shared.page", token=token), code=303))
    answer.set_cookie(
        COOKIE,
        _signer().dumps(_seal_of(share, holder)),
        max_age=OPEN_SECONDS,
        path=url_for("shared.page", token=token),
        secure=settings().secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


@blueprint.get("/p/<token>/etat")
@shared
@limited(SHARE, "share")
def state(token: str) -> ResponseReturnValue:
    """The same numbers for the page's poller: no name, no id but the place in the page."""
    now = now_ms()
    found = shares.find(engines(), token, now)
    if found is None or not _unlocked(found[1], found[0]):
        return _private("", 404)
    holder, share = found
    with shares.opened(engines(), holder, share) as (session, batteries):
        assets = _entries(session, batteries, share)
    tag = entity_tag("shared", token, json.dumps(assets))
    if answer := unchanged(tag):
        return answer
    document = {
        "revision": now,
        "now": now,
        "poll_ms": {"visible": KIOSK_MS, "hidden": 2 * KIOSK_MS},
        "stale_ms": STALE_AT_MOST_MS,
        "assets": assets,
    }
    return tagged(Response(json.dumps(document), mimetype="application/json"), tag)


def _entries(session: TenantSession, batteries: Sequence[Battery], share: Share) -> list[dict]:
    """Live states, with the place in the page for an id and the shared values alone."""
    known = {entry["id"]: entry for entry in snapshot(session, arrays=False)}
    return [
        {
            **known[battery.id],
            "id": place,
            "uid": "",
            "values": {
                code: value
                for code, value in known[battery.id]["values"].items()
                if code in share.fields
            },
            "states": {},
            "alarms": [],
            "alerts": {"open": 0, "severity": ""},
        }
        for place, battery in enumerate(batteries, start=1)
    ]


def _unlocked(share: Share, holder: Principal) -> bool:
    """Whether it has no password, or this browser has shown the present one."""
    if share.password_hash is None:
        return True
    try:
        shown = _signer().loads(request.cookies.get(COOKIE, ""), max_age=OPEN_SECONDS)
    except BadData:
        return False
    return shown == _seal_of(share, holder)


def _seal_of(share: Share, holder: Principal) -> list[Any]:
    return [holder.tenant.id, share.id, (share.password_hash or "")[-16:]]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret_key, salt="shared page")


def _private(text: str, status: int = 200) -> Response:
    """An answer that no search engine keeps and that sends its address nowhere."""
    answer = Response(text, status, mimetype="text/html")
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
