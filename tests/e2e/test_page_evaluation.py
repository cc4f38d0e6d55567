"""The page in Chromium: how good the classifier is, labels in doubt, mistakes, versions, files."""

import io
import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.page_project import Project, ids_by_name
from tests.e2e.running_service import wait_for

LABELLED = 8
# Labelled as the other class; the rest of the labels can tell.
WRONG = ["nought-03.png", "one-03.png"]


@pytest.fixture
def doubtful(filled: Project) -> Project:
    """Eight labels of each class, one of them wrong."""
    ids = ids_by_name(filled)
    right = {f"nought-{i:02d}.png": "nought" for i in range(LABELLED)}
    right |= {f"one-{i:02d}.png": "stroke" for i in range(LABELLED)}
    label(filled, {ids[name]: class_id for name, class_id in right.items()})
    label(filled, {ids[WRONG[0]]: "stroke", ids[WRONG[1]]: "nought"})
    return filled


def label(project: Project, labels: dict[int, str]) -> None:
    changes = [{"image_id": image, "class_id": class_id} for image, class_id in labels.items()]
    project("POST", "/labels", json={"labels": changes})


def class_of(project: Project, name: str) -> str | None:
    image: dict[str, str | None] = project("GET", f"/images/{ids_by_name(project)[name]}")
    return image["class_id"]


def evaluate(page: Page, project: Project) -> None:
    page.goto(f"/?project={project.id}&view=evaluation")
    wait_until_evaluated(page)


def wait_until_evaluated(page: Page) -> None:
    """Wait until figures show, and are those of the present labels."""
    region = page.get_by_role("region", name="Accuracy")
    expect(region).to_contain_text("of answers right")
    expect(page.locator("main [aria-busy=false]")).to_be_visible()


def suspect(page: Page, project: Project, name: str) -> Locator:
    doubts = page.get_by_role("region", name="Labels that look wrong")
    return doubts.get_by_role("listitem", name=f"Image {ids_by_name(project)[name]},")


def test_before_there_are_labels_the_view_says_what_to_do(page: Page, filled: Project) -> None:
    page.goto(f"/?project={filled.id}")
    page.get_by_role("button", name="Evaluation").click()
    expect(page.get_by_role("heading", name="Nothing to evaluate yet")).to_be_visible()
    page.get_by_role("button", name="Label images").click()
    expect(page).not_to_have_url(re.compile("evaluation"))


def test_accuracy_comes_with_its_interval_a_curve_and_a_verdict(
    page: Page, doubtful: Project
) -> None:
    evaluate(page, doubtful)
    said = doubtful("GET", "/evaluation")
    region = page.get_by_role("region", name="Accuracy")
    expect(region).to_contain_text("16 labels that it had not seen")
    expect(region).to_contain_text(said["verdict"][1:])
    curve = region.get_by_role("figure", name="Learning curve")
    expect(curve.locator("[aria-label=line] path").first).to_be_visible()
    rows = page.get_by_role("region", name="Quality of each class").get_by_role("row")
    expect(rows.filter(has_text="Nought")).to_contain_text("of 8")
    region.get_by_role("button", name="Label more").click()
    expect(page.get_by_role("gridcell").first).to_be_visible()


def test_a_label_in_doubt_is_changed_or_kept_by_one_key(page: Page, doubtful: Project) -> None:
    evaluate(page, doubtful)
    wrong, other = (suspect(page, doubtful, name) for name in WRONG)
    expect(wrong).to_contain_text("Labelled Stroke")
    wrong.get_by_role("button", name="Relabel as Nought").press("Enter")
    expect(wrong).to_have_count(0)
    wait_for(lambda: class_of(doubtful, WRONG[0]) == "nought", "the label to change")
    page.keyboard.press("ControlOrMeta+z")
    expect(wrong).to_be_visible()
    assert class_of(doubtful, WRONG[0]) == "stroke"

    other.get_by_role("button", name="Keep").press("Enter")
    expect(other).to_have_count(0)
    kept = ids_by_name(doubtful)[WRONG[1]]

    def asked() -> list[int]:
        return [one["image_id"] for one in doubtful("GET", "/evaluation")["suspects"]]

    wait_for(lambda: kept not in asked(), "the service to know that the label was kept")
    page.reload()
    wait_until_evaluated(page)
    expect(wrong).to_be_visible()
    expect(other).to_have_count(0)
    assert class_of(doubtful, WRONG[1]) == "nought"


def test_a_label_in_doubt_is_suggested_corrected_and_restored(
    page: Page, doubtful: Project
) -> None:
    page.goto(f"/?project={doubtful.id}&strategy=errors")
    cell = page.locator(f"[data-id='{ids_by_name(doubtful)[WRONG[0]]}']")
    expect(cell).to_have_accessible_name(re.compile("labelled Stroke"))
    cell.click()
    page.get_by_role("button", name="Label as Nought").click()
    wait_for(lambda: class_of(doubtful, WRONG[0]) == "nought", "the label to change")
    page.keyboard.press("ControlOrMeta+z")
    wait_for(lambda: class_of(doubtful, WRONG[0]) == "stroke", "the label to come back")


def test_a_cell_of_the_matrix_opens_its_images_and_keys_label_them(
    page: Page, doubtful: Project
) -> None:
    evaluate(page, doubtful)
    matrix = page.get_by_role("region", name="Confusion matrix")
    # The tab order enters at the most frequent mistake; arrows lead to the other cells.
    entry = matrix.locator("table button[tabindex='0']")
    expect(entry).to_have_accessible_name(re.compile("taken for"))
    mistake = matrix.get_by_role("button", name="of Stroke taken for Nought")
    mistake.focus()
    page.keyboard.press("ArrowRight")
    expect(matrix.get_by_role("button", name="of Stroke recognised")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    images = matrix.get_by_role("region", name="Images labelled Stroke, taken for Nought")
    wrong = ids_by_name(doubtful)[WRONG[0]]
    picture = images.get_by_role("button", name=f"Open image: {wrong}, labelled Stroke")
    picture.click()

    panel = page.get_by_role("complementary", name="Image")
    expect(panel).to_contain_text(WRONG[0])
    expect(panel.get_by_role("group", name="How sure it is")).to_contain_text("unlike all examples")
    page.keyboard.press("1")
    expect(panel).to_contain_text("Labelled Nought")
    expect(picture).to_have_count(0)
    page.keyboard.press("ControlOrMeta+z")
    expect(panel).to_contain_text("Labelled Stroke")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.go_back()
    expect(panel).to_contain_text(WRONG[0])


def test_two_versions_are_compared_and_the_older_one_answers_again(
    page: Page, doubtful: Project
) -> None:
    evaluate(page, doubtful)
    newest = doubtful("GET", f"/projects/{doubtful.id}")["active_version"]
    compare = page.get_by_role("region", name="Compare")
    compare.get_by_role("button", name="Compare").click()
    answer = compare.get_by_role("status")
    expect(answer).to_contain_text("with 95 % confidence, on 16 labels")
    compare.get_by_role("button", name="Roll back to version").click()
    wait_for(
        lambda: doubtful("GET", f"/projects/{doubtful.id}")["active_version"] < newest,
        "the older version to answer",
    )
    page.get_by_role("button", name="Versions", exact=True).click()
    drawer = page.get_by_role("dialog", name="Classifier")
    expect(drawer.get_by_text("answers now")).to_have_count(1)


def test_a_version_is_saved_as_a_file(page: Page, doubtful: Project) -> None:
    evaluate(page, doubtful)

    def save(name: str) -> tuple[str, bytes]:
        page.get_by_role("button", name="Export", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=name).click()
        return download.value.suggested_filename, download.value.path().read_bytes()

    name, table = save("CSV")
    assert re.fullmatch(rf"{doubtful.id}-version-\d+\.csv", name)
    assert len(table.decode().splitlines()) == 1 + len(ids_by_name(doubtful))
    _, arrays = save("npz")
    assert np.load(io.BytesIO(arrays)).files
