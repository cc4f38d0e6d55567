"""The README's pictures, taken anew: `python -m tests.e2e.screenshots`."""

import io
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from sklearn.datasets import load_digits

from tests.e2e.browser import cells, drag_box, launch, open_page
from tests.e2e.running_service import running_service, wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "docs" / "screenshots"
LABELLED, PER_CLASS = 5, 26

Pictures = dict[str, list[bytes]]


def load_pictures() -> Pictures:
    """Handwritten digits by class: pictures that the project may show."""
    digits = load_digits()
    found: Pictures = defaultdict(list)
    for image, value in zip(digits.images[:400], digits.target[:400], strict=True):
        buffer = io.BytesIO()
        grey = Image.fromarray((255 - image * 15.9).astype(np.uint8))
        grey.resize((96, 96)).save(buffer, "PNG")
        found[str(value)].append(buffer.getvalue())
    return found


def fill(address: str, pictures: Pictures) -> None:
    """A project with all pictures, their true labels beside them, a few of each class labelled."""
    with httpx.Client(base_url=address, timeout=120, params={"project": "digits"}) as client:
        client.post("/projects", json={"name": "Digits"})
        labels = []
        for index in range(PER_CLASS):
            for name, images in pictures.items():
                file = ("files", (f"{name}-{index:02d}.png", images[index]))
                form = {"reference_label": name}
                image = client.post("/images", files=[file], data=form).json()["images"][0]
                if index < LABELLED:
                    labels.append({"image_id": image["id"], "class_id": name})
        for name in pictures:
            client.post("/classes", json={"name": name}).raise_for_status()
        wait_for(lambda: client.get("/images").json()["pending"] == 0, "the embeddings", 300)
        client.post("/labels", json={"labels": labels}).raise_for_status()


def save(page: Page, name: str) -> None:
    """Few colours make a small file, and the eye does not miss the others."""
    page.wait_for_timeout(1200)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = shot.quantize(
        colors=256, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE
    )
    small.save(FOLDER / f"{name}.png", optimize=True)


def dismiss_notice(page: Page) -> None:
    dismiss = page.get_by_role("button", name="Dismiss")
    if dismiss.count():
        dismiss.click()


def take_light(page: Page, unseen: bytes) -> None:
    page.goto("/?project=digits&view=all")
    expect(cells(page).first).to_be_visible()
    dismiss_notice(page)
    cells(page).nth(3).click()
    save(page, "pool")
    drag_box(page, cells(page).nth(1), cells(page).nth(8))
    save(page, "select")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Try it").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files({"name": "new.png", "mimeType": "image/png", "buffer": unseen})
    expect(page.get_by_role("list", name="Probability of each class").last).to_be_visible()
    page.mouse.move(0, 0)
    save(page, "try-it")


def take_dark(page: Page) -> None:
    page.goto("/?project=digits")
    expect(cells(page).first).to_be_visible()
    dismiss_notice(page)
    panel = page.get_by_role("complementary", name="Image")
    for _ in range(3):
        file = panel.get_by_text(re.compile(r"^\w+-\d\d\.png$"))
        true_class = file.inner_text().rpartition("-")[0]
        page.keyboard.press(true_class)
        page.wait_for_timeout(900)
    save(page, "to-label-dark")


@contextmanager
def mislabelled(address: str) -> Iterator[None]:
    """Two labels are wrong for a while, so that there is something to find."""
    with httpx.Client(base_url=address, timeout=120, params={"project": "digits"}) as client:

        def label(as_labelled: dict[str, str]) -> None:
            found = client.get("/images", params={"filter": "labelled", "limit": 200}).json()
            ids = {each["filename"]: each["id"] for each in found["items"]}
            changes = [
                {"image_id": ids[name], "class_id": as_} for name, as_ in as_labelled.items()
            ]
            client.post("/labels", json={"labels": changes}).raise_for_status()

        label({"0-01.png": "3", "6-02.png": "7"})
        yield
        label({"0-01.png": "0", "6-02.png": "6"})


def take_evaluation(page: Page) -> None:
    page.set_viewport_size({"width": 1400, "height": 1300})
    page.goto("/?project=digits&view=evaluation")
    matrix = page.get_by_role("region", name="Confusion matrix")
    expect(matrix).to_be_visible(timeout=60_000)
    matrix.locator("table button[tabindex='0']").click()
    page.mouse.move(0, 0)
    save(page, "evaluation")


def take_comparison(page: Page) -> None:
    page.goto("/?project=digits&view=evaluation")
    compare = page.get_by_role("region", name="Compare")
    compare.get_by_role("button", name="Compare").click(timeout=60_000)
    expect(compare.get_by_role("status")).to_be_visible(timeout=60_000)
    compare.scroll_into_view_if_needed()
    page.mouse.move(0, 0)
    save(page, "comparison-dark")


def pretrain(address: str) -> None:
    """An encoder pretrained on the pool, which has taken over."""
    with httpx.Client(base_url=address, timeout=120, params={"project": "digits"}) as client:
        asked = {"kind": "pretrain", "payload": {"preset": "cpu-32"}}
        job = client.post("/jobs", json=asked).raise_for_status().json()
        path = f"/jobs/{job['id']}"
        wait_for(lambda: client.get(path).json()["state"] == "succeeded", "the encoder", 1200)

        def taken_over() -> bool:
            new = [each for each in client.get("/encoders").json()["encoders"] if each["active"]]
            return new[0]["name"].startswith("cpu-32")

        wait_for(taken_over, "the change of encoders", 300)


def take_encoders(page: Page) -> None:
    page.set_viewport_size({"width": 1400, "height": 940})
    page.goto("/?project=digits&view=encoders")
    expect(page.locator("figure [aria-label=line] path").first).to_be_visible()
    page.mouse.move(0, 0)
    save(page, "encoders")


def main() -> None:
    """Start a service on a temporary folder and take every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    pictures = load_pictures()
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service:
        fill(service.address, pictures)
        with sync_playwright() as playwright:
            browser = launch(playwright)
            with open_page(browser, service.address) as page:
                take_light(page, pictures[next(iter(pictures))][-1])
            with open_page(browser, service.address, scheme="dark") as page:
                take_dark(page)
            with mislabelled(service.address):
                with open_page(browser, service.address) as page:
                    take_evaluation(page)
                with open_page(browser, service.address, scheme="dark") as page:
                    take_comparison(page)
            pretrain(service.address)
            with open_page(browser, service.address) as page:
                take_encoders(page)


if __name__ == "__main__":
    main()
