"""The page in Chromium, against a running service: what a person does with it, first to last."""

import io
import re

from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.e2e.browser import cell, cells, drag_box, drop_files
from tests.e2e.page_project import Project, go, labels_of, wait_until_predicted
from tests.e2e.running_service import wait_for


def test_from_an_empty_project_to_predictions(
    page: Page, project: Project, pictures: dict[str, bytes]
) -> None:
    page.goto(f"/?project={project.id}")
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
    stored = project("GET", "/classes")["classes"]
    assert {one["id"]: one["examples"] for one in stored} == {"nought": 2, "stroke": 2}


def test_suggestions_are_labelled_one_key_after_the_other(page: Page, trained: Project) -> None:
    go(page, trained, "suggestions")
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


def test_many_images_are_labelled_at_once(page: Page, filled: Project) -> None:
    go(page, filled)
    cell(page, "nought-11").click()
    cell(page, "nought-08").click(modifiers=["Shift"])
    expect(page.get_by_text("4 images selected")).to_be_visible()
    cell(page, "nought-03").click(modifiers=["Control"])
    expect(page.get_by_text("5 images selected")).to_be_visible()
    page.get_by_role("button", name="Label as Nought").click()
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(5)

    page.keyboard.press("Home")
    expect(cell(page, "one-11")).to_have_attribute("data-focused", "true")
    drag_box(page, cell(page, "one-11"), cell(page, "one-08"))
    expect(page.get_by_text("4 images selected")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_role("gridcell", name="labelled Stroke")).to_have_count(4)

    page.keyboard.press("Control+a")
    expect(page.get_by_text("24 images selected")).to_be_visible()
    page.keyboard.press("Backspace")
    expect(page.get_by_role("gridcell", name="not labelled")).to_have_count(24)


def test_undo_and_redo_reach_the_service(page: Page, trained: Project) -> None:
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
    page: Page, trained: Project
) -> None:
    go(page, trained, "unlabelled")
    expect(cells(page)).to_have_count(20)
    cell(page, "nought-05").click()
    page.keyboard.press("1")
    expect(cells(page)).to_have_count(19)
    page.keyboard.press("Control+z")
    expect(cells(page)).to_have_count(20)


def test_a_label_on_its_way_is_seen_in_lists_that_the_service_knows_better(
    page: Page, trained: Project
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("/labels"), hold)
    go(page, trained)
    cell(page, "nought-05").click()
    page.keyboard.press("1")
    expect(cell(page, "nought-05.png, labelled Nought")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Unlabelled")).click()
    expect(cells(page)).to_have_count(19)
    assert labels_of(trained).count("nought") == 2
    for route in held:
        route.continue_()
    wait_for(lambda: labels_of(trained).count("nought") == 3, "the label to be stored")


def test_filters_and_order_live_in_the_address(page: Page, trained: Project) -> None:
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
    page: Page, trained: Project, pictures: dict[str, bytes]
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
    expect(dialogue.get_by_role("group", name="How sure it is")).to_contain_text("unlike all")
    expect(dialogue.get_by_role("button", name="Open image")).not_to_have_count(0)
    assert trained("GET", "/images")["total"] == 24


def test_the_panel_tells_all_about_an_image_and_leads_to_its_neighbours(
    page: Page, trained: Project
) -> None:
    go(page, trained)
    cell(page, "nought-06").click()
    panel = page.get_by_role("complementary", name="Image")
    expect(panel).to_contain_text("nought-06.png")
    expect(panel.get_by_role("list", name="Probability of each class")).to_contain_text("%")
    panel.get_by_role("button", name="Open image").first.click()
    expect(panel).not_to_contain_text("nought-06.png")
    expect(panel).to_contain_text("Labelled")
    panel.get_by_role("button", name="Remove from the pool").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(cells(page)).to_have_count(23)


def test_files_dropped_on_a_class_become_its_examples(
    page: Page, filled: Project, pictures: dict[str, bytes]
) -> None:
    go(page, filled)
    some = {name: pictures[name] for name in ("nought-02.png", "nought-03.png")}
    drop_files(page.get_by_role("button", name=re.compile("^Nought")), some)
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(2)
    assert filled("GET", "/images")["total"] == 24


def test_the_keyboard_alone_is_enough(page: Page, filled: Project) -> None:
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


def test_a_class_beyond_those_with_buttons_is_found_by_its_name(
    page: Page, filled: Project
) -> None:
    for number in range(50):
        filled("POST", "/classes", json={"name": f"Species {number}"})
    go(page, filled)
    cell(page, "one-10").click()
    others = page.get_by_role("combobox", name="Label as another class")
    others.click()
    page.keyboard.type("species 49")
    page.keyboard.press("Enter")
    expect(cell(page, "one-10.png, labelled Species 49")).to_be_visible()
    expect(others).to_have_value("")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("1")
    expect(page.get_by_role("gridcell", name="labelled Nought")).to_have_count(1)
