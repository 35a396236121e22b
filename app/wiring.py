"""The single place where the portal's parts meet.

It constructs and connects; it migrates nothing, creates no table and starts no thread, because a
shared host runs it in several processes at once and ends them as it likes.
"""

from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from . import cli, operating, upkeep, web
from .cache import SharedCache
from .clients import api as clients_api
from .connector import api as connector_api
from .core import api as core_api
from .core.access import public
from .database.engines import Engines
from .gateway import api as gateway_api
from .gateway import (
    audited,
    context,
    credentials,
    csrf,
    http,
    identify,
    language,
    limits,
    problems,
    wrapped,
)
from .gateway.configuration import Configuration
from .gateway.modules import api as modules
from .processor import api as processor_api
from .processor.alerts import api as alerts_api
from .processor.delivery import api as delivery_api
from .settings import ROOT, Settings

MAX_BODY = 1024 * 1024
"""Bytes of the largest request taken at all; a full push is a quarter of it."""


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application of an installation; settings come from the environment by default.

    A request passes: named → admitted, if the caller may → limited → its view → headers.
    """
    settings = settings or Settings.from_env()
    app = Flask("trackingbms", root_path=str(ROOT), static_folder="static")
    configure(app, settings)
    app.extensions["engines"] = Engines(settings)
    app.extensions["cache"] = SharedCache(settings.cache_dir / "shared")
    app.extensions["configuration"] = Configuration(
        app.extensions["engines"], app.extensions["cache"]
    )

    identify.init_app(app)
    language.init_app(app, settings)
    problems.init_app(app)

    app.before_request(http.name_request)
    audited.init_app(app)
    app.before_request(identify.gate)
    register_views(app)
    limits.init_app(app, settings.limits_storage)
    app.after_request(http.add_headers)
    app.teardown_appcontext(context.close_sessions)
    cli.add_commands(app)
    upkeep.add_commands(app)
    operating.add_commands(app)

    app.wsgi_app = http.PlainEntityTags(app.wsgi_app)
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
    return app


def configure(app: Flask, settings: Settings) -> None:
    """What Flask itself wants to know."""
    http.configure(app)
    app.request_class = wrapped.FormRequest
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY,
        PREFERRED_URL_SCHEME=urlsplit(settings.public_url).scheme,
        SESSION_COOKIE_NAME="__Host-form" if settings.secure else "form",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    if settings.secure:
        app.config["TRUSTED_HOSTS"] = [urlsplit(settings.public_url).hostname]
    app.jinja_env.globals.update(csrf_token=csrf.csrf_token, csp_nonce=http.csp_nonce)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def register_views(app: Flask) -> None:
    """Everything that answers: the API's resources, the pages, the files."""
    api = http.ProblemApi(app)
    parts = (
        gateway_api,
        credentials,
        connector_api,
        processor_api,
        *alerts_api.parts,
        delivery_api,
        *clients_api.parts,
        core_api,
        modules,
    )
    for blueprint in (part.blueprint for part in parts):
        api.register_blueprint(blueprint)
    web.register(app)
    app.view_functions["static"] = public(app.view_functions["static"])
