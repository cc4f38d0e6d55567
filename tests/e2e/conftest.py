"""One running service for all end-to-end tests that do not hurt it."""

from collections.abc import Iterator

import pytest

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
