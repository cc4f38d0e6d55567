"""Folders that `handful up` makes and those that it does not trust."""

import stat
from pathlib import Path

import pytest

from service.settings import Settings
from service.supervisor import StartError, redis_command
from service.usecases.context import create_context


def test_other_users_of_the_machine_are_shut_out_of_the_data(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", redis_url="redis+socket:///nowhere")
    create_context(settings).database.close()
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_the_brokers_folder_is_its_owners_alone(tmp_path: Path) -> None:
    command = redis_command(tmp_path / "redis" / "redis.sock")
    assert stat.S_IMODE((tmp_path / "redis").stat().st_mode) == 0o700
    assert command[command.index("--unixsocketperm") + 1] == "700"
    assert command[command.index("--port") + 1] == "0"


def test_a_socket_is_not_laid_into_what_another_user_may_have_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_command(tmp_path / "redis" / "redis.sock")
    monkeypatch.setattr("service.supervisor.os.geteuid", lambda: 12345)
    with pytest.raises(StartError, match="another user"):
        redis_command(tmp_path / "redis" / "redis.sock")
