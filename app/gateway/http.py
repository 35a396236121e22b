"""HTTP as this portal speaks it: the API and its document, entity tags, headers for browsers."""

import re
import secrets
from collections.abc import Callable, Iterable
from hashlib import blake2b
from http import HTTPStatus
from threading import Lock
from typing import Any

import marshmallow
from flask import Flask, Response, g, json, request
from flask.typing import ResponseReturnValue
from flask_smorest import Api, Blueprint
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map

from app.core.access import public
from app.core.journal import about, new_request_id
from app.errors import Invalid, TooLarge
from collector.wire import strict_json
from collector.wire.errors import WireError

from .context import settings
from .document import complete
from .problems import tell_http_error

MAX_JSON = 128 * 1024
"""Firewalls of shared hosts refuse longer ones anyway."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000; includeSubDomains"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'{nonce}; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"

LAST_ID = 2**53 - 1
"""The largest whole number that every language of our callers keeps exactly."""

FINGERPRINT = re.compile(r"\.[0-9a-f]{8,}\.\w+$")
COMPRESSED_TAG = re.compile(r"[-;](?:gzip|br|zstd)(?=\")")


class Id(IntegerConverter):
    """The `<int:…>` of addresses: a number that every database can look for.

    What is none matches no address (404); werkzeug would take it for one of another method.
    """

    regex = r"[1-9][0-9]{0,14}"

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=LAST_ID)


class Problem(marshmallow.Schema):
    """An error, as RFC 9457 describes it; `code` is stable, `detail` is for people.

    Some say more: what a sentence of `detail` is made of.
    """

    class Meta:
        unknown = marshmallow.INCLUDE

    type = marshmallow.fields.String(required=True)
    title = marshmallow.fields.String(required=True)
    status = marshmallow.fields.Integer(required=True)
    code = marshmallow.fields.String(required=True)
    detail = marshmallow.fields.String(required=True)
    request_id = marshmallow.fields.String(required=True)
    fields = marshmallow.fields.Dict(keys=marshmallow.fields.String())


class ProblemApi(Api):
    """The API: errors are problems with their headers kept, and the document is made once.

    It is made when somebody first asks for it: a shared host starts processes often, most of them
    are never asked, and describing eighty operations takes as long as all the rest of `create_app`.
    """

    ERROR_SCHEMA = Problem
    document: str | None = None

    def __init__(self, app: Flask) -> None:
        self._undescribed: list[Blueprint] = []
        self._describing = Lock()
        super().__init__(app)

    def register_blueprint(self, blp: Blueprint, **options: Any) -> None:
        """Register the views now, their description later."""
        self._app.register_blueprint(blp, **options)
        self._undescribed.append(blp)

    def handle_http_exception(self, error: HTTPException) -> ResponseReturnValue:
        return tell_http_error(error)

    def described(self) -> dict[str, Any]:
        """The whole document, as the routes of this process make it."""
        with self._describing:
            while self._undescribed:
                blp = self._undescribed.pop(0)
                blp.register_views_in_doc(
                    self, self._app, self.spec, name=blp.name, parameters=None
                )
                self.spec.tag({"name": blp.name, "description": blp.description})
            return complete(self.spec.to_dict(), self._app)

    @public
    def _openapi_json(self) -> Response:
        if self.document is None:
            self.document = json.dumps(self.described(), sort_keys=False)
        return Response(self.document, mimetype="application/json")


def configure(app: Flask) -> None:
    """The API's name and place, and what its addresses are made of."""
    app.url_map.converters["int"] = Id
    app.config.update(
        API_TITLE="TrackingBMS",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )


def name_request() -> None:
    """Give the request the identifier that its answer, its log lines and its audit share."""
    g.request_id = new_request_id()
    about.set({"request_id": g.request_id})


def csp_nonce() -> str:
    """The nonce of this page's inline import map; asking for it allows it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


def add_headers(response: Response) -> Response:
    """What every answer carries, unless its view said otherwise."""
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return response  # the browser keeps the headers of the answer it already has
    headers = response.headers
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if settings().secure:
        headers.setdefault("Strict-Transport-Security", HSTS)
    headers["X-Request-Id"] = g.get("request_id", "")
    if response.mimetype == "text/html":
        nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
        headers.setdefault("Content-Security-Policy", PAGE_POLICY.format(nonce=nonce))
    else:
        headers.setdefault("Content-Security-Policy", DATA_POLICY)
    if request.endpoint == "static" and response.status_code < HTTPStatus.BAD_REQUEST:
        lasting = FINGERPRINT.search(request.path)
        headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if lasting else "public, no-cache"
        )
    headers.setdefault("Cache-Control", "no-store")
    return response


def entity_tag(*parts: object) -> str:
    """A short tag of what an answer depends on: client, revision, scope, query, language."""
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def unchanged(tag: str) -> Response | None:
    """304 when the browser already holds the answer of this tag; None when it must be made."""
    if request.if_none_match.contains_weak(tag):
        return tagged(Response(status=HTTPStatus.NOT_MODIFIED), tag)
    return None


def tagged(response: Response, tag: str) -> Response:
    """The answer with its tag; browsers keep it and ask each time."""
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def json_body() -> dict[str, Any]:
    """The request's JSON object, read strictly; raises TooLarge or Invalid."""
    if (request.content_length or 0) > MAX_JSON:
        raise TooLarge("This is more than is accepted at once.")
    try:
        value = strict_json.loads(request.get_data(cache=True))
    except WireError as error:
        raise Invalid("The request is not acceptable JSON.", code=error.code) from None
    if not isinstance(value, dict):
        raise Invalid("The request is not acceptable JSON.", code="bad_json")
    return value


class PlainEntityTags:
    """WSGI wrapper: takes back what compressing servers append to entity tags.

    Apache answers `"abc"` as `"abc-gzip"` and hands that back unchanged; without this no poll
    would ever be answered 304.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        for name in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"):
            if tags := environ.get(name):
                environ[name] = COMPRESSED_TAG.sub("", tags)
        return self.application(environ, start_response)
