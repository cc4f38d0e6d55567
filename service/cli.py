"""The `handful` command."""

import json
import sys
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from service.settings import InsecureSettings, Settings

app = typer.Typer(
    help="An image classifier from a handful of labels.", no_args_is_help=True, add_completion=False
)
console = Console(stderr=True)


@app.command()
def up() -> None:
    """Start everything on this machine: Redis, the api, a worker and the page."""
    from service.sample import load_sample
    from service.supervisor import StartError, Supervisor

    settings = _settings()

    def announce(address: str) -> None:
        if settings.sample_project:
            load_sample(address, settings, console)
        console.print(f"\n  Handful is ready: [bold]{address}[/bold]   (Ctrl-C stops it)\n")

    try:
        settings.resolve_key()
        Supervisor(settings, console).run(announce)
    except (StartError, InsecureSettings) as error:
        _fail(str(error))


@app.command()
def serve() -> None:
    """Start the api alone; Redis and workers run elsewhere."""
    import uvicorn

    from service.app import create_app

    settings = _settings()
    try:
        application = create_app(settings)
    except InsecureSettings as error:
        _fail(str(error))
    uvicorn.run(application, host=settings.host, port=settings.port, timeout_graceful_shutdown=5)


@app.command()
def worker(
    queues: Annotated[str, typer.Option(help="Queues to serve, separated by commas.")] = "",
    concurrency: Annotated[int, typer.Option(help="Jobs at a time.", min=1)] = 2,
) -> None:
    """Start one worker process; jobs run in its threads."""
    from service.jobs import ALL_QUEUES
    from worker.app import app as celery

    _settings()
    celery.worker_main(
        [
            "worker",
            "--pool=threads",
            f"--concurrency={concurrency}",
            f"--queues={queues or ','.join(ALL_QUEUES)}",
            "--loglevel=info",
            "--without-gossip",
            "--without-mingle",
        ]
    )


@app.command()
def openapi() -> None:
    """Print the OpenAPI document, from which the page's client is generated."""
    from service.app import create_app

    document = create_app(Settings(api_key=None, api_key_file=None, host="127.0.0.1")).openapi()
    print(json.dumps(document, indent=1))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        _fail(f"HANDFUL_{'_'.join(map(str, first['loc'])).upper()}: {first['msg']}.")


def _fail(message: str) -> NoReturn:
    console.print(f"[red]{message}[/red]", highlight=False)
    sys.exit(1)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
