"""The page in Chromium: an encoder pretrained on the pool, cancelled, resumed, chosen and left."""

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from sklearn.datasets import load_digits

from tests.e2e.page_project import Project
from tests.e2e.running_service import wait_for

IMAGES, LABELLED = 300, 40
MILLISECONDS = 300_000


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((255 - pixels * 15.9).astype(np.uint8)).resize((32, 32)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pool(project: Project) -> Project:
    """A project of 300 handwritten digits, embedded; the first forty are labelled."""
    digits = load_digits()
    ids: list[int] = []
    for first in range(0, IMAGES, 100):
        files = [
            ("files", (f"{index}.png", png(digits.images[index]), "image/png"))
            for index in range(first, first + 100)
        ]
        ids += [each["id"] for each in project("POST", "/images", files=files)["images"]]
    for value in range(10):
        project("POST", "/classes", json={"name": str(value)})
    labels = [
        {"image_id": image_id, "class_id": str(value)}
        for image_id, value in zip(ids[:LABELLED], digits.target, strict=False)
    ]
    project("POST", "/labels", json={"labels": labels})
    wait_for(lambda: project("GET", "/images")["pending"] == 0, "the pool to be embedded")
    return project


def start(page: Page, epochs: int) -> None:
    """Start the preset that the page proposes for a small pool on a CPU."""
    page.get_by_role("button", name="Pretrain a new one").click()
    dialogue = page.get_by_role("dialog", name="Pretrain an encoder on this pool")
    expect(dialogue.get_by_role("radio", name="cpu-32")).to_be_checked()
    dialogue.get_by_role("textbox", name="Epochs").fill(str(epochs))
    expect(dialogue).to_contain_text(f"{epochs * (IMAGES // 32)} steps of 32 images")
    dialogue.get_by_role("button", name="Start").click()
    expect(dialogue).to_have_count(0)


def loss_drawn(page: Page) -> str:
    """The curve of the loss as it is now, once it is drawn."""
    return curve(page).get_attribute("d", timeout=MILLISECONDS) or ""


def wait_until_it_moves(page: Page, drawn: str) -> None:
    """Wait until the curve of the loss is drawn further than that."""
    expect(curve(page)).not_to_have_attribute("d", drawn, timeout=MILLISECONDS)


def curve(page: Page) -> Locator:
    figure = page.get_by_role("figure", name=re.compile("^Loss"))
    return figure.locator("[aria-label=line] path").first


def encoder(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Encoders").get_by_role("listitem", name=name)


@pytest.mark.timeout(1200)
def test_an_encoder_is_pretrained_on_the_pool_chosen_and_left(page: Page, pool: Project) -> None:
    page.goto(f"/?project={pool.id}&view=encoders")
    bundled = pool("GET", "/encoders")["encoders"][0]["name"]
    expect(encoder(page, bundled)).to_contain_text("Measured on your 40 labels")

    start(page, epochs=30)
    run = page.get_by_role("region", name="Pretraining cpu-32, 30 epochs")
    wait_until_it_moves(page, loss_drawn(page))
    expect(run).to_contain_text("images a second")
    run.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel it").click()
    expect(run).to_contain_text("Cancelled", timeout=MILLISECONDS)
    expect(run).to_contain_text("resuming goes on from its last checkpoint")

    drawn = loss_drawn(page)
    run.get_by_role("button", name="Resume").click()
    wait_until_it_moves(page, drawn)
    expect(run).to_contain_text("Finished", timeout=MILLISECONDS)
    [job] = [each for each in pool("GET", "/jobs")["jobs"] if each["kind"] == "pretrain"]
    records = pool("GET", f"/jobs/{job['id']}/records")["records"]
    assert {"started", "stopped", "resumed", "finished"} <= {each.get("event") for each in records}

    [new] = [
        each["name"] for each in pool("GET", "/encoders")["encoders"] if each["name"] != bundled
    ]
    expect(encoder(page, new)).to_contain_text("in use", timeout=MILLISECONDS)
    expect(encoder(page, new)).to_contain_text("Measured on your 40 labels")
    against = re.compile("% against .* % with the present one, on your 40 labels")
    expect(encoder(page, bundled)).to_contain_text(against)

    page.get_by_role("button", name=f"Go back {bundled}").click()
    expect(encoder(page, bundled)).to_contain_text("in use", timeout=MILLISECONDS)
    expect(encoder(page, new)).to_contain_text(against)
    page.get_by_role("button", name=f"Use {new}").press("Enter")
    expect(encoder(page, new)).to_contain_text("in use", timeout=MILLISECONDS)


def test_what_cannot_be_started_says_why(page: Page, filled: Project) -> None:
    page.goto(f"/?project={filled.id}&view=encoders")
    page.get_by_role("button", name="Pretrain a new one").click()
    dialogue = page.get_by_role("dialog", name="Pretrain an encoder on this pool")
    expect(dialogue).to_contain_text("The pool has 24 images, and one step takes 32")
    dialogue.get_by_role("button", name="Start").click()
    expect(dialogue.get_by_role("alert")).to_contain_text("set batch to 24 or less")
    dialogue.get_by_role("button", name="Advanced settings").click()
    settings = dialogue.get_by_role("textbox", name="Advanced settings")
    settings.fill("batch 24")
    expect(dialogue).to_contain_text("write name = value")
    settings.fill("batches = 24")
    dialogue.get_by_role("button", name="Start").click()
    expect(dialogue.get_by_role("alert")).to_contain_text("batches")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Register an encoder").click()
    page.get_by_role("button", name=re.compile("^Fill in timm")).click()
    page.get_by_role("textbox", name="Spec").fill("timm:no_such_model")
    page.get_by_role("button", name="Register", exact=True).click()
    failed = page.get_by_role("alert").filter(has_text="timm:no_such_model could not be registered")
    expect(failed).to_be_visible()
