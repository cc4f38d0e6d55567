"""One running service for all end-to-end tests that do not hurt it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from service.settings import Settings
from tests.e2e.browser import launch, open_page
from tests.e2e.page_project import Project, draw_pictures, fill, label_some
from tests.e2e.replicated_service import ReplicatedService, replicated_service
from tests.e2e.running_service import RunningService, prepare, running_service
from tests.service.databases import POSTGRES


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the encoder that a start without a network registers; tests only read it."""
    from models.encoder import register_encoder  # with torch, which takes seconds

    return register_encoder("auto", tmp_path_factory.mktemp("bundled"), hub_timeout_seconds=1)


@pytest.fixture(scope="session")
def started(bundled: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes data folders as a first start leaves them; test_up makes first starts themselves."""

    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        prepare(Settings(data_dir=folder), bundled)
        return folder

    return make


@pytest.fixture(scope="session")
def import_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the running service may read."""
    return tmp_path_factory.mktemp("photos").resolve()


@pytest.fixture(scope="session")
def service_url(started: Callable[[str], Path], import_root: Path) -> Iterator[str]:
    """Address of a service without images, started with `handful up`."""
    roots = {"HANDFUL_IMPORT_ROOTS": str(import_root)}
    with running_service(started("service"), **roots) as service:
        yield service.address


@pytest.fixture(scope="session")
def replicas(
    bundled: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReplicatedService]:
    """Two apis and two workers on PostgreSQL and one Redis."""
    if not POSTGRES:
        pytest.skip("PostgreSQL: set HANDFUL_TEST_POSTGRES_URL to run the replicas on it")
    with replicated_service(tmp_path_factory.mktemp("replicas"), bundled) as service:
        yield service


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that was started in an empty folder and loads the sample project."""
    folder = tmp_path_factory.mktemp("sampled")
    with running_service(folder, HANDFUL_SAMPLE_PROJECT="true") as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; each module's own, as its event loop bears no other in the thread."""
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture
def page(browser: Browser, service_url: str) -> Iterator[Page]:
    """A page of the running service in a fresh profile."""
    with open_page(browser, service_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def pictures() -> dict[str, bytes]:
    """Twelve handwritten noughts and twelve ones as PNG files, by name."""
    return draw_pictures()


@pytest.fixture
def project(service_url: str, request: pytest.FixtureRequest) -> Project:
    """A fresh project, named after the test."""
    name = request.node.name.replace("_", " ")[:60]
    made = httpx.post(f"{service_url}/projects", json={"name": name}, timeout=180)
    return Project(service_url, made.raise_for_status().json()["id"])


@pytest.fixture
def filled(project: Project, pictures: dict[str, bytes]) -> Project:
    """A project with all pictures in the pool, embedded, and two classes without examples."""
    fill(project, pictures)
    return project


@pytest.fixture
def trained(filled: Project) -> Project:
    """The same with two examples of each class."""
    label_some(filled)
    return filled
