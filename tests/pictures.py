"""Small images to label: each colour is a class that even a random encoder tells apart."""

import io
from collections.abc import Iterable

import numpy as np
from PIL import Image

COLOURS = {"red": (220, 40, 40), "green": (40, 190, 60), "blue": (50, 60, 220)}
Part = tuple[str, tuple[str, bytes, str]]


def picture(colour: str, seed: int = 0, size: tuple[int, int] = (40, 32)) -> Image.Image:
    """An image of one colour under noise; another seed is another image."""
    noise = np.random.default_rng(seed).normal(0, 20, (size[1], size[0], 3))
    return Image.fromarray(np.clip(COLOURS[colour] + noise, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The image as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(colour: str, seed: int = 0) -> bytes:
    """A picture as the bytes of a PNG file."""
    return encoded(picture(colour, seed))


def part(data: bytes, name: str = "image.png") -> Part:
    """A file of a multipart request."""
    return "files", (name, data, "application/octet-stream")


def parts(colour: str, seeds: Iterable[int]) -> list[Part]:
    """Pictures of one colour as the files of a multipart request."""
    return [part(png(colour, seed), f"{colour}-{seed}.png") for seed in seeds]
