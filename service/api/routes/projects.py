"""Projects."""

from fastapi import APIRouter

from service.api.dependencies import ContextDep
from service.api.schemas import EncoderChoice, Project, ProjectCreate, ProjectList, ProjectUpdate
from service.domain import entities
from service.usecases import projects

router = APIRouter(prefix="/projects", tags=["projects"])


@router.get("", summary="List the projects", response_model=ProjectList)
def list_projects(context: ContextDep) -> dict[str, list[entities.Project]]:
    return {"projects": projects.list_projects(context)}


@router.post("", status_code=201, summary="Make a project", response_model=Project)
def create_project(body: ProjectCreate, context: ContextDep) -> entities.Project:
    return projects.create_project(context, body.name)


@router.get("/{project_id}", summary="One project, with its accuracy", response_model=Project)
def get_project(project_id: str, context: ContextDep) -> entities.Project:
    return projects.get_project(context, project_id)


@router.patch(
    "/{project_id}",
    summary="Rename a project, pick its classifier or its encoder",
    response_model=Project,
)
def update_project(project_id: str, body: ProjectUpdate, context: ContextDep) -> entities.Project:
    return projects.update_project(context, project_id, **body.model_dump())


@router.put(
    "/{project_id}/encoder",
    summary="Let another encoder take over, or go back to one",
    description="At once where it has embedded the pool; else it does so beside the present one.",
    response_model=Project,
)
def choose_encoder(project_id: str, body: EncoderChoice, context: ContextDep) -> entities.Project:
    return projects.update_project(context, project_id, encoder_id=body.encoder_id)


@router.delete("/{project_id}", status_code=204, summary="Delete a project and all in it")
def delete_project(project_id: str, context: ContextDep) -> None:
    projects.delete_project(context, project_id)
