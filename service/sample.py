"""The sample project: scikit-learn's handwritten digits, five of each labelled at random."""

import io
import time
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from service.client import ApiError, Client
from service.settings import Settings

LABELS_PER_CLASS = 5
WAIT_SECONDS = 120.0
NAMES = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"]


def load_sample(address: str, settings: Settings, console: Console) -> None:
    """Load the sample into a data folder that never held anything, through the REST API."""
    mark = settings.data_dir / "sample-loaded"
    key = settings.resolve_key()
    with Client(address, key=key) as client:
        used = [p for p in client.get("/projects")["projects"] if p["images"] or p["classes"]]
        if mark.exists() or any(project["id"] != "digits" for project in used):
            return
        with suppress(ApiError):  # made by a start that was cut off: what follows is idempotent
            client.post("/projects", {"name": "Digits"})
    progress = console.status("Loading the sample project: 1,797 handwritten digits")
    with Client(address, project="digits", key=key) as client, progress:
        _load_digits(client)
        _wait_for_classifier(client)
    mark.touch()


def _load_digits(client: Client) -> None:
    from sklearn.datasets import load_digits  # takes a second: only the first start needs it

    digits = load_digits()
    # Those next to each other are alike: the accuracy on the first would be too high for the rest.
    draws = np.random.default_rng(0)
    for digit, name in enumerate(NAMES):
        chosen = np.flatnonzero(digits.target == digit)
        files = [(f"{name.lower()}-{i:04}.png", _png(digits.images[i])) for i in chosen]
        answers = list(client.upload("/images", files, reference_label=name))
        images = [image["id"] for answer in answers for image in answer["images"]]
        with suppress(ApiError):
            client.post("/classes", {"name": name})
        labelled = draws.choice(images, LABELS_PER_CLASS, replace=False).tolist()
        client.post(f"/classes/{name.lower()}/examples", {"image_ids": labelled})


def _png(digit: NDArray[np.float64]) -> bytes:
    """An 8 x 8 digit of 17 grey levels, enlarged so that people can look at it."""
    grey = Image.fromarray((255 - digit * 255 / 16).astype(np.uint8))
    file = io.BytesIO()
    grey.resize((64, 64), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def _wait_for_classifier(client: Client) -> None:
    """Wait until all labels have been learnt; the rest of the pool may take longer."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        newest = client.get("/classifiers", limit=1)["classifiers"]
        if newest and sum(newest[0]["classes"].values()) >= LABELS_PER_CLASS * len(NAMES):
            return
        time.sleep(0.5)
