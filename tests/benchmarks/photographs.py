"""A folder of photographs to measure with: crops of the two that scikit-learn brings along."""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

QUALITY = 90


def write_photographs(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """`count` JPEG files of `size` (width, height), in one class folder."""
    originals = [Image.fromarray(photo) for photo in load_sample_images().images]
    rng = np.random.default_rng(0)
    (folder / "photographs").mkdir(parents=True)
    for number in range(count):
        original = originals[number % len(originals)]
        share = rng.uniform(0.5, 1.0)
        width, height = (round(side * share) for side in original.size)
        left = int(rng.integers(0, original.width - width + 1))
        top = int(rng.integers(0, original.height - height + 1))
        crop = original.crop((left, top, left + width, top + height)).resize(size)
        crop.save(folder / "photographs" / f"{number:05}.jpg", quality=QUALITY)
    return folder
