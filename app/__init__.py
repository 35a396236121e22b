"""The portal: packages that know each other only downward, joined in `app.wiring`.

Nothing is imported here. Jobs and tests use parts of this package and must not pay for the web.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The WSGI application of an installation; settings come from the environment by default."""
    from .wiring import create_app

    return create_app(settings)
