"""Alembic's way into a client's database; `app.database.migrate` hands over the connection."""

from alembic import context

from app.clients import field_models as fields  # noqa: F401
from app.clients import models as clients  # noqa: F401  (completes the metadata)
from app.clients import share_models as shares  # noqa: F401
from app.database.base import TenantBase
from app.database.migrate import configure
from app.processor import models as processor  # noqa: F401
from app.processor.alerts import models as alerts  # noqa: F401
from app.processor.analytics import models as analytics  # noqa: F401
from app.processor.exports import models as exports  # noqa: F401

configure(context, TenantBase.metadata)
