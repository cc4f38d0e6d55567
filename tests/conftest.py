"""What every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.s3_server", "tests.service_fixtures"]

NEEDS_GPU = "needs an NVIDIA GPU"

# A busy machine is slow, not wrong; and the same examples are tried each time.
settings.register_profile(
    "patient", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `gpu` are skipped without one; what CUDA warns of depends on card and driver."""
    on_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if not on_gpu:
        return
    import torch

    for item in on_gpu:
        item.add_marker(pytest.mark.filterwarnings("default"))
        if not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason=NEEDS_GPU))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images (`data/`) and weights (`weights/`), never part of the project."""
    beside = Path(__file__).parent.parent.parent / "shared"
    folder = Path(os.environ.get("HANDFUL_TEST_DATA", beside))
    if not (folder / "data").is_dir():
        pytest.skip(f"no test data in {folder}: set HANDFUL_TEST_DATA to a folder that has it")
    return folder
