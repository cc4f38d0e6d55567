"""Presets of pretraining."""

from fastapi import APIRouter

from service.api.dependencies import ContextDep
from service.api.job_schemas import PresetList
from service.domain import entities
from service.usecases import pretraining

router = APIRouter(tags=["jobs"])


@router.get("/presets", summary="List the presets of pretraining", response_model=PresetList)
def list_presets(context: ContextDep) -> dict[str, list[entities.Preset]]:
    return {"presets": pretraining.list_presets(context)}
