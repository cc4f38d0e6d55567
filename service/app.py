"""The composition root: settings to a running application."""

import asyncio
from collections.abc import AsyncIterator, Callable
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
from service.api.openapi import RESPONSES, DocumentedApi
from service.api.routes import (
    classes,
    classifiers,
    evaluation,
    health,
    images,
    imports,
    jobs,
    maps,
    presets,
    projects,
    search,
    uploads,
)
from service.logs import configure_logs
from service.settings import Settings
from service.usecases.context import Context, create_context
from service.usecases.encoders import list_encoders, request_encoder
from service.usecases.health import Readiness
from service.usecases.maintenance import collect_garbage, tidy
from service.usecases.projects import ensure_default_project

TIDY_SECONDS = 5.0
GARBAGE_SECONDS = 3600.0
ROUTERS = (
    security.router,
    projects.router,
    classes.router,
    images.router,
    uploads.router,
    imports.router,
    evaluation.router,
    classifiers.router,
    jobs.router,
    search.router,
    maps.router,
    presets.router,
    health.router,
)
log = structlog.get_logger()


def create_app(settings: Settings) -> FastAPI:
    """The application on these settings. Raises InsecureSettings where it would be open to all."""
    key = settings.resolve_key()
    configure_logs()
    app = DocumentedApi(
        title="Handful",
        version=__version__,
        summary="An image classifier from a handful of labels.",
        lifespan=_lifespan,
        responses=RESPONSES,
        # FastAPI's own pages load their scripts from elsewhere: `/docs` is built with the page.
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings, app.state.key = settings, key
    app.state.readiness = Readiness()
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
    await run_in_threadpool(_ask_for_first_encoder, context)
    async with (
        _repeating(tidy, context, TIDY_SECONDS),
        _repeating(collect_garbage, context, GARBAGE_SECONDS),
    ):
        yield
    context.database.close()


def _ask_for_first_encoder(context: Context) -> None:
    """Try at every start: what failed at the last one may have been put right since."""
    if not list_encoders(context):
        request_encoder(context, context.settings.encoder)


@asynccontextmanager
async def _repeating(
    work: Callable[[Context], object], context: Context, seconds: float
) -> AsyncIterator[None]:
    """Do the work in a thread, at once and every `seconds`; on leaving, wait for the last turn."""
    leaving = asyncio.Event()

    async def repeat() -> None:
        while not leaving.is_set():
            try:
                await run_in_threadpool(work, context)
            except Exception as error:  # noqa: BLE001  it goes on however often it fails
                log.warning("upkeep_failed", work=work.__name__, error=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(leaving.wait(), seconds)

    task = asyncio.create_task(repeat())
    yield
    leaving.set()
    await task
