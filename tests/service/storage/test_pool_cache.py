"""Which version of an index a process uses, and when it takes up another."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.settings import Settings
from service.storage import pool_cache
from service.storage.indexes import place_of
from service.storage.pool_cache import Pools
from service.storage.segments import SegmentShelf
from service.usecases.context import Context, create_context
from service.usecases.indexing import forget_damaged
from tests.s3_server import BUCKET
from tests.service.large_pools import fill, index_now, load, remove, settled, versions

URL = f"s3://{BUCKET}/pool"


def test_a_version_that_only_lacks_images_is_taken_up_too(context: Context) -> None:
    ids = fill(context, 300)
    index_now(context)
    settled(context)
    remove(context, *ids[250:])
    assert len(load(context).removed) == 50
    index_now(context)
    pool = settled(context)
    assert (len(pool), len(pool.removed)) == (250, 0)


def test_the_newest_version_stays_in_use_beside_readers_of_an_older_state(
    context: Context,
) -> None:
    fill(context, 300)
    index_now(context)
    with context.database.read() as early:
        encoder_id = context.pools.get(early, "default", versions(context)[0].encoder_id).encoder_id
        fill(context, 20, seed=1)
        index_now(context)
        newest = settled(context)
        assert context.pools.get(early, "default", encoder_id).segment is newest.segment


def test_a_disk_that_fails_for_a_while_costs_no_version(
    settings: Settings,
    context: Context,
    s3_client: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_cache, "REST_SECONDS", 0.1)
    builder, replica = (
        create_context(settings.model_copy(update={"store_url": URL, "data_dir": tmp_path / name}))
        for name in ("a", "b")
    )
    fill(builder, 300)
    index_now(builder)
    replica.settings.indexes_dir.mkdir()
    obstacle = replica.settings.indexes_dir / "default"
    obstacle.write_text("where a folder is to be made")
    for _ in range(2):
        pool = load(replica)
        assert (pool.segment, len(pool)) == (None, 300)
    forget_damaged(replica)
    assert len(versions(builder)) == 1, "it is there for all others"
    obstacle.unlink()
    assert len(settled(replica)) == 300
    for each in (builder, replica):
        each.database.close()


def test_processes_of_a_machine_that_fetch_a_version_at_once_all_get_it(
    settings: Settings, context: Context, s3_client: object, tmp_path: Path
) -> None:
    builder = create_context(settings.model_copy(update={"store_url": URL}))
    fill(builder, 300)
    index_now(builder)
    place = place_of(versions(builder)[0])
    shelves = [SegmentShelf(tmp_path / "elsewhere", URL) for _ in range(8)]
    with ThreadPoolExecutor(len(shelves)) as threads:
        opened = list(threads.map(lambda shelf: shelf.open(place), shelves))
    assert [len(segment) for segment in opened] == [300] * len(shelves)
    assert [each.name for each in (tmp_path / "elsewhere").glob("*/*/*")] == [place.name]
    builder.database.close()


def test_what_was_opened_and_not_taken_is_let_go(context: Context) -> None:
    fill(context, 300)
    index_now(context)
    pools = Pools(context.segments)
    load(context, pools)
    fill(context, 20, seed=1)
    index_now(context)
    load(context, pools)  # begins to open the second version
    fill(context, 20, seed=2)
    index_now(context)
    index_now(context)
    load(context, pools)
    (place,) = pools._places.values()
    newest = {row.name for row in versions(context)[-2:]}
    assert set(place.opening) <= newest
    pools.close()


def test_a_large_pool_is_read_in_parts(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_cache, "AT_ONCE", 7)
    ids = fill(context, 28)
    assert load(context).image_ids.tolist() == ids
    more = fill(context, 15, seed=1)
    remove(context, ids[3], more[14])
    left = [each for each in [*ids, *more] if each not in (ids[3], more[14])]
    assert load(context).image_ids.tolist() == left
    assert load(context, Pools(context.segments)).image_ids.tolist() == left
