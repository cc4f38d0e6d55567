"""Whatever is sent, the service answers as its OpenAPI document says."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.app import create_app
from service.usecases.context import Context
from tests.pictures import parts
from tests.service.caller import Caller
from tests.service.server import serve

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
# What tus calls the bytes of a file.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
# A stream of events goes on until its job is over.
ENDLESS = "/jobs/{job_id}/events"


@pytest.fixture
def address(api: Caller, context: Context, redis_url: str) -> Iterator[str]:
    """A service in which there is something of everything."""
    api.teach("red", "green", each=2)
    api.send("/images", parts("blue", range(3)))
    connected = context.settings.model_copy(update={"redis_url": redis_url})
    with serve(create_app(connected)) as address:
        yield address


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_breaks_the_service_or_its_contract(address: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json").exclude(path=ENDLESS)
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def hold(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=list(CHECKS), timeout=120)

        with suppress(Unsatisfiable):  # a call without parameters has no wrong ones
            hold()
