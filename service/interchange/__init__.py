"""Data sets as other programs write and read them: what is imported and exported.

No database and no web here: files in, `ImageFile`s out, and `ExportItem`s in, files out.
"""

from models.image_sources import ImageFile, SourceError, UnreadableFile
from models.image_sources.tar_tree import Scratch
from service.interchange.export_item import ExportItem
from service.interchange.exporting import export_suffix, write_export
from service.interchange.formats import ExportFormat, ImportFormat
from service.interchange.opening import ImportSource, OpenImport, open_import
from service.interchange.urls import UrlPolicy

__all__ = [
    "ExportFormat",
    "ExportItem",
    "ImageFile",
    "ImportFormat",
    "ImportSource",
    "OpenImport",
    "Scratch",
    "SourceError",
    "UnreadableFile",
    "UrlPolicy",
    "export_suffix",
    "open_import",
    "write_export",
]
