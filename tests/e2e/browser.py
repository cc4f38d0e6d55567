"""Chromium on the page, and the small gestures that the page's tests are made of."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# How long is waited for what must come to be seen: a busy machine is slow, not wrong.
PATIENCE_MILLISECONDS = 90_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Path of an installed Chromium, or skip."""
    given = os.environ.get("HANDFUL_TEST_CHROMIUM")
    found = given or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    return found


@dataclass
class Watch:
    """What a page must never do: fail in a script, break its policy, or talk to another host."""

    host: str
    faults: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("request", lambda request: self.check(request.url))
        page.on("console", lambda message: self.hear(message.text))

    def hear(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.faults.append(text)

    def check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.faults.append(f"request to {url}")


def launch(playwright: Playwright) -> Browser:
    """Start Chromium; whoever leaves Playwright ends it."""
    return playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)


@contextmanager
def open_page(browser: Browser, address: str, scheme: str = "light") -> Iterator[Page]:
    """A page in a fresh profile; fails at the end where it broke a rule of Watch."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": 1400, "height": 860},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    watch = Watch(urlsplit(address).netloc)
    watch.follow(page)
    try:
        yield page
    finally:
        context.close()
    assert watch.faults == []


def cells(page: Page) -> Locator:
    """The images in the grid."""
    return page.get_by_role("gridcell")


def cell(page: Page, filename: str) -> Locator:
    """The image of this name in the grid; suggestions carry no name, other lists do."""
    return page.get_by_role("gridcell", name=filename)


def drag_box(page: Page, first: Locator, last: Locator) -> None:
    """Drag a selection box from the corner of one image to the middle of another."""
    for seen in (first, last):
        expect(seen).to_be_in_viewport(ratio=1)  # no list that is still on its way to its place
    start, end = first.bounding_box(), last.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 4, start["y"] + 4)
    page.mouse.down()
    middle = (end["x"] + end["width"] / 2, end["y"] + end["height"] / 2)
    page.mouse.move(middle[0] - 20, middle[1] - 20, steps=3)
    page.mouse.move(*middle, steps=3)
    page.mouse.up()


DROP = """(target, files) => {
  const transfer = new DataTransfer();
  for (const { name, type, bytes } of files)
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
  for (const kind of ["dragover", "drop"])
    target.dispatchEvent(
      new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true })
    );
}"""


def drop_files(target: Locator, files: dict[str, bytes], kind: str = "image/png") -> None:
    """Drop files on an element, as from a file manager."""
    target.evaluate(
        DROP, [{"name": name, "type": kind, "bytes": list(data)} for name, data in files.items()]
    )
