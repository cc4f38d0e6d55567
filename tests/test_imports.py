"""Import rules that only a running interpreter can show; the others are import-linter's."""

import subprocess
import sys


def test_neither_api_nor_worker_loads_torch_where_there_is_no_gpu() -> None:
    loaded = _modules_after("import service.app, service.cli, worker.handlers")
    assert not loaded & {"torch", "timm", "torchvision"}


def test_sending_jobs_does_not_load_the_worker() -> None:
    assert "worker" not in _modules_after("import service.app")


def _modules_after(statement: str) -> set[str]:
    program = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())
