"""A whole neighbourhood labelled at once: few statements, one version, one undo."""

import hashlib

import numpy as np
import pytest
from sqlalchemy import event, insert

from models.manifest import Manifest
from service.domain.entities import LabelChange
from service.storage.embeddings import add_embeddings
from service.storage.tables import ImageRow
from service.usecases import labelling
from service.usecases.classes import create_class, get_class
from service.usecases.classifiers import list_classifiers
from service.usecases.context import Context

MANY = 1200


@pytest.fixture
def pool(context: Context, manifests: list[Manifest]) -> Context:
    """Embedded images 1 to MANY and two more, in two heaps."""
    image_ids = list(range(1, MANY + 3))
    rows = [
        {
            "id": image_id,
            "project_id": "default",
            "sha256": hashlib.sha256(str(image_id).encode()).hexdigest(),
            "filename": f"{image_id}.png",
            "width": 8,
            "height": 8,
        }
        for image_id in image_ids
    ]
    rng = np.random.default_rng(0)
    heaps = rng.normal(size=(2, manifests[0].dimension)) * 4
    features = heaps[np.array(image_ids) % 2] + rng.normal(size=(len(rows), heaps.shape[1]))
    with context.database.write() as session:
        session.execute(insert(ImageRow), rows)
        encoder_id = manifests[0].encoder_id
        for start in range(0, len(rows), 500):
            some = slice(start, start + 500)
            add_embeddings(session, encoder_id, image_ids[some], features[some].astype("f4"))
    return context


def test_a_neighbourhood_is_labelled_by_few_statements_and_one_fit(pool: Context) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    otter = create_class(pool, "default", "otter").id
    event.listen(pool.database.engine, "before_cursor_execute", note)
    added, _, version = labelling.add_images(pool, "default", otter, range(1, MANY + 1))
    event.remove(pool.database.engine, "before_cursor_execute", note)
    assert len(added) == MANY
    assert [each.image_id for each in added] == list(range(1, MANY + 1))
    assert len(statements) < MANY / 20
    assert [each.version for each in list_classifiers(pool, "default")] == [version]


def test_one_undo_takes_a_neighbourhood_back_as_it_was(pool: Context) -> None:
    otter = create_class(pool, "default", "otter").id
    seal = create_class(pool, "default", "seal").id
    labelling.add_images(pool, "default", seal, [1, 2, 3])
    added, _, _ = labelling.add_images(pool, "default", otter, range(1, MANY + 1))
    assert [each.previous_class_id for each in added[:4]] == [seal, seal, seal, None]
    assert get_class(pool, "default", seal).examples == 0
    back = [LabelChange(each.image_id, each.previous_class_id) for each in added]
    previous, _ = labelling.change_labels(pool, "default", back)
    assert {each.class_id for each in previous} == {otter}
    assert get_class(pool, "default", seal).examples == 3
    assert get_class(pool, "default", otter).examples == 0
