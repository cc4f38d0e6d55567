"""The OpenAPI document shows an example of each call, and none that the service would not take."""

from typing import Any

import pytest

from service.api import (
    classifier_schemas,
    evaluation_schemas,
    finding_schemas,
    job_schemas,
    schemas,
    upload_schemas,
)
from service.api.examples import EXAMPLES
from service.app import create_app
from service.settings import Settings


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings(api_key=None, api_key_file=None, host="127.0.0.1")).openapi()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_valid_message_in_full(name: str) -> None:
    modules = (
        schemas,
        classifier_schemas,
        evaluation_schemas,
        finding_schemas,
        job_schemas,
        upload_schemas,
    )
    model = next(getattr(module, name) for module in modules if hasattr(module, name))
    parsed = model.model_validate(EXAMPLES[name])
    assert parsed.model_dump(mode="json", exclude_unset=True) == EXAMPLES[name]


def test_every_json_body_has_an_example(document: dict[str, Any]) -> None:
    shown = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            good = [r for status, r in operation["responses"].items() if status.startswith("2")]
            for body in [*good, operation.get("requestBody", {})]:
                content = body.get("content", {}).get("application/json")
                if content and "example" not in content:
                    name = content["schema"]["$ref"].rpartition("/")[2]
                    assert "example" in shown[name], f"{method} {path}: {name}"
