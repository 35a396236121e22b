"""MODULE WEB INTERFACE: the pages."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages, their filters and the `assets` commands to the application."""
    from . import (
        audit,
        battery,
        collectors,
        exports,
        fields,
        fleet,
        forgotten,
        history,
        listing,  # noqa: F401  (the list is one of the fleet's pages)
        page,
        passkeys,
        pending,
        people,
        platform,
        privacy,
        profile,
        reference,
        search,
        session,
    )
    from .assets import commands

    places = (fleet, fields, search, battery, history, pending, collectors, people, platform)
    for module in (session, forgotten, profile, passkeys, *places, exports, audit, privacy, reference):
        app.register_blueprint(module.blueprint)
    page.init_app(app)
    app.cli.add_command(commands)
