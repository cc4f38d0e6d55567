"""The pool in memory follows the database, whatever happens there."""

import numpy as np
import pytest

from models.features import normalise
from service.storage.embeddings import add_embeddings
from service.storage.indexes import note_removals
from service.storage.pool_cache import Pools
from service.storage.pools import Pool
from service.storage.projects import get_project
from service.storage.tables import ImageRow
from service.usecases.context import Context


@pytest.fixture
def encoder_id(context: Context) -> str:
    with context.database.read() as session:
        return str(get_project(session, "default").encoder_id)


def add(context: Context, encoder_id: str, *names: str) -> list[int]:
    """Images with embeddings that their names decide."""
    with context.database.write() as session:
        rows = [
            ImageRow(project_id="default", sha256=name, filename=name, width=1, height=1)
            for name in names
        ]
        session.add_all(rows)
        session.flush()
        ids = [row.id for row in rows]
        features = [np.random.default_rng(ord(name)).normal(size=32) for name in names]
        add_embeddings(session, encoder_id, ids, np.array(features, np.float32))
    return ids


def remove(context: Context, image_id: int) -> None:
    with context.database.write() as session:
        note_removals(session, "default", [image_id])
        session.delete(session.get_one(ImageRow, image_id))


def load(context: Context, pools: Pools, encoder_id: str) -> Pool:
    with context.database.read() as session:
        return pools.get(session, "default", encoder_id)


def test_a_pool_grows_and_shrinks_with_the_database(context: Context, encoder_id: str) -> None:
    pools = Pools(context.segments)
    assert len(load(context, pools, encoder_id)) == 0
    ids = add(context, encoder_id, "a", "b")
    assert load(context, pools, encoder_id).image_ids.tolist() == ids
    first = load(context, pools, encoder_id)
    assert load(context, pools, encoder_id) is first, "unchanged, so not read again"
    ids += add(context, encoder_id, "c")
    assert load(context, pools, encoder_id).image_ids.tolist() == ids
    remove(context, ids[0])
    assert load(context, pools, encoder_id).image_ids.tolist() == ids[1:]
    assert first.image_ids.tolist() == ids[:2], "a pool that someone holds never changes"


def test_one_image_gone_and_another_come_is_noticed(context: Context, encoder_id: str) -> None:
    pools = Pools(context.segments)
    ids = add(context, encoder_id, "a", "b")
    load(context, pools, encoder_id)
    remove(context, ids[1])
    ids = [ids[0], *add(context, encoder_id, "c")]
    pool = load(context, pools, encoder_id)
    assert pool.image_ids.tolist() == ids
    assert pool.features.shape == (2, 32)


def test_the_nearest_are_those_of_the_largest_cosine(context: Context, encoder_id: str) -> None:
    add(context, encoder_id, *"abcdefgh")
    pool = load(context, Pools(context.segments), encoder_id)
    query = np.random.default_rng(1).normal(size=(1, 32)).astype(np.float32)
    cosines = (pool.features[:] @ normalise(query).T)[:, 0]
    found, similarities = pool.nearest(query, 3)
    best = np.argsort(-cosines)[:3]
    assert found[0].tolist() == pool.image_ids[best].tolist()
    np.testing.assert_allclose(similarities[0], cosines[best], atol=1e-6)


def test_a_search_can_be_kept_to_some_rows(context: Context, encoder_id: str) -> None:
    ids = add(context, encoder_id, *"abcd")
    pool = load(context, Pools(context.segments), encoder_id)
    rows = pool.rows_of([ids[2], 999, ids[0]])
    assert rows.tolist() == [2, 0]
    found, _ = pool.nearest(pool.features[1:2], 10, rows)
    assert set(found[0].tolist()) == {ids[0], ids[2]}
    none, _ = pool.nearest(pool.features[1:2], 10, pool.rows_of([]))
    assert none.shape == (1, 0)


def test_embeddings_survive_the_database_exactly(context: Context, encoder_id: str) -> None:
    add(context, encoder_id, "a")
    expected = normalise(np.random.default_rng(ord("a")).normal(size=(1, 32)).astype(np.float32))[0]
    pool = load(context, Pools(context.segments), encoder_id)
    np.testing.assert_array_equal(pool.features[[0]][0], expected)
