"""The composition root: settings to a running application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from service import __version__
from service.api import security
from service.api.errors import install_handlers
from service.api.limits import BodyLimit
from service.api.metrics import Metrics
from service.api.routes import classes, classifiers, health, images, jobs, projects
from service.api.schemas import Problem
from service.settings import Settings
from service.usecases.context import Context, create_context
from service.usecases.maintenance import tidy
from service.usecases.projects import ensure_default_project

TIDY_SECONDS = 5.0
ROUTERS = (
    security.router,
    projects.router,
    classes.router,
    images.router,
    classifiers.router,
    jobs.router,
    health.router,
)
log = structlog.get_logger()


def create_app(settings: Settings) -> FastAPI:
    """The application on these settings. Raises InsecureSettings where it would be open to all."""
    key = settings.resolve_key()
    app = FastAPI(
        title="Handful",
        version=__version__,
        summary="An image classifier from a handful of labels.",
        lifespan=_lifespan,
        responses={"4XX": {"model": Problem, "description": "What was wrong and what to do"}},
    )
    app.state.settings, app.state.key = settings, key
    install_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    if settings.page_dir.is_dir():
        app.mount("/", StaticFiles(directory=settings.page_dir, html=True), name="page")
    app.add_middleware(BodyLimit, max_mb=settings.max_request_mb)
    app.add_middleware(GZipMiddleware, minimum_size=2048)
    app.add_middleware(security.Guard, key=key)
    app.add_middleware(Metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context = await run_in_threadpool(create_context, app.state.settings)
    app.state.context = context
    await run_in_threadpool(ensure_default_project, context)
    keeper = asyncio.create_task(_keep_tidy(context))
    yield
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper
    context.database.close()


async def _keep_tidy(context: Context) -> None:
    while True:
        try:
            await run_in_threadpool(tidy, context)
        except Exception as error:  # noqa: BLE001  tidying goes on however often it fails
            log.warning("tidying_failed", error=str(error))
        await asyncio.sleep(TIDY_SECONDS)
