"""MODULE WEB INTERFACE: the pages."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages, their filters and the `assets` commands to the application."""
    from . import (
        audit,
        battery,
        collectors,
        fleet,
        forgotten,
        history,
        page,
        passkeys,
        pending,
        people,
        platform,
        privacy,
        profile,
        reference,
        session,
    )
    from .assets import commands

    places = (fleet, battery, history, pending, collectors, people, platform)
    for module in (session, forgotten, profile, passkeys, *places, audit, privacy, reference):
        app.register_blueprint(module.blueprint)
    page.init_app(app)
    app.cli.add_command(commands)
