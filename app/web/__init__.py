"""MODULE WEB INTERFACE: the pages."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages, their filters and the `assets` commands to the application."""
    from . import battery, collectors, fleet, page, pending, platform, profile, session
    from .assets import commands

    for module in (session, profile, fleet, battery, pending, collectors, platform):
        app.register_blueprint(module.blueprint)
    page.init_app(app)
    app.cli.add_command(commands)
