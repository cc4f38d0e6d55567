"""Settings: read from the environment, checked, with a key that is made where none is set."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from service.settings import LONGEST_SOCKET_PATH, InsecureSettings, Settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDFUL_PORT", "9001")
    monkeypatch.setenv("HANDFUL_DATA_DIR", "/somewhere")
    settings = Settings()
    assert (settings.port, settings.data_dir) == (9001, Path("/somewhere"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "0"), ("PORT", "http"), ("MAX_REQUEST_MB", "0"), ("MIN_FREE_MB", "-1")],
)
def test_a_setting_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"HANDFUL_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_everything_lies_in_the_data_folder_unless_a_url_says_otherwise(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.database == f"sqlite:///{tmp_path}/handful.sqlite3"
    assert settings.broker == f"redis+socket://{tmp_path}/redis/redis.sock"
    assert settings.store == f"{tmp_path}/store"
    shared = Settings(
        data_dir=tmp_path,
        database_url="postgresql://db/handful",
        redis_url="redis://queue",
        store_url="s3://bucket",
    )
    assert (shared.database, shared.broker, shared.store) == (
        "postgresql://db/handful",
        "redis://queue",
        "s3://bucket",
    )


def test_a_deep_data_folder_gets_a_socket_that_the_kernel_takes(tmp_path: Path) -> None:
    deep, other = (Settings(data_dir=tmp_path / (letter * 120)).redis_socket for letter in "ab")
    assert len(str(deep)) <= LONGEST_SOCKET_PATH
    assert deep != other


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.5"])
def test_loopback_needs_no_key(host: str) -> None:
    assert Settings(host=host).resolve_key() is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "handful.example", ""])
def test_any_other_address_needs_one(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InsecureSettings, match="no key is set"):
        Settings(host=host).resolve_key()
    monkeypatch.setenv("HANDFUL_API_KEY", "")
    with pytest.raises(InsecureSettings):
        Settings(host=host).resolve_key()
    monkeypatch.setenv("HANDFUL_API_KEY", "long and secret!\n")
    assert Settings(host=host).resolve_key() == "long and secret!"


def test_a_key_that_can_be_guessed_is_for_this_machine_alone(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("password")
    for key in (Settings(api_key_file=tmp_path / "key"), Settings(api_key=SecretStr("password"))):
        assert key.resolve_key() == "password"
        with pytest.raises(InsecureSettings, match="8 characters"):
            key.model_copy(update={"host": "0.0.0.0"}).resolve_key()


def test_a_key_file_is_made_once_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "key"
    settings = Settings(host="0.0.0.0", api_key_file=file)
    key = settings.resolve_key()
    assert key is not None
    assert len(key) >= 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert settings.resolve_key() == key
    assert Settings(host="0.0.0.0", api_key_file=tmp_path / "other").resolve_key() != key


def test_an_empty_key_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(InsecureSettings, match="empty"):
        Settings(api_key_file=tmp_path / "key").resolve_key()


def test_a_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDFUL_API_KEY", "secret")
    assert "secret" not in repr(Settings())
