"""What went wrong, told to programs as problem+json (RFC 9457) and to people as a page.

One function decides by path. Sentences are translated here, at the edge; a failure nobody foresaw
shows its request identifier and nothing else.
"""

import logging
import time
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, g, json, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_limiter import RateLimitExceeded
from jinja2 import TemplateError
from markupsafe import escape
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.errors import AppError, Invalid, TooMany, Unauthorized, Unavailable

from .language import current_locale
from .limits import seconds_left

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
SIGN_IN_PATH = "/connexion"
FIRST = {"not_fresh": "/confirmer", "second_factor_needed": "/profil/second-facteur"}
"""Where pages send people who have to do something else before."""

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
}
TEXTS = {
    400: "The request cannot be understood.",
    403: "You may not do this.",
    404: "There is nothing at this address.",
    405: "This address does not accept that method.",
    413: "This is more than is accepted at once.",
    422: "The request is not acceptable.",
    429: "Too many attempts: wait a little and try again.",
    500: "Something went wrong on our side. It has been noted.",
}


def init_app(app: Flask) -> None:
    """Answer our own errors and the database's; those of HTTP go through the API's handler."""
    app.register_error_handler(AppError, tell_app_error)
    app.register_error_handler(OperationalError, tell_database_error)
    app.register_error_handler(PoolTimeout, tell_database_error)


def tell_app_error(error: AppError) -> ResponseReturnValue:
    """Answer an error of the domain; somebody unknown who wants a page is asked to sign in."""
    if isinstance(error, Unauthorized) and error.code == "unauthorized" and not for_program():
        return redirect(_sign_in_url(), code=303)
    if error.code in FIRST and not for_program():
        return redirect(f"{FIRST[error.code]}?{urlencode({'suite': _here()})}", code=303)
    headers = {}
    if isinstance(error, Unavailable | TooMany):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized) and for_program():
        headers["WWW-Authenticate"] = "Bearer"
    extra = dict(error.params)
    if isinstance(error, Invalid) and error.fields:
        extra["fields"] = {name: gettext(text) for name, text in error.fields.items()}
    return problem(error.status, error.code, gettext(error.text, **error.params), headers, **extra)


def tell_database_error(error: Exception) -> ResponseReturnValue:
    """A database that cannot be reached or is overloaded: worth trying again."""
    log.error("the database did not answer", exc_info=error)
    return tell_app_error(
        Unavailable("The database does not answer. Try again in a moment.", code="database")
    )


def tell_http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer what Flask and its extensions raise, keeping headers such as Allow."""
    if error.response is not None:
        return error.response
    status = error.code or 500
    headers = {k: v for k, v in error.get_headers() if k.lower() not in ("content-type",)}
    if isinstance(error, RateLimitExceeded):
        headers["Retry-After"] = str(max(1, round(seconds_left(time.time()))))
    extra = {}
    given = getattr(error, "data", None) or {}  # what webargs found wrong with the arguments
    if messages := given.get("messages") or given.get("errors"):
        extra["fields"] = messages
    text = TEXTS.get(status)
    detail = gettext(text) if text else (error.description or HTTPStatus(status).phrase)
    return problem(status, CODES.get(status, f"http_{status}"), detail, headers, **extra)


def problem(
    status: int, code: str, detail: str, headers: dict[str, str] | None = None, **extra: object
) -> Response:
    """The answer itself: problem+json below /api/, a page elsewhere."""
    request_id = g.get("request_id", "")
    if for_program():
        document = extra | {
            "type": f"tbms:{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": detail,
            "request_id": request_id,
        }
        response = Response(json.dumps(document), mimetype=MEDIA_TYPE)
    else:
        response = Response(_page(status, code, detail, request_id))
    response.status_code = status
    response.headers.extend(headers or {})
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def for_program() -> bool:
    """Whether the answer is for a program."""
    return request.path.startswith("/api/")


def _page(status: int, code: str, text: str, request_id: str) -> str:
    """The error page; bare text when the page itself needs what is broken."""
    try:
        return render_template(
            "error.html", status=status, code=code, text=text, request_id=request_id
        )
    except (TemplateError, SQLAlchemyError):
        log.exception("the error page could not be made")
        return (
            f'<!doctype html><html lang="{current_locale()}"><meta charset="utf-8">'
            f"<title>{status}</title><h1>{status}</h1><p>{escape(text)}</p><p>{request_id}</p>"
        )


def _here() -> str:
    """The page asked for; for a form, the one it stands on."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    return urlsplit(request.referrer or "/").path


def _sign_in_url() -> str:
    """The sign-in page, and where to go from there; only pages can be gone back to."""
    if request.method != "GET" or request.path == "/":
        return SIGN_IN_PATH
    return f"{SIGN_IN_PATH}?{urlencode({'suite': request.full_path.rstrip('?')})}"
