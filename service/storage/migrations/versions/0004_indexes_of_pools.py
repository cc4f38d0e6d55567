"""Indexes of pools, and what tells an api process which part of one has changed."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the change that needs it."""


def downgrade() -> None:
    """Filled by the change that needs it."""
