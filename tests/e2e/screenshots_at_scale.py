"""Pictures of search, map, review and import: `python -m tests.e2e.screenshots_at_scale`.

They show the garments of the test data (HANDFUL_TEST_DATA), which are in the public domain.
"""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.browser import cells, launch, open_page
from tests.e2e.running_service import running_service, wait_for
from tests.e2e.screenshots import REPOSITORY, dismiss_notice, save

SHARED = Path(os.environ.get("HANDFUL_TEST_DATA", REPOSITORY.parent / "shared"))
LABELLED = 3


def import_all(address: str) -> None:
    """A project with every garment, a few of each class labelled, and its map."""
    with httpx.Client(base_url=address, timeout=120, params={"project": "clothing"}) as client:

        def run(kind: str, payload: dict[str, str]) -> None:
            job = client.post("/jobs", json={"kind": kind, "payload": payload}).raise_for_status()
            path = f"/jobs/{job.json()['id']}"
            wait_for(lambda: client.get(path).json()["state"] == "succeeded", kind, 600)

        client.post("/projects", json={"name": "Clothing"})
        source = str(SHARED / "data" / "clothing.zip")
        run("import", {"source": source, "labels": "reference"})
        wait_for(lambda: client.get("/images").json()["pending"] == 0, "the embeddings", 600)
        label_some(client)
        run("map", {})


def label_some(client: httpx.Client) -> None:
    """Label the first images of each class: the folders of the archive."""
    with zipfile.ZipFile(SHARED / "data" / "clothing.zip") as archive:
        names = sorted(archive.namelist())
        for folder in sorted({name.partition("/")[0] for name in names}):
            some = [name for name in names if name.startswith(f"{folder}/")][:LABELLED]
            contents = [hashlib.sha256(archive.read(name)).hexdigest() for name in some]
            found = client.post("/images/known", json={"sha256s": contents}).json()["images"]
            made = client.post("/classes", json={"name": folder}).json()["id"]
            labels = [{"image_id": each["id"], "class_id": made} for each in found]
            client.post("/labels", json={"labels": labels}).raise_for_status()


def take_search(page: Page) -> None:
    page.goto("/?project=clothing&view=all")
    expect(cells(page).first).to_be_visible()
    dismiss_notice(page)
    cells(page).nth(2).click()
    page.get_by_role("button", name="More like this").click()
    expect(page.get_by_role("group", name="Searched with")).to_be_visible()
    cells(page).nth(1).click()
    save(page, "search")


def take_map_and_review(page: Page) -> None:
    page.goto("/?project=clothing&view=map")
    expect(page.get_by_role("list", name="What the colours mean")).to_be_visible()
    page.wait_for_timeout(2000)
    save(page, "map")
    box = page.get_by_role("img", name="Map of the pool").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.47, box["y"] + box["height"] * 0.42
    page.keyboard.down("Shift")
    page.mouse.move(x - 110, y - 90)
    page.mouse.down()
    for across, down in [(110, -90), (110, 90), (-110, 90), (-110, -80)]:
        page.mouse.move(x + across, y + down, steps=8)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.get_by_role("button", name="Look through and label").click()
    review = page.get_by_role("region", name="Review")
    for index in (4, 9, 12):
        review.get_by_role("gridcell").nth(index).click()
    save(page, "review")


def take_import(page: Page) -> None:
    page.goto("/?project=clothing&view=imports")
    expect(page.get_by_role("article").first).to_be_visible()
    page.mouse.move(0, 0)
    save(page, "import")


def take_all(address: str) -> None:
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright, open_page(launch(playwright), address) as page:
        take_search(page)
        take_map_and_review(page)
        take_import(page)


def main() -> None:
    """Start a service on a temporary folder, import into it, and take the pictures."""
    weights = SHARED / "weights" / "vit_tiny_patch16_224.safetensors"
    settings = {
        "HANDFUL_IMPORT_ROOTS": str(SHARED / "data"),
        "HANDFUL_ENCODER": f"timm:vit_tiny_patch16_224={weights}",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder), **settings) as service,
    ):
        import_all(service.address)
        take_all(service.address)


if __name__ == "__main__":
    main()
