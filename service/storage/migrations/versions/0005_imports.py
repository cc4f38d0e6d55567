"""What imports know of images, and jobs of their pace and outcome."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEAR = "ix_images_project_id_near_duplicate_of"


def upgrade() -> None:
    op.add_column("images", sa.Column("perceptual_hash", sa.BigInteger(), nullable=True))
    op.add_column("images", sa.Column("near_duplicate_of", sa.Integer(), nullable=True))
    flagged = sa.text("near_duplicate_of IS NOT NULL")
    op.create_index(
        NEAR,
        "images",
        ["project_id", "near_duplicate_of"],
        sqlite_where=flagged,
        postgresql_where=flagged,
    )
    compared = sa.Column("compared_until", sa.Integer(), server_default="0", nullable=False)
    op.add_column("projects", compared)
    op.add_column("jobs", sa.Column("rate", sa.Double(), nullable=True))
    op.add_column("jobs", sa.Column("outcome", sa.JSON(), nullable=True))


def downgrade() -> None:
    # A table that is made anew would lose its AUTOINCREMENT.
    with op.batch_alter_table("jobs", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("outcome")
        batch_op.drop_column("rate")
    with op.batch_alter_table("projects", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("compared_until")
    op.drop_index(NEAR, "images")
    with op.batch_alter_table("images", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("near_duplicate_of")
        batch_op.drop_column("perceptual_hash")
