"""Parts of extractions that workers share."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the change that needs it."""


def downgrade() -> None:
    """Filled by the change that needs it."""
