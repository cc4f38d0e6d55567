"""Indexes of large pools: built beside, followed by every process, and never missed."""

import os
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, update

from service.domain.entities import now
from service.settings import Settings
from service.storage import indexes
from service.storage.jobs import add_job
from service.storage.pool_cache import Pools
from service.storage.pools import Pool
from service.storage.tables import IndexRow, RemovalRow
from service.usecases.context import Context, create_context
from service.usecases.indexing import (
    INDEXED_FROM,
    drop_old,
    forget_damaged,
    forget_what_went,
    is_due,
    request_due,
)
from service.usecases.jobs import list_jobs
from service.usecases.pool import delete_image
from service.usecases.projects import create_project, delete_project
from tests.s3_server import BUCKET
from tests.service.large_pools import (
    encoder_of,
    fill,
    folders,
    index_now,
    load,
    random_features,
    remove,
    settled,
    versions,
)


def fresh(context: Context) -> Pools:
    """What a process that just started knows: nothing."""
    return Pools(context.segments)


def names_found(pool: Pool, among: np.ndarray | None = None) -> list[list[int]]:
    return pool.nearest(random_features(5, seed=9), 10, among)[0].tolist()


@pytest.fixture
def other(context: Context) -> Iterator[Context]:
    """Another process, or replica, on the same database and folder."""
    other = create_context(context.settings)
    yield other
    other.database.close()


def test_a_version_says_what_the_database_says(context: Context) -> None:
    ids = fill(context, 400)
    plain = load(context)
    index_now(context)
    pool = load(context, fresh(context))
    assert pool.segment is not None
    assert (plain.segment, len(pool.tail)) == (None, 0)
    assert pool.image_ids.tolist() == plain.image_ids.tolist() == ids
    assert pool.last_embedding_id == plain.last_embedding_id
    every_third = np.arange(0, 400, 3)
    np.testing.assert_allclose(pool.features[every_third], plain.features[every_third], atol=1e-3)
    for among in (None, every_third, np.array([5]), np.empty(0, np.int64)):
        assert names_found(pool, among) == names_found(plain, among)
    assert pool.row_of(ids[7]) == 7
    assert pool.row_of(999_999) is None


def test_what_came_after_a_version_is_found_at_once(context: Context) -> None:
    fill(context, 300)
    index_now(context)
    pools = fresh(context)
    load(context, pools)
    newer = fill(context, 20, seed=1)
    pool = load(context, pools)
    assert (len(pool), len(pool.tail)) == (320, 20)
    assert pool.nearest(random_features(20, seed=1), 1)[0][:, 0].tolist() == newer
    plain = Pool(pool.encoder_id).followed(0, (pool.image_ids, pool.features[:]), 0, NONE)
    assert names_found(pool) == names_found(plain)
    mixed = np.array([3, 299, 300, 319])
    assert names_found(pool, mixed) == names_found(plain, mixed)


NONE = np.empty(0, np.int64)


def test_deleted_images_are_never_found_again(context: Context) -> None:
    ids = fill(context, 300)
    index_now(context)
    pools = fresh(context)
    before = load(context, pools)
    newer = fill(context, 10, seed=1)
    delete_image(context, "default", ids[0])
    remove(context, ids[17], newer[4])
    left = [each for each in [*ids, *newer] if each not in (ids[0], ids[17], newer[4])]
    for pool in (load(context, pools), load(context, fresh(context))):
        assert pool.image_ids.tolist() == left
        assert pool.rows_of([ids[0], ids[1], ids[17], ids[18], newer[4], newer[5]]).tolist() == [
            left.index(each) for each in (ids[1], ids[18], newer[5])
        ]
        assert pool.features.shape == (307, 32)
        for wanted in (ids[0], ids[17]):
            query = before.features[[before.row_of(wanted) or 0]]
            assert wanted not in pool.nearest(query, 307)[0]
        assert sorted(pool.nearest(before.features[[0]], 307)[0][0].tolist()) == left
        near = pool.features[[left.index(ids[18])]]
        assert pool.nearest(near, 1)[0].tolist() == [[ids[18]]]
    assert len(before) == 300, "a pool that someone holds never changes"
    index_now(context)
    assert load(context, fresh(context)).image_ids.tolist() == left


def test_a_replica_takes_up_a_version_that_another_built(context: Context, other: Context) -> None:
    fill(context, 300)
    assert load(other).segment is None
    index_now(context)
    assert len(settled(other)) == 300
    fill(context, 300, seed=1)
    assert len(load(other)) == 600, "at once, from the database"
    index_now(context)
    pool = settled(other)
    assert (len(pool), len(pool.tail)) == (600, 0)
    assert names_found(pool) == names_found(settled(context))


def test_a_version_is_fetched_by_a_replica_on_another_machine(
    settings: Settings, context: Context, s3_client: object, tmp_path: Path
) -> None:
    url = f"s3://{BUCKET}/pool"
    first, second, third = (
        create_context(settings.model_copy(update={"store_url": url, "data_dir": tmp_path / name}))
        for name in ("a", "b", "c")
    )
    fill(first, 300)
    index_now(first)
    pool = load(second)
    assert pool.segment is not None
    assert names_found(pool) == names_found(load(first))
    (folder,) = folders(second)
    (folder / "index.faiss").write_bytes(b"damaged")
    assert load(second, fresh(second)).segment is not None, "fetched again"
    second.segments.drop_all_but(set(), 0)
    assert load(third).segment is None, "it is in no place any more"
    assert len(load(third)) == 300
    for each in (first, second, third):
        each.database.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": shutil.rmtree,
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "empty manifest": lambda folder: (folder / "manifest.json").write_text("{}"),
    "no manifest at all": lambda folder: (folder / "manifest.json").write_text("[1]"),
    "short file": lambda folder: (folder / "features.npy").write_bytes(b"short"),
    "other bytes": lambda folder: (folder / "index.faiss").write_bytes(
        (folder / "index.faiss").read_bytes()[:-8] + b"otherend"
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_without_its_folder_the_pool_comes_from_the_database_and_another_is_due(
    context: Context, damage: str
) -> None:
    fill(context, 300)
    index_now(context)
    (folder,) = folders(context)
    DAMAGES[damage](folder)
    pools = context.pools
    assert len(load(context, pools)) == 300
    assert load(context, pools).segment is None
    forget_damaged(context)
    assert versions(context) == []
    index_now(context)
    assert len(settled(context)) == 300


def test_a_version_that_cannot_be_opened_leaves_the_one_before_in_use(context: Context) -> None:
    fill(context, 300)
    index_now(context)
    fill(context, 50, seed=1)
    index_now(context)
    shutil.rmtree(context.settings.indexes_dir / "default" / encoder_of(context) / last(context))
    pool = load(context, fresh(context))
    assert (len(pool), len(pool.tail)) == (350, 50)


def last(context: Context) -> str:
    return versions(context)[-1].name


def test_what_a_killed_worker_left_is_swept_when_it_is_old(context: Context) -> None:
    fill(context, 30)
    index_now(context)
    (version,) = folders(context)
    draft = version.parent / ".unfinished-abc"
    draft.mkdir()
    (draft / "features.npy").write_bytes(b"half")
    drop_old(context)
    assert draft.exists(), "a worker may be writing it"
    hour_ago = time.time() - 3700
    for folder in (draft, version):
        os.utime(folder, (hour_ago, hour_ago))
    drop_old(context)
    assert folders(context) == [version]


def test_replaced_versions_go_after_a_while(context: Context) -> None:
    for seed in range(4):
        fill(context, 30, seed=seed)
        index_now(context)
    drop_old(context)
    assert len(versions(context)) == 4, "a request may be at work on them"
    with context.database.write() as session:
        session.execute(update(IndexRow).values(created_at=now() - timedelta(hours=2)))
    kept = [row.name for row in versions(context)[-2:]]
    drop_old(context)
    assert [row.name for row in versions(context)] == kept


def test_a_deleted_projects_images_never_come_back(context: Context) -> None:
    create_project(context, "Birds")
    fill(context, 60, project_id="birds")
    index_now(context, "birds")
    assert len(load(context, project_id="birds")) == 60
    delete_project(context, "birds")
    assert versions(context) == []
    create_project(context, "Birds")
    assert len(load(context, project_id="birds")) == 0
    ids = fill(context, 3, seed=1, project_id="birds")
    assert load(context, project_id="birds").image_ids.tolist() == ids


def test_large_pools_are_indexed_by_a_job_and_small_ones_never(
    context: Context, work: Callable[[], int]
) -> None:
    create_project(context, "Small")
    fill(context, 50, project_id="small")
    fill(context, INDEXED_FROM - 1)
    request_due(context)
    assert list_jobs(context) == []
    fill(context, 1, seed=1)
    request_due(context)
    request_due(context)
    (job,) = list_jobs(context)
    assert (job.kind, job.project_id) == ("index", "default")
    work()
    (done,) = list_jobs(context)
    assert (done.state, done.done, done.total) == ("succeeded", INDEXED_FROM, INDEXED_FROM)
    pool = load(context)
    assert pool.segment is not None
    assert len(pool) == INDEXED_FROM
    with context.database.read() as session:
        assert not is_due(session, "default", encoder_of(context))
    request_due(context)
    assert len(list_jobs(context)) == 1


def test_searches_go_on_while_images_come_and_versions_change(context: Context) -> None:
    fill(context, 200)
    index_now(context)
    settled(context)
    stopping = threading.Event()
    problems: list[str] = []

    def search() -> None:
        while not stopping.is_set():
            pool = load(context)
            ids, cosines = pool.nearest(pool.features[[0, len(pool) - 1]], 1)
            if ids[:, 0].tolist() != pool.image_ids[[0, -1]].tolist() or cosines.min() < 0.99:
                problems.append(f"{ids} in a pool of {len(pool)}")

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for seed in range(1, 6):
        fill(context, 40, seed=seed)
        index_now(context)
    stopping.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(settled(context)) == 400


def test_removals_that_every_index_has_are_forgotten(
    context: Context, other: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "WORTH_FORGETTING", 3)
    ids = fill(context, 300)
    index_now(context)
    settled(context)
    behind = other.pools
    assert len(load(other, behind)) == 300
    remove(context, *ids[:4])
    forget_what_went(context)
    assert removals(context) == 4, "the only version lacks them"
    index_now(context)
    with context.database.write() as session:
        session.delete(session.scalars(select(IndexRow).order_by(IndexRow.id)).first())
    settled(context)
    forget_what_went(context)
    assert removals(context) == 0
    remove(context, ids[4])
    assert len(load(context)) == len(load(other, behind)) == len(load(other, Pools(other.segments)))
    assert not set(ids[:5]) & set(load(other, behind).image_ids.tolist())
    index_now(context)
    assert versions(context)[-1].last_removal_id == load(context).last_removal_id


def test_removals_are_kept_while_a_version_is_being_built(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "WORTH_FORGETTING", 1)
    remove(context, *fill(context, 10)[:3])
    with context.database.write() as session:
        job = add_job(session, "index", {"encoder_id": encoder_of(context)}, "default")
        job.state = "running"
    forget_what_went(context)
    assert removals(context) == 3


def test_a_pool_of_a_deleted_project_is_let_go(context: Context) -> None:
    project_id = create_project(context, "Short-lived").id
    fill(context, 5, project_id=project_id)
    pool = weakref.ref(load(context, project_id=project_id))
    fill(context, 5, seed=1)
    kept = load(context)
    delete_project(context, project_id)
    forget_what_went(context)
    assert pool() is None
    assert load(context) is kept


def removals(context: Context) -> int:
    """Rows of removals."""
    with context.database.read() as session:
        return session.scalar(select(func.count()).select_from(RemovalRow)) or 0
