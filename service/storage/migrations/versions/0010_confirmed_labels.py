"""Whether somebody looked at a label that seemed wrong, and said that it is right."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    confirmed: sa.Column[bool] = sa.Column(
        "confirmed", sa.Boolean(), server_default=sa.false(), nullable=False
    )
    op.add_column("examples", confirmed)


def downgrade() -> None:
    op.drop_column("examples", "confirmed")
