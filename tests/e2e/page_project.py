"""A project of one test, its pictures, and the page opened on it."""

import io
import re
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect
from sklearn.datasets import load_digits

from tests.e2e.browser import cells
from tests.e2e.running_service import wait_for

PER_CLASS = 12


@dataclass(frozen=True)
class Project:
    """Calls on one project: project("GET", "/images", params={...})."""

    address: str
    id: str

    def __call__(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        params = options.pop("params", {}) | {"project": self.id}
        answer = httpx.request(method, self.address + path, params=params, timeout=180, **options)
        answered: dict[str, Any] = answer.raise_for_status().json() if answer.content else {}
        return answered


def draw_pictures() -> dict[str, bytes]:
    """Twelve handwritten noughts and twelve ones as PNG files, by name."""
    digits = load_digits()
    files = {}
    for value, name in enumerate(["nought", "one"]):
        for index, image in enumerate(digits.images[digits.target == value][:PER_CLASS]):
            pixels = (255 - image * 15.9).astype(np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(pixels).resize((64, 64)).save(buffer, "PNG")
            files[f"{name}-{index:02d}.png"] = buffer.getvalue()
    return files


def fill(project: Project, pictures: dict[str, bytes]) -> None:
    """All pictures in the pool, embedded, and two classes without examples."""
    files = [("files", (name, data, "image/png")) for name, data in pictures.items()]
    project("POST", "/images", files=files)
    wait_for(lambda: project("GET", "/images")["pending"] == 0, "the pool to be embedded")
    for name in ("Nought", "Stroke"):
        project("POST", "/classes", json={"name": name})


def label_some(project: Project) -> None:
    """Two examples of each class."""
    ids = ids_by_name(project)
    labels = [
        {"image_id": ids[f"{name}-{index:02d}.png"], "class_id": class_id}
        for name, class_id in [("nought", "nought"), ("one", "stroke")]
        for index in (0, 1)
    ]
    project("POST", "/labels", json={"labels": labels})


def ids_by_name(project: Project) -> dict[str, int]:
    items = project("GET", "/images", params={"limit": 100})["items"]
    return {item["filename"]: item["id"] for item in items}


def labels_of(project: Project) -> list[str | None]:
    return [item["class_id"] for item in project("GET", "/images", params={"limit": 100})["items"]]


def go(page: Page, project: Project, view: str = "all") -> None:
    """Open a list; images and classes have arrived, so that every key works."""
    page.goto(f"/?project={project.id}&view={view}")
    expect(cells(page).first).to_be_visible()
    expect(page.get_by_role("button", name="Label as").first).to_be_visible()


def wait_until_predicted(page: Page, count: int) -> None:
    guessed = page.get_by_role("gridcell", name=re.compile("predicted|unknown, perhaps"))
    expect(guessed).to_have_count(count)
