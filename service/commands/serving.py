"""Commands that run the service or a part of it."""

import json
from typing import Annotated

import httpx
import typer

from service.client import ApiError, Client
from service.commands.common import console, fail, read_settings
from service.settings import InsecureSettings, Settings


def up() -> None:
    """Start everything on this machine: Redis, the api, a worker and the page."""
    from service.sample import load_sample
    from service.supervisor import StartError, Supervisor

    settings = read_settings()
    supervisor = Supervisor(settings, console)

    def announce(address: str) -> None:
        try:
            if settings.sample_project:
                load_sample(address, settings, console)
            _print_notices(address, settings)
        except (ApiError, httpx.HTTPError) as error:
            if not supervisor.stopped:  # else the service went away because it was told to
                console.print(
                    f"\n  The sample project is not loaded, a later start tries again: {error}"
                )
        if supervisor.stopped:
            return
        console.print(f"\n  Handful is ready: [bold]{address}[/bold]   (Ctrl-C stops it)\n")

    try:
        settings.resolve_key()
        supervisor.run(announce)
    except (StartError, InsecureSettings) as error:
        fail(str(error))


def _print_notices(address: str, settings: Settings) -> None:
    """Say what should be known of the encoders in use: why one stands in for another."""
    with Client(address, key=settings.resolve_key()) as client:
        for encoder in client.get("/encoders")["encoders"]:
            if encoder["notice"]:
                console.print(f"\n  {encoder['notice']}", style="yellow", highlight=False)


def serve() -> None:
    """Start the api alone; Redis and workers run elsewhere."""
    import uvicorn

    from service.api.connections import BoundedProtocol
    from service.app import create_app

    settings = read_settings()
    try:
        application = create_app(settings)
    except InsecureSettings as error:
        fail(str(error))
    uvicorn.run(
        application,
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=5,
        http=BoundedProtocol,
    )


def worker(
    queues: Annotated[str, typer.Option(help="Queues to serve, separated by commas.")] = "",
    concurrency: Annotated[
        int, typer.Option(help="Long jobs at a time; short ones have a thread more.", min=1)
    ] = 3,
) -> None:
    """Start one worker process; jobs run in its threads."""
    from service.jobs import ALL_QUEUES
    from worker.app import serve as serve_queues

    read_settings()
    serve_queues(queues.split(",") if queues else ALL_QUEUES, concurrency)


def openapi() -> None:
    """Print the OpenAPI document, from which the page's client is generated."""
    from service.app import create_app

    document = create_app(Settings(api_key=None, api_key_file=None, host="127.0.0.1")).openapi()
    print(json.dumps(document, indent=1))
