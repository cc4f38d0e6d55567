"""A folder to import from, and a worker that may read it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.usecases.context import Context, create_context


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that imports may read."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def reading(context: Context, root: Path) -> Iterator[Context]:
    """A worker's context that may read the folder."""
    settings = context.settings.model_copy(update={"import_roots": str(root)})
    reading = create_context(settings)
    yield reading
    reading.database.close()
