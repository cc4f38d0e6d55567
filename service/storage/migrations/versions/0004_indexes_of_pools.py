"""Indexes of pools, and what tells an api process which part of one has changed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

POOL = ["project_id", "encoder_id", "id"]


def upgrade() -> None:
    project = sa.Column("project_id", sa.String(), server_default="", nullable=False)
    op.add_column("embeddings", project)
    op.execute(
        "UPDATE embeddings SET project_id = "
        "(SELECT images.project_id FROM images WHERE images.id = embeddings.image_id)"
    )
    op.create_index("ix_embeddings_pool", "embeddings", POOL)
    op.create_index("ix_images_project_id_id", "images", ["project_id", "id"])
    known = sa.text("reference_label IS NOT NULL")
    op.create_index(
        "ix_images_reference",
        "images",
        ["project_id", "sha256"],
        sqlite_where=known,
        postgresql_where=known,
    )
    _create_removals()
    _create_indexes()


def _create_removals() -> None:
    op.create_table(
        "removals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_removals_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removals")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_removals_project_id_id", "removals", ["project_id", "id"])


def _create_indexes() -> None:
    op.create_table(
        "indexes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("encoder_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("last_embedding_id", sa.Integer(), nullable=False),
        sa.Column("last_removal_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["encoder_id"], ["encoders.id"], name=op.f("fk_indexes_encoder_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_indexes_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indexes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_indexes_pool", "indexes", POOL)


def downgrade() -> None:
    op.drop_table("indexes")
    op.drop_table("removals")
    op.drop_index("ix_images_reference", "images")
    op.drop_index("ix_images_project_id_id", "images")
    op.drop_index("ix_embeddings_pool", "embeddings")
    # A table that is made anew would lose its AUTOINCREMENT.
    with op.batch_alter_table("embeddings", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("project_id")
