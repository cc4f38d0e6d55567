"""The formats by their names, as requests and commands say them."""

from typing import Literal, TypeAlias

ImportFormat: TypeAlias = Literal[
    "auto", "folder", "zip", "tar", "s3", "csv", "coco", "labelstudio", "hf", "parquet"
]
ExportFormat: TypeAlias = Literal["csv", "coco", "labelstudio", "imagefolder", "hf", "parquet"]
# How annotations lie among the images; the others of ImportFormat say where everything lies.
Layout: TypeAlias = Literal["folder", "csv", "coco", "labelstudio", "hf", "parquet"]
