"""The REST contract of search by likeness and of the map."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, WithJsonSchema, model_validator

from service.api.schemas import PRINTABLE, Image, Message, Rejected, RowId

# More than these a request would keep its caller waiting for seconds.
MAX_QUERIES = 16
MAX_FOUND = 1000
ClassId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]
_BASE64 = {"type": "string", "format": "base64", "contentMediaType": "application/octet-stream"}
Numbers = Annotated[str, WithJsonSchema(_BASE64)]


class SearchQuery(Message):
    """What to search with: images of the pool, or a class. One of the two."""

    image_ids: list[RowId] | None = Field(default=None, min_length=1, max_length=MAX_QUERIES)
    class_id: ClassId | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.image_ids is None) == (self.class_id is None):
            raise ValueError("give either image_ids or class_id")
        return self


class SearchResult(Message):
    image: Image
    similarity: float = Field(
        ge=-1.001,
        le=1.001,
        description="Cosine to the nearest of the images searched with, or to the class's centre.",
    )
    closeness: float = Field(
        ge=0,
        le=1,
        description="The similarity relative to the pool: 0 where it is no more than that of the "
        "pool's images on average, 1 for the same picture. It tells neighbours apart where an "
        "encoder's cosines are all near 1, and ranks as they do.",
    )


class SearchResults(Message):
    results: list[SearchResult] = Field(description="The most alike first.")
    rejected: list[Rejected] = Field(description="Files that could not be searched with.")


class PoolMap(Message):
    """All images' places on a plane. Arrays are base64 of little-endian numbers, one an image."""

    version: int = Field(description="Grows with each map made; places hold within one.")
    encoder_id: str
    count: int = Field(description="Images on the map, n of every array.")
    created_at: datetime
    stale: int = Field(
        description="Embedded images that came after the map was made; most were placed between "
        "their neighbours. Where they are many, make another map."
    )
    classes: list[str] = Field(description="Class ids that `label` and `predicted` point into.")
    image_ids: Numbers = Field(description="int32, ascending.")
    x: Numbers = Field(description="float32 in [0, 1].")
    y: Numbers = Field(description="float32 in [0, 1].")
    label: Numbers = Field(description="int16, -1 without a label.")
    predicted: Numbers = Field(description="int16, -1 without a prediction.")
    confidence: Numbers = Field(
        description="float32 in [0, 1], probability of the prediction; 0 without one."
    )
    unknown: Numbers = Field(description="uint8, 1 where it is like nothing labelled.")
