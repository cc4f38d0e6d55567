"""What imports know of images."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the change that needs it."""


def downgrade() -> None:
    """Filled by the change that needs it."""
