"""MODULE WEB INTERFACE: the pages."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages, their filters and the `assets` commands to the application."""
    from . import (
        audit,
        battery,
        collectors,
        fleet,
        page,
        pending,
        platform,
        privacy,
        profile,
        session,
    )
    from .assets import commands

    parts = (session, profile, fleet, battery, pending, collectors, platform, audit, privacy)
    for module in parts:
        app.register_blueprint(module.blueprint)
    page.init_app(app)
    app.cli.add_command(commands)
