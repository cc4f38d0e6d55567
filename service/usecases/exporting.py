"""A classifier version as a file: to run elsewhere, or its answers for the whole pool."""

from service.domain.errors import Conflict
from service.usecases.context import Context

MEDIA_TYPES = {
    "onnx": "application/octet-stream",
    "npz": "application/zip",
    "csv": "text/csv",
}


def export_classifier(
    context: Context, project_id: str, version: int, layout: str
) -> tuple[str, bytes]:
    raise Conflict("not-exportable", f"Version {version} cannot be exported as {layout} yet.")
