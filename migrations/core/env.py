"""Alembic's way into the core database; `app.database.migrate` hands over the connection."""

from alembic import context

from app.core import models, notices  # noqa: F401  (complete the metadata)
from app.database.base import CoreBase
from app.database.migrate import configure
from app.gateway import models as gateway  # noqa: F401

configure(context, CoreBase.metadata)
