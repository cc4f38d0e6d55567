"""A real service for tests: tiny real encoders, a real database, files in a temporary folder."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from models.manifest import ONNX_FILE, Feature, Manifest, VitConfig, registered_encoders
from models.transforms import EvaluationTransform
from service.app import create_app
from service.settings import Settings
from service.storage.database import Database
from service.supervisor import redis_command
from service.usecases.context import Context, create_context
from service.usecases.encoders import enter_encoder
from service.usecases.jobs import list_jobs
from service.usecases.projects import ensure_default_project
from tests.service.caller import Caller

POSTGRES = os.environ.get("HANDFUL_TEST_POSTGRES_URL", "")
LOCAL = "http://127.0.0.1:8000"
TINY = VitConfig(image_size=32, patch_size=8, width=32, depth=2, heads=2)


@pytest.fixture(scope="session")
def encoders_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two registered encoders with random weights; tests only read them."""
    import torch

    from models.checkpoints import new_manifest, save_checkpoint
    from models.encoder import register_encoder
    from models.vit import build_vit

    folder = tmp_path_factory.mktemp("encoders")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tensors = build_vit(TINY).state_dict()
    for name, resize in (("first", 36), ("second", 48)):
        manifest = new_manifest(
            name,
            tensors,
            source="random",
            licence="Apache-2.0",
            architecture=TINY,
            transform=EvaluationTransform(resize=resize, crop=TINY.image_size),
            feature=Feature(norm="pre"),
        )
        checkpoint = tmp_path_factory.mktemp(name)
        save_checkpoint(checkpoint, manifest, tensors)
        if name == "first":
            exported = register_encoder(str(checkpoint), folder) / ONNX_FILE
        else:  # the same network on other pixels: exporting it again would take seconds
            shutil.copy(exported, checkpoint)
            shutil.copytree(checkpoint, folder / manifest.encoder_id)
    return folder


@pytest.fixture(scope="session")
def manifests(encoders_folder: Path) -> list[Manifest]:
    """The two encoders' manifests, the default one first."""
    return sorted(registered_encoders(encoders_folder), key=lambda each: each.name)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating takes longer than most tests."""
    file = tmp_path_factory.mktemp("database") / "empty.sqlite3"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    database.close()
    return file


@pytest.fixture(scope="session")
def empty_postgres() -> Iterator[str]:
    """Name of a migrated PostgreSQL database to make others from."""
    name = f"handful_template_{uuid4().hex[:8]}"
    with _postgres_database(name) as url:
        database = Database(url)
        database.migrate()
        database.close()
        yield name


@pytest.fixture(params=["sqlite", "postgres"] if POSTGRES else ["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An up-to-date database of its own: SQLite, and PostgreSQL where the tests were given one."""
    if request.param == "sqlite":
        file = tmp_path / "handful.sqlite3"
        shutil.copy(request.getfixturevalue("empty_database"), file)
        yield f"sqlite:///{file}"
    else:
        template = request.getfixturevalue("empty_postgres")
        with _postgres_database(f"handful_test_{uuid4().hex[:8]}", template) as url:
            yield url


@contextmanager
def _postgres_database(name: str, template: str = "template1") -> Iterator[str]:
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def settings(tmp_path: Path, database_url: str, encoders_folder: Path) -> Settings:
    """Settings of an empty service whose broker is away."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "encoders").symlink_to(encoders_folder)
    return Settings(
        data_dir=data_dir,
        database_url=database_url,
        redis_url=f"redis+socket://{tmp_path}/no-redis.sock",
        page_dir=tmp_path / "page",
        min_free_mb=0,
    )


@pytest.fixture
def context(settings: Settings, manifests: list[Manifest]) -> Iterator[Context]:
    """What a worker holds: the service's database with the first encoder entered."""
    context = create_context(settings)
    ensure_default_project(context)
    enter_encoder(context, "first", manifests[0])
    yield context
    context.database.close()


@pytest.fixture
def api(context: Context) -> Iterator[Caller]:
    """A caller of the running service."""
    with TestClient(create_app(context.settings), base_url=LOCAL) as client:
        yield Caller(client)


@pytest.fixture
def work(context: Context) -> Callable[[], int]:
    """Does what a worker would: runs the queued jobs to their end, and says how many they were."""
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
    socket = tmp_path_factory.mktemp("r") / "redis.sock"
    with subprocess.Popen(redis_command(socket), stdout=subprocess.DEVNULL) as server:
        while not socket.exists():
            assert server.poll() is None
            time.sleep(0.02)
        yield f"redis+socket://{socket}"
        server.terminate()
