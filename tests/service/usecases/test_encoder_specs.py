"""Which files of the machine callers may have read as an encoder."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from service.domain.errors import Invalid
from service.settings import Settings
from service.usecases.encoder_specs import path_in, require_allowed

NAMES = ("auto", "hf:facebook/vit-msn-small", "hf:model", "timm:vit_tiny_patch16_224.augreg_in21k")
FORMS = ("{}", "hf:{}", "msn:{}", "timm:{}", "msn:vit_small_patch16_224={}", "timm:vit_tiny={}")


@pytest.fixture
def locked(tmp_path: Path) -> Settings:
    """Settings with a key, and one folder that may be read."""
    (tmp_path / "open").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "open" / "link").symlink_to(tmp_path / "secret")
    return Settings(api_key=SecretStr("k" * 16), import_roots=str(tmp_path / "open"))


def test_models_of_the_hub_are_no_paths(locked: Settings) -> None:
    for spec in NAMES:
        assert path_in(spec) is None
        require_allowed(locked, spec)


@pytest.mark.parametrize("form", FORMS)
def test_holders_of_the_key_name_files_of_the_roots_alone(
    locked: Settings, tmp_path: Path, form: str
) -> None:
    require_allowed(locked, form.format(tmp_path / "open"))
    there, missing = tmp_path / "secret", tmp_path / "nothing"
    for outside in (
        there,
        missing,
        tmp_path / "open" / "link",
        tmp_path / "open" / ".." / "secret",
    ):
        with pytest.raises(Invalid, match="outside of the folders"):
            require_allowed(locked, form.format(outside))


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "~", "..", "../a", "a/../..", "/x=/tmp", "a/b/c", ""]
)
def test_what_is_no_name_is_a_path(locked: Settings, path: str) -> None:
    for form in ("hf:{}", "timm:{}", "msn:{}"):
        with pytest.raises(Invalid):
            require_allowed(locked, form.format(path))


def test_without_a_key_callers_are_this_machines_own(tmp_path: Path) -> None:
    require_allowed(Settings(), str(tmp_path))


def test_the_encoder_of_the_settings_is_the_operators_choice(tmp_path: Path) -> None:
    chosen = Settings(api_key=SecretStr("k" * 16), encoder=str(tmp_path))
    require_allowed(chosen, str(tmp_path))
    with pytest.raises(Invalid, match="HANDFUL_IMPORT_ROOTS"):
        require_allowed(chosen, str(tmp_path / "other"))
