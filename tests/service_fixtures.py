"""A real service for tests: tiny real encoders, a real database, files in a temporary folder.

All tests load this module, so it imports the service only for those that ask for it.
"""

import gc
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from models.manifest import Manifest
    from service.settings import Settings
    from service.usecases.context import Context
    from tests.service.caller import Caller

DATABASES = ["sqlite", *(["postgres"] if os.environ.get("HANDFUL_TEST_POSTGRES_URL") else [])]


@pytest.fixture(scope="session")
def encoders_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two registered encoders with random weights; tests only read them."""
    from tests.service.tiny_encoders import register_two

    folder = tmp_path_factory.mktemp("encoders")
    register_two(folder)
    # What was imported for it stays: looking for garbage there took a fifth of all tests' time.
    gc.collect()
    gc.freeze()
    yield folder
    gc.unfreeze()


@pytest.fixture(scope="session")
def manifests(encoders_folder: Path) -> "list[Manifest]":
    """The two encoders' manifests, the default one first."""
    from models.manifest import load_manifest

    folders = (folder for folder in encoders_folder.iterdir() if folder.name[0] != ".")
    return sorted(map(load_manifest, folders), key=lambda each: each.name)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    from tests.service.databases import migrated_file

    return migrated_file(tmp_path_factory.mktemp("database") / "empty.sqlite3")


@pytest.fixture(scope="session")
def empty_postgres() -> Iterator[str]:
    """Name of a migrated PostgreSQL database to copy."""
    from tests.service.databases import postgres_database

    name = f"handful_empty_{uuid4().hex[:8]}"
    with postgres_database(name):
        yield name


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An up-to-date database of its own: SQLite, and PostgreSQL where the tests were given one."""
    if request.param == "sqlite":
        file = tmp_path / "handful.sqlite3"
        shutil.copy(request.getfixturevalue("empty_database"), file)
        yield f"sqlite:///{file}"
        return
    from tests.service.databases import postgres_database

    template = request.getfixturevalue("empty_postgres")
    with postgres_database(f"handful_test_{uuid4().hex[:8]}", template) as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str, encoders_folder: Path) -> "Settings":
    """Settings of an empty service whose broker is away."""
    from service.settings import Settings

    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "encoders").symlink_to(encoders_folder)
    return Settings(
        encoder="first",
        data_dir=data_dir,
        database_url=database_url,
        redis_url=f"redis+socket://{tmp_path}/no-redis.sock",
        page_dir=tmp_path / "page",
        min_free_mb=0,
    )


@pytest.fixture
def context(settings: "Settings", manifests: "list[Manifest]") -> "Iterator[Context]":
    """What a worker holds: the service's database with the first encoder entered."""
    from service.usecases.context import create_context
    from service.usecases.encoders import enter_encoder
    from service.usecases.projects import ensure_default_project

    context = create_context(settings)
    ensure_default_project(context)
    enter_encoder(context, "first", manifests[0])
    yield context
    context.database.close()


@pytest.fixture
def api(context: "Context") -> "Iterator[Caller]":
    """A caller of the running service."""
    from tests.service.caller import running_service

    with running_service(context.settings) as api:
        yield api


@pytest.fixture
def work(context: "Context") -> Callable[[], int]:
    """Does what a worker would: runs the queued jobs to their end, and says how many they were."""
    from service.usecases.jobs import list_jobs
    from worker.handlers import HANDLERS
    from worker.running import claim

    def run_all() -> int:
        queued = [job for job in list_jobs(context) if job.state == "queued"]
        for job in queued:
            running = claim(context, job.id, threading.Event())
            assert running is not None
            running.run(HANDLERS[job.kind])
        return len(queued)

    return run_all


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Broker URL of a real Redis on a unix socket."""
    from service.supervisor import redis_command

    socket = tmp_path_factory.mktemp("r") / "redis.sock"
    with subprocess.Popen(redis_command(socket), stdout=subprocess.DEVNULL) as server:
        while not socket.exists():
            assert server.poll() is None
            time.sleep(0.02)
        yield f"redis+socket://{socket}"
        server.terminate()
