"""Where images come from: one way to read folders, archives, tables and buckets. Torch-free."""

from models.image_sources.opening import open_sources
from models.image_sources.source import ImageFile, ImageSource, SourceError, UnreadableFile

__all__ = ["ImageFile", "ImageSource", "SourceError", "UnreadableFile", "open_sources"]
