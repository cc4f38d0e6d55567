"""Every setting, read once from the environment (HANDFUL_*) into one frozen object."""

import hashlib
import os
import secrets
import tempfile
from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# The kernel takes no longer path for a unix socket.
LONGEST_SOCKET_PATH = 100
# Keys that are asked for over a network can be guessed as fast as it carries them.
SHORTEST_KEY = 16
REPOSITORY = Path(__file__).resolve().parent.parent


class InsecureSettings(ValueError):
    """The service would answer strangers without asking for a key."""


class Settings(BaseSettings):
    """What a deployment can choose; nothing else in the project reads the environment."""

    model_config = SettingsConfigDict(env_prefix="HANDFUL_", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    data_dir: Path = Field(Path(".data"), description="Folder of the database, images, encoders.")
    database_url: str = Field("", description="SQLAlchemy URL; SQLite in the data folder if empty.")
    redis_url: str = Field("", description="Broker; `handful up` starts a private one if empty.")
    store_url: str = Field("", description="Image store: a folder or s3://bucket/prefix.")
    api_key: SecretStr | None = Field(None, description="Key that every call must carry.")
    api_key_file: Path | None = Field(
        None, description="File with the key; made with a random one where it does not exist."
    )
    encoder: str = Field("auto", description="Spec of the encoder that new projects use.")
    hub_timeout_seconds: float = Field(4.0, gt=0, description="Longest wait for the hub's answer.")
    page_dir: Path = Field(REPOSITORY / "frontend" / "dist", description="The built page.")
    max_request_mb: int = Field(128, ge=1, description="Largest request body, in MiB.")
    max_file_mb: int = Field(32, ge=1, description="Largest single image file, in MiB.")
    max_megapixels: int = Field(64, ge=1, description="Largest decoded image, in megapixels.")
    max_upload_gb: int = Field(20, ge=1, description="Largest archive to import, in GiB.")
    import_roots: str = Field(
        "", description="Folders of the server that imports may read, separated by colons."
    )
    url_timeout_seconds: float = Field(
        30.0, gt=0, description="Longest time to fetch one image that a list names by URL."
    )
    min_free_mb: int = Field(200, ge=0, description="Free disk below which uploads are refused.")
    sample_project: bool = Field(True, description="Load the digits sample into an empty folder.")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'handful.sqlite3'}"

    @property
    def broker(self) -> str:
        """The Celery broker URL in force: the private Redis's socket unless one is set."""
        return self.redis_url or f"redis+socket://{self.redis_socket}"

    @property
    def redis_socket(self) -> Path:
        """Unix socket of the private Redis that `handful up` starts."""
        socket = self.data_dir.resolve() / "redis" / "redis.sock"
        if len(str(socket)) <= LONGEST_SOCKET_PATH:
            return socket
        digest = hashlib.sha256(str(socket).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"handful-{digest}" / "redis.sock"

    @property
    def encoders_dir(self) -> Path:
        """Folder of the registered encoders' checkpoints."""
        return self.data_dir.resolve() / "encoders"

    @property
    def runs_dir(self) -> Path:
        """Folder of the pretrainings that are not over yet."""
        return self.data_dir.resolve() / "runs"

    @property
    def uploads_dir(self) -> Path:
        """Folder of the archives that are being sent, or were sent to be imported."""
        return self.data_dir.resolve() / "uploads"

    @property
    def exports_dir(self) -> Path:
        """Folder of the exports that can be downloaded for a day."""
        return self.data_dir.resolve() / "exports"

    @property
    def roots(self) -> tuple[Path, ...]:
        """Folders that imports may read, without symbolic links; none unless they are set."""
        return tuple(Path(each).resolve() for each in self.import_roots.split(os.pathsep) if each)

    @property
    def indexes_dir(self) -> Path:
        """Folder of the indexes of large pools, which can be made anew."""
        return self.data_dir.resolve() / "indexes"

    @property
    def features_dir(self) -> Path:
        """Folder of the features that evaluations have extracted, which can be made anew."""
        return self.data_dir.resolve() / "cache" / "features"

    @property
    def store(self) -> str:
        """URL of the image store in force."""
        return self.store_url or str(self.data_dir.resolve() / "store")

    def resolve_key(self) -> str | None:
        """The API key in force, or None on a loopback address without one.

        Raises InsecureSettings for any other address without a key, or with one that is short.
        """
        key = self._key()
        if is_loopback(self.host):
            return key
        if key is None:
            raise InsecureSettings(
                f"HANDFUL_HOST={self.host} can be reached from other machines, and no key is set. "
                "Set HANDFUL_API_KEY or HANDFUL_API_KEY_FILE, or listen on 127.0.0.1."
            )
        if len(key) < SHORTEST_KEY:
            raise InsecureSettings(
                f"The API key has {len(key)} characters and can be guessed: take {SHORTEST_KEY} or "
                "more at random, such as `openssl rand -hex 32` prints."
            )
        return key

    def _key(self) -> str | None:
        if self.api_key is not None and (key := self.api_key.get_secret_value().strip()):
            return key
        return _read_or_make_key(self.api_key_file) if self.api_key_file is not None else None


def is_loopback(host: str) -> bool:
    """Whether a host name or address always means this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _read_or_make_key(file: Path) -> str:
    """Read the key; make it first, readable by its owner alone, where there is none."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(file, "x", opener=_private) as made:
                made.write(secrets.token_urlsafe(32) + "\n")
        except FileExistsError:
            pass  # another process made it in the meantime
    key = file.read_text().strip()
    if not key:
        raise InsecureSettings(f"The key file {file} is empty: delete it or write a key into it.")
    return key


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
