"""Classes, their examples, and labels in bulk."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from service.api.dependencies import (
    ContextDep,
    Cursor,
    FilesOrIds,
    Limit,
    ProjectId,
    upload_body,
)
from service.api.schemas import (
    Class,
    ClassCreate,
    ClassList,
    ClassMerge,
    ClassUpdate,
    Example,
    ExampleList,
    ExamplesAdded,
    ExampleUpdate,
    ImageIds,
    LabelChanges,
    LabelsChanged,
    RowId,
)
from service.domain import entities
from service.domain.entities import LabelChange
from service.usecases import classes, labelling

router = APIRouter(tags=["classes and examples"])


@router.get("/classes", summary="List the classes", response_model=ClassList)
def list_classes(
    context: ContextDep, project: ProjectId = "default"
) -> dict[str, list[entities.Class]]:
    return {"classes": classes.list_classes(context, project)}


@router.post("/classes", status_code=201, summary="Make a class", response_model=Class)
def create_class(
    body: ClassCreate, context: ContextDep, project: ProjectId = "default"
) -> entities.Class:
    return classes.create_class(context, project, body.name)


@router.get("/classes/{class_id}", summary="One class", response_model=Class)
def get_class(class_id: str, context: ContextDep, project: ProjectId = "default") -> entities.Class:
    return classes.get_class(context, project, class_id)


@router.patch("/classes/{class_id}", summary="Rename a class", response_model=Class)
def rename_class(
    class_id: str, body: ClassUpdate, context: ContextDep, project: ProjectId = "default"
) -> entities.Class:
    return classes.rename_class(context, project, class_id, body.name)


@router.post("/classes/{class_id}/merge", summary="Merge into another class", response_model=Class)
def merge_class(
    class_id: str, body: ClassMerge, context: ContextDep, project: ProjectId = "default"
) -> entities.Class:
    return classes.merge_classes(context, project, class_id, body.into)


@router.delete("/classes/{class_id}", status_code=204, summary="Delete a class")
def delete_class(
    class_id: str,
    context: ContextDep,
    project: ProjectId = "default",
    delete_examples: Annotated[
        bool, Query(description="Also unlabel its examples; their images stay.")
    ] = False,
) -> None:
    classes.delete_class(context, project, class_id, delete_examples=delete_examples)


@router.post(
    "/classes/{class_id}/examples",
    status_code=201,
    summary="Add examples: files, or images of the pool",
    response_model=ExamplesAdded,
    openapi_extra=upload_body(json=ImageIds),
)
def add_examples(
    class_id: str, given: FilesOrIds, context: ContextDep, project: ProjectId = "default"
) -> dict[str, Any]:
    if isinstance(given, ImageIds):
        added = labelling.add_images(context, project, class_id, given.image_ids)
    else:
        added = labelling.add_files(context, project, class_id, given)
    examples, rejected, version = added
    return {"examples": examples, "rejected": rejected, "classifier_version": version}


@router.get(
    "/classes/{class_id}/examples", summary="A class's examples", response_model=ExampleList
)
def list_examples(
    class_id: str,
    context: ContextDep,
    project: ProjectId = "default",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> entities.Page[entities.Example]:
    return labelling.list_examples(context, project, class_id, cursor=cursor, limit=limit)


@router.patch("/examples/{example_id}", summary="Relabel an example", response_model=Example)
def move_example(
    example_id: RowId, body: ExampleUpdate, context: ContextDep, project: ProjectId = "default"
) -> entities.Example:
    return labelling.move_example(context, project, example_id, body.class_id)


@router.delete("/examples/{example_id}", status_code=204, summary="Take a label back")
def remove_example(example_id: RowId, context: ContextDep, project: ProjectId = "default") -> None:
    labelling.remove_example(context, project, example_id)


@router.post(
    "/labels",
    summary="Set and remove many labels at once",
    description="A label that an image has already is confirmed by it: the evaluation and the "
    "suggestions of labels that look wrong do not ask about it again.",
    response_model=LabelsChanged,
)
def change_labels(
    body: LabelChanges, context: ContextDep, project: ProjectId = "default"
) -> dict[str, Any]:
    changes = [LabelChange(each.image_id, each.class_id) for each in body.labels]
    previous, version = labelling.change_labels(context, project, changes)
    return {"previous": previous, "classifier_version": version}
