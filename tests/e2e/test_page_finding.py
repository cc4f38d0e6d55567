"""The page in Chromium: searches by likeness, the map, and many images labelled after a review."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import cell, cells, drop_files
from tests.e2e.page_project import PER_CLASS, Project, go, labels_of
from tests.e2e.running_service import wait_for

IMAGES = 2 * PER_CLASS


def open_map(page: Page, project: Project) -> Locator:
    """Have the map made, and wait until it is drawn."""
    page.goto(f"/?project={project.id}&view=map")
    page.get_by_role("button", name="Make the map").click()
    expect(page.get_by_role("list", name="What the colours mean")).to_be_visible()
    plot = page.get_by_role("img", name="Map of the pool")
    expect(plot).to_have_attribute("aria-busy", "false")
    return plot


def lasso_everything(page: Page, plot: Locator) -> None:
    box = plot.bounding_box()
    assert box is not None
    left, top = box["x"] + 3, box["y"] + 3
    right, bottom = box["x"] + box["width"] - 3, box["y"] + box["height"] - 3
    page.keyboard.down("Shift")
    page.mouse.move(left, top)
    page.mouse.down()
    # Of moves that come close upon each other the canvas leaves some out: a corner has three.
    for x, y, by_x, by_y in [(right, top, 6, 0), (right, bottom, 0, 6), (left, bottom, -6, 0)]:
        page.mouse.move(x - by_x, y - by_y, steps=6)
        page.mouse.move(x, y)
        page.mouse.move(x - by_y, y + by_x)
    page.mouse.move(left, top + 20, steps=6)
    page.mouse.up()
    page.keyboard.up("Shift")


def test_images_like_one_are_found_and_narrowed(page: Page, trained: Project) -> None:
    go(page, trained)
    cell(page, "nought-06").click()
    page.get_by_role("button", name="More like this").click()
    expect(page).to_have_url(re.compile("view=similar"))
    expect(cells(page)).to_have_count(IMAGES - 1)
    page.get_by_role("combobox", name="Search among").click()
    page.get_by_role("option", name="Labelled Nought").click()
    expect(cells(page)).to_have_count(2)
    page.get_by_role("button", name=re.compile("^Nought")).click()
    page.get_by_text("Nearest", exact=True).click()
    expect(cells(page).first).to_be_visible()
    expect(page).to_have_url(re.compile("view=nearest%3Anought"))


def test_a_picture_finds_what_is_like_it(
    page: Page, trained: Project, pictures: dict[str, bytes]
) -> None:
    page.goto(f"/?project={trained.id}&view=picture")
    expect(page.get_by_role("heading", name="Search with a picture")).to_be_visible()
    drop_files(page.get_by_role("main"), {"one.png": pictures["one-05.png"]})
    expect(cells(page).first).to_be_visible()
    expect(page.get_by_role("group", name="Searched with")).to_contain_text("one.png")
    assert trained("GET", "/images")["total"] == IMAGES
    drop_files(page.get_by_role("main"), {"none.png": b"\x89PNG no more of it"})
    expect(page.get_by_text("is not an image")).to_be_visible()


def test_a_neighbourhood_is_looked_through_and_labelled_in_one_step(
    page: Page, trained: Project
) -> None:
    go(page, trained)
    cell(page, "nought-06").click()
    page.get_by_role("button", name="Label around it").click()
    review = page.get_by_role("region", name="Review")
    expect(review.get_by_role("status")).to_contain_text(f"20 of {IMAGES} images")
    size = review.get_by_role("slider", name="How many of the nearest")
    size.focus()
    page.keyboard.press("Home")
    expect(review.get_by_role("gridcell")).to_have_count(6)
    expect(review.get_by_role("gridcell", selected=True).first).to_be_visible()
    chosen = review.get_by_role("gridcell", selected=True)
    before = chosen.count()
    chosen.last.click()
    expect(chosen).to_have_count(before - 1)
    assert labels_of(trained).count("stroke") == 2
    page.keyboard.press("2")
    expect(review).to_have_count(0)
    wait_for(lambda: labels_of(trained).count("stroke") == before + 1, "the labels to be stored")
    page.keyboard.press("Control+z")
    wait_for(lambda: labels_of(trained).count("stroke") == 2, "the labels to be taken back")


def test_a_cloud_on_the_map_is_labelled(page: Page, trained: Project) -> None:
    plot = open_map(page, trained)
    page.keyboard.press("ArrowRight")
    label_bar = page.get_by_role("toolbar", name="Label")
    expect(label_bar).to_be_visible()
    lasso_everything(page, plot)
    expect(page.get_by_text(f"{IMAGES} images chosen")).to_be_visible()
    expect(label_bar).to_have_count(0)
    page.keyboard.press("Enter")
    review = page.get_by_role("region", name="Review")
    expect(review.get_by_role("status")).to_contain_text(f"20 of {IMAGES} images")
    page.keyboard.press("Escape")
    expect(review).to_have_count(0)
    assert labels_of(trained).count(None) == 20
    page.get_by_role("button", name="Look through and label").click()
    page.keyboard.press("1")
    wait_for(lambda: labels_of(trained).count("nought") == 22, "the labels to be stored")
    page.get_by_text("Label", exact=True).first.click()
    expect(page.get_by_role("list", name="What the colours mean")).to_contain_text("Nought22")


def test_the_map_is_walked_with_the_arrow_keys(page: Page, trained: Project) -> None:
    open_map(page, trained)
    page.keyboard.press("ArrowRight")
    panel = page.get_by_role("complementary", name="Image")
    expect(panel).to_be_visible()
    first = page.url
    page.keyboard.press("ArrowLeft")  # up and down again might lead back to where it began
    expect(page).not_to_have_url(first)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(panel.get_by_role("button", name="Label around it")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("region", name="Review")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
