"""What the README promises is there, and what is there the README tells."""

import re
from pathlib import Path

import pytest

from service.settings import Settings

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text()
CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_each_setting_has_its_row_with_its_meaning_in_the_readme(name: str) -> None:
    row = re.search(rf"^\| `HANDFUL_{name.upper()}` \| (.+) \| (.+) \|$", README, re.MULTILINE)
    assert row, f"README.md does not document HANDFUL_{name.upper()}"
    assert len(row[2]) > 10


def test_the_readme_tells_of_no_setting_that_does_not_exist() -> None:
    documented = re.findall(r"^\| `HANDFUL_(\w+)` \|", README, re.MULTILINE)
    # Read by docker-compose.yml alone.
    of_compose = {"BIND", "IMPORT_DIR"}
    assert set(documented) - of_compose == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z]+)`", README))))
def test_each_make_target_in_the_readme_exists(target: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(
    "link", sorted(set(re.findall(r"\]\((?!https?:|#)([^)#]+)", README + CHANGELOG)))
)
def test_each_local_link_leads_somewhere(link: str) -> None:
    assert (REPOSITORY / link).exists()
