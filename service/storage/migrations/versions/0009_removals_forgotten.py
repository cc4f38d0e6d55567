"""Up to which removal a project has forgotten them, because no index needs them any more."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    forgotten = sa.Column("removals_forgotten", sa.Integer(), server_default="0", nullable=False)
    op.add_column("projects", forgotten)


def downgrade() -> None:
    op.drop_column("projects", "removals_forgotten")
