"""The tables. The database is the truth; indexes and caches are derived from it."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from service.domain.entities import now

# SQLite would hand a deleted row's id out again: to browsers that cache images by their id, to
# readers that ask for embeddings newer than the last one they saw, and to the cache of heads.
_NEVER_REUSE_IDS = {"sqlite_autoincrement": True}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC that comes back with its time zone, from SQLite too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: UtcDateTime, dict[str, Any]: JSON}


class EncoderRow(Base):
    __tablename__ = "encoders"

    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class ProjectRow(Base):
    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    classifier: Mapped[str] = mapped_column(default="auto")
    encoder_id: Mapped[str | None] = mapped_column(ForeignKey("encoders.id"))
    # The encoder that takes over when it has embedded the whole pool beside the present one.
    next_encoder_id: Mapped[str | None] = mapped_column(ForeignKey("encoders.id"))
    active_version: Mapped[int | None]
    # Counts every change of a label, so that a classifier can say which state it was fitted on.
    labels_revision: Mapped[int] = mapped_column(default=0)
    # Images up to this one have been compared with all older ones for near-duplicates.
    compared_until: Mapped[int] = mapped_column(default=0, server_default="0")
    # Removals up to this one are no rows any more: a reader that knows fewer starts over.
    removals_forgotten: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(default=now)


class ClassRow(Base):
    __tablename__ = "classes"
    __table_args__ = (UniqueConstraint("project_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    slug: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class ImageRow(Base):
    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("project_id", "sha256"),
        # Lists and counts a pool without looking at the rows themselves.
        Index("ix_images_project_id_id", "project_id", "id"),
        # By content, which is as good as by chance: the first of them are a fair sample.
        Index(
            "ix_images_reference",
            "project_id",
            "sha256",
            sqlite_where=text("reference_label IS NOT NULL"),
            postgresql_where=text("reference_label IS NOT NULL"),
        ),
        # Few images are near-duplicates: an index of those alone.
        Index(
            "ix_images_project_id_near_duplicate_of",
            "project_id",
            "near_duplicate_of",
            sqlite_where=text("near_duplicate_of IS NOT NULL"),
            postgresql_where=text("near_duplicate_of IS NOT NULL"),
        ),
        _NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(index=True)
    filename: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    # The true label, where the source knew it: measures predictions, never trains them.
    reference_label: Mapped[str | None]
    # Of images that look alike these 64 bits differ in few; None where it was not computed yet.
    perceptual_hash: Mapped[int | None] = mapped_column(BigInteger)
    # The older image that it is a copy of, to the eye.
    near_duplicate_of: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class PoolCountRow(Base):
    """Number of a project's images, and of those that an encoder has embedded; triggers keep it."""

    __tablename__ = "pool_counts"

    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )
    # Empty for the images as such.
    encoder_id: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class ExampleRow(Base):
    __tablename__ = "examples"
    __table_args__ = _NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), unique=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("classes.id", ondelete="CASCADE"), index=True)
    # Somebody was asked about this label and said that it is right.
    confirmed: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(default=now)

    image: Mapped[ImageRow] = relationship()
    label: Mapped[ClassRow] = relationship()


class EmbeddingRow(Base):
    __tablename__ = "embeddings"
    __table_args__ = (
        UniqueConstraint("image_id", "encoder_id"),
        # Counts a pool, and finds what is new in it, whatever its size.
        Index("ix_embeddings_pool", "project_id", "encoder_id", "id"),
        _NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # The image's, which never changes; it goes with the image.
    project_id: Mapped[str] = mapped_column(server_default="")
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    encoder_id: Mapped[str] = mapped_column(ForeignKey("encoders.id", ondelete="CASCADE"))
    vector: Mapped[bytes] = mapped_column(LargeBinary, doc="float32, little-endian, (dimension,)")


class RemovalRow(Base):
    """An image that was deleted: what tells a reader of the pool to leave it out."""

    __tablename__ = "removals"
    __table_args__ = (Index("ix_removals_project_id_id", "project_id", "id"), _NEVER_REUSE_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    image_id: Mapped[int]


class IndexRow(Base):
    """A version of a pool's index: a folder that holds the pool as it was at one moment."""

    __tablename__ = "indexes"
    __table_args__ = (
        Index("ix_indexes_pool", "project_id", "encoder_id", "id"),
        _NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    encoder_id: Mapped[str] = mapped_column(ForeignKey("encoders.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(doc="of its folder")
    rows: Mapped[int]
    kind: Mapped[str]
    last_embedding_id: Mapped[int]
    last_removal_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)


class ClassifierRow(Base):
    __tablename__ = "classifiers"
    __table_args__ = (UniqueConstraint("project_id", "version"), _NEVER_REUSE_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    version: Mapped[int]
    kind: Mapped[str]
    encoder_id: Mapped[str] = mapped_column(ForeignKey("encoders.id"))
    labels_revision: Mapped[int]
    class_counts: Mapped[dict[str, Any]]
    estimate: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    metrics: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    # Unlabelled images that there were to learn from.
    pool_size: Mapped[int] = mapped_column(default=0, server_default="0")
    head: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, doc="an .npz of plain arrays")
    # None for versions of releases that kept none.
    labels: Mapped[bytes | None] = mapped_column(
        LargeBinary, deferred=True, doc="image ids by class, as compressed JSON"
    )
    created_at: Mapped[datetime] = mapped_column(default=now)


class JobRow(Base):
    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_kind", "state", "kind"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    payload: Mapped[dict[str, Any]]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(default="")
    rate: Mapped[float | None] = mapped_column(doc="of `done`, a second")
    # What came of it so far, by kind; changed with the rows that it counts.
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    # Attempts that count no more against the job, because someone asked to resume it after them.
    forgiven: Mapped[int] = mapped_column(default=0, server_default="0")
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobRecordRow(Base):
    __tablename__ = "job_records"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]


class MapRow(Base):
    __tablename__ = "maps"
    __table_args__ = (Index(None, "project_id", "encoder_id"), _NEVER_REUSE_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    encoder_id: Mapped[str] = mapped_column(ForeignKey("encoders.id", ondelete="CASCADE"))
    count: Mapped[int]
    places: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True, doc="image ids (n,) int32, then places (n, 2) uint16"
    )
    created_at: Mapped[datetime] = mapped_column(default=now)


class ExtractionPartRow(Base):
    """Images that one worker embeds for a job: those from the first to the last that waited."""

    __tablename__ = "extraction_parts"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    first_image_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_image_id: Mapped[int]
    images: Mapped[int]
    embedded: Mapped[int] = mapped_column(default=0)
    unreadable: Mapped[list[int]] = mapped_column(JSON, default=list)
    finished: Mapped[bool] = mapped_column(default=False)
    # Who embeds it, while the heart beats; whoever comes next takes it where it stopped.
    holder: Mapped[str | None]
    heartbeat_at: Mapped[datetime | None]
