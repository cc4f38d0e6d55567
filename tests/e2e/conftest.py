"""One running service for all end-to-end tests that do not hurt it."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, Playwright, sync_playwright

from tests.e2e.browser import open_page
from tests.e2e.page_project import Project, draw_pictures, fill, label_some
from tests.e2e.running_service import RunningService, running_service


@pytest.fixture(scope="session")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a service on an empty data folder, started with `handful up`."""
    with running_service(tmp_path_factory.mktemp("service")) as service:
        yield service.address


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that loads the sample project."""
    folder = tmp_path_factory.mktemp("sampled")
    with running_service(folder, HANDFUL_SAMPLE_PROJECT="true") as service:
        yield service


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """What starts browsers; each module's own, as its event loop bears no other in the thread."""
    with sync_playwright() as started:
        yield started


@pytest.fixture
def page(playwright: Playwright, service_url: str) -> Iterator[Page]:
    """A page of the running service in a fresh browser."""
    with open_page(playwright, service_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def pictures() -> dict[str, bytes]:
    """Twelve handwritten noughts and twelve ones as PNG files, by name."""
    return draw_pictures()


@pytest.fixture
def project(service_url: str, request: pytest.FixtureRequest) -> Project:
    """A fresh project, named after the test."""
    name = request.node.name.replace("_", " ")[:60]
    made = httpx.post(f"{service_url}/projects", json={"name": name}, timeout=60)
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
