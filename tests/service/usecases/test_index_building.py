"""The next version of an index appears whole or not at all."""

import pytest

from service.domain.errors import NotFound, StorageFull
from service.settings import Settings
from service.usecases.context import Context, create_context
from service.usecases.index_building import build_index
from service.usecases.projects import create_project, delete_project
from tests.service.large_pools import encoder_of, fill, folders, index_now, load, versions


@pytest.mark.parametrize("moment", ["Reading embeddings", "Arranging the index"])
def test_a_build_that_is_cut_off_leaves_nothing(context: Context, moment: str) -> None:
    class Killed(BaseException):
        pass

    def cut(done: int, total: int, message: str) -> None:
        if message == moment:
            raise Killed

    fill(context, 300)
    with pytest.raises(Killed):
        build_index(context, "default", encoder_of(context), cut)
    assert versions(context) == []
    assert folders(context) == []


def test_a_full_disk_is_said_before_anything_is_written(
    context: Context, settings: Settings
) -> None:
    fill(context, 300)
    full = create_context(settings.model_copy(update={"min_free_mb": 10**9}))
    with pytest.raises(StorageFull, match=r"MB are free.*HANDFUL_MIN_FREE_MB"):
        index_now(full)
    assert folders(context) == []
    assert len(load(full)) == 300
    full.database.close()


def test_an_empty_pool_has_no_index(context: Context) -> None:
    index_now(context)
    assert versions(context) == []


def test_a_project_made_anew_meanwhile_gets_no_index_of_the_old_ones_images(
    context: Context,
) -> None:
    create_project(context, "Birds")
    fill(context, 60, project_id="birds")

    def replace(done: int, total: int, message: str) -> None:
        if message == "Keeping the index":
            delete_project(context, "birds")
            create_project(context, "Birds")

    with pytest.raises(NotFound):
        build_index(context, "birds", encoder_of(context, "birds"), replace)
    assert versions(context) == []
    assert len(load(context, project_id="birds")) == 0
