"""Probes and metrics."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service import __version__
from service.api.dependencies import ContextDep
from service.api.schemas import Health
from service.api.security import is_known
from service.usecases.health import Readiness

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="The process answers")
async def live() -> Health:  # in the event loop: it waits for no thread
    return Health(status="ok", checks={}, version=__version__)


@router.get("/health/ready", summary="All parts work", responses={503: {"model": Health}})
def ready(context: ContextDep, request: Request, response: Response) -> Health:
    readiness: Readiness = request.app.state.readiness
    checks = readiness.parts(context)
    if not is_known(request):  # the words of an error name hosts, users and folders
        checks = {part: state.partition(":")[0] for part, state in checks.items()}
    if all(state == "ok" for state in checks.values()):
        return Health(status="ok", checks=checks, version=__version__)
    response.status_code = 503
    starting = any(state.startswith("starting") for state in checks.values())
    status = "starting" if starting else "degraded"
    return Health(status=status, checks=checks, version=__version__)


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
