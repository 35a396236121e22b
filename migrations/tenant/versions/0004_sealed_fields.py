"""Personal fields of a client are sealed."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing yet."""
