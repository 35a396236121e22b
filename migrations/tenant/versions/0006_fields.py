"""Custom fields, tags, saved views and dashboards."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
