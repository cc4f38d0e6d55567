"""The OpenAPI document: FastAPI's, with an example a message and the true type of errors."""

from typing import Any

from fastapi import FastAPI

from service.api.examples import EXAMPLES
from service.api.schemas import Problem

PROBLEM = "application/problem+json"
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "What was wrong and what to do"},
    "5XX": {"model": Problem, "description": "What the service cannot do at present"},
}


class DocumentedApi(FastAPI):
    """An application whose document calls problems `application/problem+json`."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        known = self.openapi_schema is not None
        document = super().openapi()
        if not known:
            for name, example in EXAMPLES.items():
                document["components"]["schemas"][name]["example"] = example
            for path in document["paths"].values():
                for operation in path.values():
                    _name_problems(operation["responses"])
        return document


def _name_problems(responses: dict[str, Any]) -> None:
    # FastAPI documents an error under the media type of the route's success.
    for status in RESPONSES:
        content = responses[str(status)]["content"]
        responses[str(status)]["content"] = {PROBLEM: content.popitem()[1]}
