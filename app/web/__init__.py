"""MODULE WEB INTERFACE: the pages."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the pages, their filters and the `assets` commands to the application."""
    from . import (
        alerts,
        audit,
        battery,
        cell_history,
        collectors,
        days,
        exports,
        fields,
        fleet,
        forgotten,
        health,
        history,
        listing,  # noqa: F401  (the list is one of the fleet's pages)
        notices,
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
        shared,
        shares,
        system,
    )
    from .assets import commands

    past = (history, days, cell_history, health)
    places = (fleet, fields, search, battery, *past, pending, collectors, people, platform, system)
    own = (session, forgotten, profile, notices, passkeys, alerts)
    for module in (*own, *places, exports, shares, shared, audit, privacy, reference):
        app.register_blueprint(module.blueprint)
    page.init_app(app)
    app.cli.add_command(commands)
