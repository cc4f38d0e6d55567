"""What the Compose files promise of safety, read from the files alone."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent
CPU = REPOSITORY / "docker" / "compose.cpu.yml"


def _compose_is_here() -> bool:
    if shutil.which("docker") is None:
        return False
    # A docker without Compose takes its words for its own: what it says of them differs.
    asked = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True)
    return asked.returncode == 0


pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not _compose_is_here(), reason="no docker with Compose here"),
]


def _configuration(*extra: Path) -> dict[str, Any]:
    files = [part for file in (REPOSITORY / "docker-compose.yml", *extra) for part in ("-f", file)]
    done = subprocess.run(
        ["docker", "compose", *map(str, files), "config", "--format", "json"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services


def test_only_the_api_can_be_reached_from_outside() -> None:
    published = {name for name, service in _configuration().items() if service.get("ports")}
    assert published == {"api"}


def test_no_container_can_take_rights_or_change_its_own_programs() -> None:
    for name, service in _configuration().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        # PostgreSQL's image becomes another user and writes its socket beside its programs.
        assert service.get("read_only") or name == "postgres", name
        assert not service.get("cap_add") or name == "postgres", name


def test_no_secret_is_written_into_the_files() -> None:
    for name, service in _configuration().items():
        for variable, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|KEY|SECRET|TOKEN", variable) and value:
                assert value.startswith("/secrets/"), f"{name}: {variable}"


def test_what_runs_on_restarts_and_is_watched() -> None:
    lasting = {n: s for n, s in _configuration().items() if s.get("restart") != "no"}
    assert set(lasting) == {"api", "worker-cpu", "worker-gpu", "postgres", "redis"}
    assert all(s["restart"] == "unless-stopped" for s in lasting.values())
    watched = {name for name, service in lasting.items() if "healthcheck" in service}
    assert watched == set(lasting) - {"api"}  # the api's is in its image


def test_a_host_without_a_gpu_runs_every_queue_in_one_worker() -> None:
    services = _configuration(CPU)
    assert "worker-gpu" not in services
    assert services["worker-cpu"]["command"] == ["worker"]
