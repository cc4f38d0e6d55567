"""The page in Chromium: imports with their labels and errors, and exports."""

import io
import re
import zipfile

from playwright.sync_api import FilePayload, Page, expect

from tests.e2e.page_project import Project


def archive(pictures: dict[str, bytes]) -> bytes:
    """Some pictures in folders named after their classes, and a file that is no image."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as written:
        for name in [f"{kind}-{index:02d}.png" for kind in ("nought", "one") for index in range(5)]:
            written.writestr(f"{name.partition('-')[0]}/{name}", pictures[name])
        written.writestr("one/broken.png", b"\x89PNG no more of it")
    return target.getvalue()


def payload(name: str, data: bytes, kind: str = "image/png") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def test_an_archive_comes_in_with_its_labels_and_goes_out_again(
    page: Page, project: Project, pictures: dict[str, bytes]
) -> None:
    page.goto(f"/?project={project.id}&view=imports")
    expect(page.get_by_text("None yet.")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(payload("digits.zip", archive(pictures), "application/zip"))
    expect(page.get_by_text("digits.zip")).to_be_visible()
    page.get_by_role("button", name="Send and import").click()

    done = page.get_by_role("article", name="Import from")
    expect(done).to_contain_text("Finished")
    expect(done).to_contain_text("10 new")
    expect(done).to_contain_text("10 labelled")
    done.get_by_role("button", name="Show 1 file").click()
    expect(done.get_by_role("listitem")).to_contain_text("broken.png")
    with page.expect_download() as listed:
        done.get_by_role("link", name="As CSV").click()
    assert b"broken.png" in listed.value.path().read_bytes()
    expect(page.get_by_role("button", name=re.compile("^one"))).to_be_visible()

    page.get_by_role("button", name="Export 10 images").click()
    made = page.get_by_role("article", name="Export as Image folder with images")
    expect(made).to_contain_text("Finished")
    with page.expect_download() as exported:
        made.get_by_role("link", name="Download").click()
    names = zipfile.ZipFile(exported.value.path()).namelist()
    assert sum(name.endswith(".png") for name in names) == 10


def test_a_source_that_may_not_be_read_is_refused_in_words(page: Page, project: Project) -> None:
    page.goto(f"/?project={project.id}&view=imports")
    page.get_by_text("Server or bucket").click()
    source = page.get_by_role("textbox", name="Folder, archive or table on the server")
    source.fill("/etc/passwd")
    page.get_by_role("button", name="Import", exact=True).click()
    failed = page.get_by_role("article", name="Import from /etc/passwd")
    refused = page.get_by_text(re.compile("HANDFUL_IMPORT_ROOTS|not allowed|may not|outside"))
    expect(refused.or_(failed).first).to_be_visible()


def test_files_that_are_there_already_are_not_sent_again(
    page: Page, filled: Project, pictures: dict[str, bytes]
) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto(f"/?project={filled.id}&view=imports")
    page.get_by_text("Image files", exact=True).click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([payload(name, pictures[name]) for name in list(pictures)[:6]])
    expect(page.get_by_role("status", name="Upload")).to_contain_text("6 already there")
    assert any("/images/known" in url for url in sent)
    assert not any(url.endswith(f"/images?project={filled.id}") for url in sent)
