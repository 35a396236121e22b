"""Backups, moves and deletions of clients."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nothing yet."""
