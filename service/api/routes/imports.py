"""What imports may read on this server."""

from typing import Any, get_args

from fastapi import APIRouter

from service.api.dependencies import ContextDep
from service.api.upload_schemas import ImportOptions
from service.interchange import ImportFormat

router = APIRouter(prefix="/imports", tags=["import and export"])


@router.get("/options", summary="What can be imported", response_model=ImportOptions)
def get_options(context: ContextDep) -> dict[str, Any]:
    settings = context.settings
    return {
        "roots": [str(root) for root in settings.roots],
        "max_upload_bytes": settings.max_upload_gb * 2**30,
        "formats": get_args(ImportFormat),
    }
