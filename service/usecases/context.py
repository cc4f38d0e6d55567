"""What the use cases work with, put together once a process."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from service.domain.entities import Estimate
from service.jobs import JobQueue, create_celery
from service.settings import Settings
from service.storage.classifiers import Heads
from service.storage.database import Database
from service.storage.encoders import EncoderShelf
from service.storage.image_store import ImageStore
from service.storage.pool_cache import Pools
from service.storage.segments import SegmentShelf
from service.usecases.accuracies import LabelledState
from service.usecases.evaluated import Comparison
from service.usecases.judgements import Judgement
from service.usecases.layouts import Layouts
from service.usecases.results import Results
from service.usecases.scores import ScoreCache, Scores, Strangers
from service.usecases.turns import Turns


@dataclass(frozen=True)
class Context:
    """The database is the truth; pools, heads, scores and results are caches of it."""

    settings: Settings
    database: Database
    images: ImageStore
    encoders: EncoderShelf
    queue: JobQueue
    segments: SegmentShelf
    pools: Pools
    scores: ScoreCache[Scores]
    strangers: ScoreCache[Strangers]
    heads: Heads = field(default_factory=Heads)
    accuracies: Results[LabelledState, Estimate | None] = field(default_factory=Results)
    judgements: Results[tuple[int, int], Judgement] = field(default_factory=Results)
    comparisons: Results[Hashable, Comparison[Any]] = field(default_factory=Results)
    # A project's page asks for it all the time: many may wait for one another here.
    references: Results[tuple[int, int, int], Estimate] = field(
        default_factory=lambda: Results(waiting=64)
    )
    exports: Turns = field(default_factory=Turns)
    layouts: Layouts = field(default_factory=Layouts)
    # Maps as they are sent, compressed: one of a million images takes 20 MB.
    maps: Results[str, bytes] = field(default_factory=lambda: Results(capacity=2))


def create_context(settings: Settings) -> Context:
    """Open everything that the settings name; the schema is brought up to date."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database)
    database.migrate()
    segments = SegmentShelf(settings.indexes_dir, settings.store)
    # Of both kinds: each request that waits holds one of the database's fifteen connections.
    scoring = Turns()
    return Context(
        settings=settings,
        database=database,
        images=ImageStore(settings.store, min_free_mb=settings.min_free_mb, roots=settings.roots),
        encoders=EncoderShelf(settings.encoders_dir),
        queue=JobQueue(create_celery(settings.broker)),
        segments=segments,
        pools=Pools(segments),
        scores=ScoreCache(Scores, scoring),
        strangers=ScoreCache(Strangers, scoring),
    )
