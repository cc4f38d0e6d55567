"""The page in Chromium, against a running service: what a person does with it, first to last."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Playwright, expect, sync_playwright
from sklearn.datasets import load_digits

from tests.e2e.browser import cell, cells, drag_box, drop_files, find_chromium, open_page
from tests.e2e.running_service import wait_for

PER_CLASS = 12


@dataclass(frozen=True)
class Api:
    """Calls on one project: api("GET", "/images", params={...})."""

    address: str
    project: str

    def __call__(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        params = options.pop("params", {}) | {"project": self.project}
        answer = httpx.request(method, self.address + path, params=params, timeout=60, **options)
        answered: dict[str, Any] = answer.raise_for_status().json() if answer.content else {}
        return answered


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    find_chromium()  # skips before anything is started
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
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


@pytest.fixture
def api(service_url: str, request: pytest.FixtureRequest) -> Api:
    """A fresh project, named after the test."""
    name = request.node.name.replace("_", " ")[:60]
    made = httpx.post(f"{service_url}/projects", json={"name": name}, timeout=60)
    return Api(service_url, made.raise_for_status().json()["id"])


@pytest.fixture
def page(playwright: Playwright, service_url: str) -> Iterator[Page]:
    with open_page(playwright, service_url) as opened:
        yield opened


@pytest.fixture
def filled(api: Api, pictures: dict[str, bytes]) -> Api:
    """A project with all pictures in the pool, embedded, and two classes without examples."""
    files = [("files", (name, data, "image/png")) for name, data in pictures.items()]
    api("POST", "/images", files=files)
    wait_for(lambda: api("GET", "/images")["pending"] == 0, "the pool to be embedded")
    for name in ("Nought", "Stroke"):
        api("POST", "/classes", json={"name": name})
    return api


@pytest.fixture
def trained(filled: Api) -> Api:
    """The same with two examples of each class."""
    ids = ids_by_name(filled)
    labels = [
        {"image_id": ids[f"{name}-{index:02d}.png"], "class_id": class_id}
        for name, class_id in [("nought", "nought"), ("one", "stroke")]
        for index in (0, 1)
    ]
    filled("POST", "/labels", json={"labels": labels})
    return filled


def ids_by_name(api: Api) -> dict[str, int]:
    items = api("GET", "/images", params={"limit": 100})["items"]
    return {item["filename"]: item["id"] for item in items}


def labels_of(api: Api) -> list[str | None]:
    return [item["class_id"] for item in api("GET", "/images", params={"limit": 100})["items"]]


def go(page: Page, api: Api, view: str = "all") -> None:
    page.goto(f"/?project={api.project}&view={view}")
    expect(cells(page).first).to_be_visible()


def wait_until_predicted(page: Page, count: int) -> None:
    guessed = page.get_by_role("gridcell", name=re.compile("predicted|unknown, perhaps"))
    expect(guessed).to_have_count(count, timeout=60_000)


def test_from_an_empty_project_to_predictions(
    page: Page, api: Api, pictures: dict[str, bytes]
) -> None:
    page.goto(f"/?project={api.project}")
    expect(page.get_by_role("heading", name="Drop images or whole folders here")).to_be_visible()

    broken = {"broken.png": b"\x89PNG no more of it"}
    drop_files(page.get_by_role("main"), pictures | broken)
    tray = page.get_by_role("status", name="Upload")
    expect(tray).to_contain_text("24 new images")
    expect(tray).to_contain_text("broken.png")
    drop_files(page.get_by_role("main"), {"again.png": pictures["one-00.png"]})
    expect(tray).to_contain_text("1 already there")

    expect(page.get_by_text("Make two classes")).to_be_visible()
    for name in ("Nought", "Stroke"):
        page.get_by_role("textbox", name="New class").fill(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=re.compile(f"^{name}"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Choose an image and press the key of its class")).to_be_visible()

    page.get_by_role("button", name=re.compile("^All images")).click()
    for name, key in [("nought-00", "1"), ("one-00", "2"), ("nought-01", "1"), ("one-01", "2")]:
        cell(page, name).click()
        page.keyboard.press(key)
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(2)
    wait_until_predicted(page, 20)
    expect(page.get_by_role("button", name="Accuracy")).to_contain_text("measured on 4 labels")
    stored = api("GET", "/classes")["classes"]
    assert {one["id"]: one["examples"] for one in stored} == {"nought": 2, "stroke": 2}


def test_suggestions_are_labelled_one_key_after_the_other(page: Page, trained: Api) -> None:
    page.goto(f"/?project={trained.project}")
    expect(page.get_by_role("complementary", name="Image")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("1")
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(3)
    expect(page.get_by_text("17 of 20 suggestions left")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("16 of 20 suggestions left")).to_be_visible()
    wait_for(lambda: labels_of(trained).count(None) == 16, "the labels to be stored")
    page.reload()
    expect(page.get_by_text("16 of 16 suggestions left")).to_be_visible()


def test_many_images_are_labelled_at_once(page: Page, filled: Api) -> None:
    go(page, filled)
    cell(page, "nought-11").click()
    cell(page, "nought-08").click(modifiers=["Shift"])
    expect(page.get_by_text("4 images selected")).to_be_visible()
    cell(page, "nought-03").click(modifiers=["Control"])
    expect(page.get_by_text("5 images selected")).to_be_visible()
    page.get_by_role("button", name="Label as Nought").click()
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(5)

    page.keyboard.press("Home")
    drag_box(page, cell(page, "one-11"), cell(page, "one-08"))
    expect(page.get_by_text("4 images selected")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_role("gridcell", name="labelled Stroke")).to_have_count(4)

    page.keyboard.press("Control+a")
    expect(page.get_by_text("24 images selected")).to_be_visible()
    page.keyboard.press("Backspace")
    expect(page.get_by_role("gridcell", name="not labelled")).to_have_count(24)


def test_undo_and_redo_reach_the_service(page: Page, trained: Api) -> None:
    go(page, trained)
    cell(page, "nought-00").click()
    page.keyboard.press("2")
    expect(cell(page, "nought-00.png, labelled Stroke")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(cell(page, "nought-00.png, labelled Nought")).to_be_visible()
    page.keyboard.press("Control+Shift+z")
    expect(cell(page, "nought-00.png, labelled Stroke")).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(cell(page, "nought-00.png, labelled Nought")).to_be_visible()
    wait_for(lambda: labels_of(trained).count("nought") == 2, "the label to be stored")


def test_a_label_takes_an_image_out_of_the_unlabelled_and_undo_brings_it_back(
    page: Page, trained: Api
) -> None:
    go(page, trained, "unlabelled")
    expect(cells(page)).to_have_count(20)
    cell(page, "nought-05").click()
    page.keyboard.press("1")
    expect(cells(page)).to_have_count(19)
    page.keyboard.press("Control+z")
    expect(cells(page)).to_have_count(20)


def test_filters_and_order_live_in_the_address(page: Page, trained: Api) -> None:
    go(page, trained)
    page.get_by_role("button", name=re.compile("^Nought")).click()
    expect(cells(page)).to_have_count(2)
    expect(page).to_have_url(re.compile("view=class%3Anought"))
    page.get_by_text("Predicted", exact=True).click()
    expect(page).to_have_url(re.compile("view=predicted%3Anought"))
    page.reload()
    expect(cells(page).first).to_be_visible()
    page.get_by_role("button", name="Uncertain", exact=True).click()
    expect(cells(page)).to_have_count(20)
    page.go_back()
    expect(page).to_have_url(re.compile("view=predicted%3Anought"))


def test_a_picture_is_tried_without_being_stored(
    page: Page, trained: Api, pictures: dict[str, bytes]
) -> None:
    go(page, trained)
    page.get_by_role("button", name="Try it").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    turned = io.BytesIO()
    Image.open(io.BytesIO(pictures["one-07.png"])).rotate(3, fillcolor=255).save(turned, "PNG")
    chooser.value.set_files(
        {"name": "new.png", "mimeType": "image/png", "buffer": turned.getvalue()}
    )
    dialogue = page.get_by_role("dialog", name="Try it")
    expect(dialogue.get_by_role("list", name="Probability of each class")).to_contain_text("Stroke")
    expect(dialogue.get_by_role("button", name="Open similar image")).not_to_have_count(0)
    assert trained("GET", "/images")["total"] == 24


def test_the_panel_tells_all_about_an_image_and_leads_to_its_neighbours(
    page: Page, trained: Api
) -> None:
    go(page, trained)
    cell(page, "nought-06").click()
    panel = page.get_by_role("complementary", name="Image")
    expect(panel).to_contain_text("nought-06.png")
    expect(panel.get_by_role("list", name="Probability of each class")).to_contain_text("%")
    panel.get_by_role("button", name="Open similar image").first.click()
    expect(panel).not_to_contain_text("nought-06.png")
    expect(panel).to_contain_text("Labelled")
    panel.get_by_role("button", name="Remove from the pool").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(cells(page)).to_have_count(23)


def test_classes_are_renamed_merged_and_deleted(page: Page, trained: Api) -> None:
    go(page, trained)

    def change(name: str, entry: str) -> None:
        page.get_by_role("button", name=f"Change class {name}").click()
        page.get_by_role("menuitem", name=entry).click()

    change("Stroke", "Rename")
    page.get_by_role("textbox", name="Name").fill("Nought")
    page.get_by_role("button", name="Rename", exact=True).click()
    dialogue = page.get_by_role("dialog", name="Rename class")
    expect(dialogue).to_contain_text("Nought")
    page.get_by_role("textbox", name="Name").fill("Bar")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("gridcell", name="labelled Bar")).to_have_count(2)

    change("Bar", "Delete")
    page.get_by_role("radio", name="They become Nought").check()
    page.get_by_role("button", name="Delete Bar").click()
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(4)
    change("Nought", "Delete")
    page.get_by_role("button", name="Delete Nought").click()
    expect(page.get_by_role("gridcell", name="labelled")).to_have_count(24)
    expect(page.get_by_role("gridcell", name="not labelled")).to_have_count(24)
    assert trained("GET", "/classes")["classes"] == []


def test_files_dropped_on_a_class_become_its_examples(
    page: Page, filled: Api, pictures: dict[str, bytes]
) -> None:
    go(page, filled)
    some = {name: pictures[name] for name in ("nought-02.png", "nought-03.png")}
    drop_files(page.get_by_role("button", name=re.compile("^Nought")), some)
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(2)
    assert filled("GET", "/images")["total"] == 24


def test_the_keyboard_alone_is_enough(page: Page, filled: Api) -> None:
    go(page, filled)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    focused = page.locator("[data-focused]")
    expect(focused).to_have_attribute("aria-label", re.compile("one-10"))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text("2 images selected")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_role("gridcell", name="labelled Stroke")).to_have_count(2)
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("1")
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(2)
    wait_until_predicted(page, 20)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("gridcell", name="labelled")).to_have_count(5)
    page.keyboard.press("+")
    page.keyboard.type("Third")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Third"))).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard and mouse")).to_be_visible()


def test_going_back_to_an_older_version(page: Page, trained: Api) -> None:
    go(page, trained)
    cell(page, "nought-05").click()
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="Accuracy")).to_contain_text("5 labels")
    page.get_by_role("button", name="Accuracy").click()
    drawer = page.get_by_role("dialog", name="Classifier")
    drawer.get_by_role("button", name="Use this").first.click()
    expect(drawer.get_by_text("answers now")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Accuracy")).to_contain_text("4 labels")


def test_projects_are_made_and_chosen(page: Page, filled: Api) -> None:
    go(page, filled)
    page.get_by_role("button", name=re.compile("^Project")).click()
    page.get_by_role("menuitem", name="New project").click()
    page.get_by_role("textbox", name="Name").fill(f"Beside {filled.project}")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Drop images or whole folders here")).to_be_visible()
    page.goto("/")
    expect(page).to_have_url(re.compile("project=beside-"))


def test_labels_survive_a_service_that_is_away(page: Page, trained: Api) -> None:
    go(page, trained)
    page.context.set_offline(True)
    cell(page, "nought-05").click()
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("not answering")
    expect(cell(page, "nought-05.png, labelled Nought")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0, timeout=20_000)
    expect(page.get_by_role("button", name=re.compile("^Nought.*3"))).to_be_visible()


def test_colours_follow_the_system_and_the_switch(
    playwright: Playwright, service_url: str, trained: Api
) -> None:
    with open_page(playwright, service_url, scheme="dark") as page:
        go(page, trained)
        scheme = page.locator("html")
        expect(scheme).to_have_attribute("data-mantine-color-scheme", "dark")
        page.get_by_role("button", name="Switch to light colours").click()
        expect(scheme).to_have_attribute("data-mantine-color-scheme", "light")
