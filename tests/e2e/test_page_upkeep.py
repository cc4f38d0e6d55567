"""The page in Chromium: classes, versions, projects, trouble, colours and the key."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from service.app import create_app
from service.settings import Settings
from tests.e2e.browser import cell, open_page
from tests.e2e.page_project import Project, go, ids_by_name
from tests.e2e.running_service import wait_for
from tests.service.server import serve


def test_classes_are_renamed_merged_and_deleted(page: Page, trained: Project) -> None:
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


def test_going_back_to_an_older_version(page: Page, trained: Project) -> None:
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


def test_projects_are_made_and_chosen(page: Page, filled: Project) -> None:
    go(page, filled)
    page.get_by_role("button", name=re.compile("^Project")).click()
    page.get_by_role("menuitem", name="New project").click()
    page.get_by_role("textbox", name="Name").fill(f"Beside {filled.id}")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Drop images or whole folders here")).to_be_visible()
    page.goto("/")
    expect(page).to_have_url(re.compile("project=beside-"))


def test_labels_survive_a_service_that_is_away(page: Page, trained: Project) -> None:
    go(page, trained)
    page.context.set_offline(True)
    cell(page, "nought-05").click()
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("not answering")
    expect(cell(page, "nought-05.png, labelled Nought")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Nought.*3"))).to_be_visible()


def test_labels_given_in_another_window_are_seen_when_the_page_is_turned_to(
    page: Page, trained: Project
) -> None:
    go(page, trained)
    expect(page.get_by_role("button", name=re.compile("^Nought.*2"))).to_be_visible()
    label = {"image_id": ids_by_name(trained)["nought-05.png"], "class_id": "nought"}
    trained("POST", "/labels", json={"labels": [label]})

    def is_seen_when_turned_to() -> bool:
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        return cell(page, "nought-05.png, labelled Nought").count() == 1

    wait_for(is_seen_when_turned_to, "the label to be seen")
    expect(page.get_by_role("button", name=re.compile("^Nought.*3"))).to_be_visible()


def test_colours_follow_the_system_and_the_switch(
    browser: Browser, service_url: str, trained: Project
) -> None:
    with open_page(browser, service_url, scheme="dark") as page:
        go(page, trained)
        scheme = page.locator("html")
        expect(scheme).to_have_attribute("data-mantine-color-scheme", "dark")
        page.get_by_role("button", name="Switch to light colours").click()
        expect(scheme).to_have_attribute("data-mantine-color-scheme", "light")


def test_a_service_with_a_key_asks_for_it(browser: Browser, tmp_path: Path) -> None:
    key = "a key that nobody guesses"
    app = create_app(Settings(data_dir=tmp_path, api_key=SecretStr(key)))
    with serve(app) as address, open_page(browser, address) as page:
        page.goto("/")
        asked = page.get_by_label("API key")
        asked.fill("a guess")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("not this service's API key")).to_be_visible()
        asked.fill(key)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Project Default")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(asked).to_be_visible()


def test_the_api_is_described_without_asking_anyone_else(page: Page, service_url: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/docs")
    expect(page.get_by_text("/classes/{class_id}/examples").first).to_be_visible()
    assert [url for url in asked if not url.startswith(service_url)] == []
