"""What versions learned from: their labels, the size of their pool, and what was measured."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("classifiers", sa.Column("labels", sa.LargeBinary(), nullable=True))
    op.add_column("classifiers", sa.Column("metrics", sa.JSON(), nullable=True))
    pool_size = sa.Column("pool_size", sa.Integer(), server_default="0", nullable=False)
    op.add_column("classifiers", pool_size)


def downgrade() -> None:
    # A table that is made anew would lose its AUTOINCREMENT.
    with op.batch_alter_table("classifiers", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("pool_size")
        batch_op.drop_column("metrics")
        batch_op.drop_column("labels")
