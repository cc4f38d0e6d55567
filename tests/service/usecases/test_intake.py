"""Files that arrive: kept once by their content, under safe names, the bad ones reported."""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from service.usecases.context import Context
from service.usecases.intake import drop_unused, safe_name
from service.usecases.maintenance import collect_garbage
from tests.pictures import encoded, part, parts, picture, png
from tests.service.caller import Caller, problem_of


def huge_png() -> bytes:
    """A small file that claims 100,000 x 100,000 pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    framed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


UNUSABLE = {
    "not-an-image": b"Dear Sir or Madam",
    "truncated": png("red")[:400],
    "empty": b"",
    "too-many-pixels": huge_png(),
    "unsupported": b"%PDF-1.7 and so on",
    "too-large-file": encoded(picture("red", size=(700, 700)), "BMP"),
}


def upright_arrow() -> Image.Image:
    """Red above blue."""
    image = Image.new("RGB", (60, 80), (220, 40, 40))
    image.paste((50, 60, 220), (0, 40, 60, 80))
    return image


def turned_by_exif() -> bytes:
    """The arrow lying on its side, with the EXIF note that stands it up."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(upright_arrow().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def animated(kind: str) -> bytes:
    frames = [picture("red"), picture("blue")]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


USUAL_AND_ODD = {
    "animated.gif": animated("GIF"),
    "animated.webp": animated("WEBP"),
    "cmyk.jpg": encoded(picture("red").convert("CMYK"), "JPEG"),
    "grey16.png": encoded(Image.new("I;16", (30, 20), 30_000)),
    "palette.png": encoded(picture("red").convert("P")),
    "alpha.png": encoded(picture("red").convert("RGBA")),
    "turned.jpg": turned_by_exif(),
    "picture.tiff": encoded(picture("red"), "TIFF"),
    "one-pixel.png": encoded(Image.new("RGB", (1, 1))),
}


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDFUL_MAX_FILE_MB", "1")


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("path", ["/images", "/classes/red/examples", "/predict"])
def test_an_unusable_file_is_a_problem_that_says_why(api: Caller, path: str) -> None:
    api.teach("red", each=1)
    for code, data in UNUSABLE.items():
        problem = problem_of(api.http.post(path, files=[part(data, "photo.png")]), 422, code)
        assert "photo.png" in problem["detail"]
        assert [each["filename"] for each in problem["rejected"]] == ["photo.png"]
    assert api.get("/images")["total"] == 1


@pytest.mark.usefixtures("small_files")
def test_bad_files_among_good_ones_are_reported_and_the_good_ones_kept(api: Caller) -> None:
    red = api.make_class("Red")
    bad = [part(data, f"{code}.png") for code, data in UNUSABLE.items()]
    good = parts("red", range(2))
    mixed = [good[0], *bad, good[1]]
    for path, key in (("/images", "images"), (f"/classes/{red}/examples", "examples")):
        answer = api.send(path, mixed)
        assert [each["filename"] for each in answer[key]] == ["red-0.png", "red-1.png"]
        rejected = {each["filename"]: each["code"] for each in answer["rejected"]}
        assert rejected == {f"{code}.png": code.replace("-", "_") for code in UNUSABLE}
        assert all(len(each["reason"]) > 10 for each in answer["rejected"])
    predicted = api.send("/predict", mixed)
    assert [each["filename"] for each in predicted["predictions"]] == ["red-0.png", "red-1.png"]
    assert len(predicted["rejected"]) == len(UNUSABLE)


def test_different_faults_are_one_problem(api: Caller) -> None:
    files = [part(b"", "a.png"), part(b"text", "b.png")]
    problem = problem_of(api.http.post("/images", files=files), 422, "no-usable-file")
    assert [each["code"] for each in problem["rejected"]] == ["empty", "not_an_image"]


def test_usual_and_odd_images_are_taken_labelled_and_predicted(api: Caller) -> None:
    files = [part(data, name) for name, data in USUAL_AND_ODD.items()]
    answer = api.label(api.make_class("Odd"), files)
    assert not answer["rejected"]
    assert answer["classifier_version"] == 1
    for example in answer["examples"]:
        image = api.get(f"/images/{example['image_id']}")
        assert image["embedded"]
        assert image["class_id"] == "odd"
        thumbnail = api.http.get(f"/images/{image['id']}/thumbnail")
        # A small JPEG that stands upright is shown as it is.
        kind = "jpeg" if image["filename"] == "cmyk.jpg" else "webp"
        assert thumbnail.headers["content-type"] == f"image/{kind}"
        assert Image.open(io.BytesIO(thumbnail.content)).format == kind.upper()
    assert len(api.send("/predict", files)["predictions"]) == len(files)


def test_a_turned_photo_stands_upright_and_keeps_its_original_bytes(api: Caller) -> None:
    image = api.send("/images", [part(turned_by_exif(), "turned.jpg")])["images"][0]
    shown = api.get(f"/images/{image['id']}")
    assert (shown["width"], shown["height"]) == (60, 80)
    thumbnail = Image.open(io.BytesIO(api.http.get(f"/images/{image['id']}/thumbnail").content))
    assert thumbnail.size == (60, 80)
    top, bottom = thumbnail.getpixel((30, 10)), thumbnail.getpixel((30, 70))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 150 > top[2]
    assert bottom[2] > 150 > bottom[0]
    assert api.http.get(f"/images/{image['id']}/file").content == turned_by_exif()


def test_the_same_image_is_stored_once_and_says_so(api: Caller) -> None:
    twice = api.send("/images", [part(png("red"), "a.png"), part(png("red"), "b.png")])["images"]
    assert [each["duplicate"] for each in twice] == [False, True]
    again = api.send("/images", [part(png("red"), "c.png")])
    assert again["images"] == [twice[0] | {"filename": "c.png", "duplicate": True}]
    assert again["job_id"] is None
    assert api.get("/images")["total"] == 1
    assert api.get(f"/images/{twice[0]['id']}")["filename"] == "a.png"


def test_the_same_image_in_another_class_is_moved_and_says_from_where(api: Caller) -> None:
    api.teach("red", each=2)
    blue = api.make_class("Blue")
    moved = api.label(blue, [part(png("red", 0), "again.png")])["examples"][0]
    assert (moved["duplicate"], moved["previous_class_id"]) == (True, "red")
    repeated = api.label(blue, [part(png("red", 0)), part(png("blue")), part(png("blue"))])
    assert [each["duplicate"] for each in repeated["examples"]] == [True, False, True]
    assert [each["previous_class_id"] for each in repeated["examples"]] == [None] * 3
    assert api.get("/classifiers")["classifiers"][0]["classes"] == {"red": 1, "blue": 2}


def test_projects_share_bytes_but_not_images(api: Caller) -> None:
    api.post("/projects", {"name": "Other"})
    api.send("/images", [part(png("red"))])
    other = api.send("/images", [part(png("red"))], project="other")["images"][0]
    assert not other["duplicate"]
    api.delete(f"/images/{other['id']}", project="other")
    assert api.http.get("/images/1/file").content == png("red")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("C:\\photos\\cat.png", "cat.png"),
        ("/abs/dog.png", "dog.png"),
        ("..", "unnamed"),
        (".", "unnamed"),
        ("/", "unnamed"),
        ("", "unnamed"),
        ("tab\tnew\nline\x00.png", "tabnewline.png"),
        ("x" * 300, "x" * 255),
        ("Füße 北.png", "Füße 北.png"),
    ],
)
def test_a_file_name_is_never_a_path(sent: str, kept: str) -> None:
    assert safe_name(sent) == kept


def test_a_path_in_an_upload_leaves_its_folders_behind(api: Caller) -> None:
    name = "../../../tmp/escaped 北.png"
    image = api.send("/images", [part(png("red"), name)])["images"][0]
    assert image["filename"] == "escaped 北.png"
    assert not Path("/tmp/escaped 北.png").exists()
    disposition = api.http.get(f"/images/{image['id']}/file").headers["content-disposition"]
    assert disposition == "inline; filename*=UTF-8''escaped%20%E5%8C%97.png"


def test_an_original_file_never_runs_as_a_page(api: Caller) -> None:
    image = api.send("/images", [part(png("red"), "page.html")])["images"][0]
    headers = api.http.get(f"/images/{image['id']}/file").headers
    assert headers["content-type"] == "application/octet-stream"
    assert "sandbox" in headers["content-security-policy"]


def test_a_deleted_image_takes_its_file_along_unless_another_project_has_it(
    api: Caller, context: Context
) -> None:
    api.post("/projects", {"name": "Other"})
    first = api.send("/images", [part(png("red"))])["images"][0]
    second = api.send("/images", [part(png("red"))], project="other")["images"][0]
    api.delete(f"/images/{first['id']}")
    assert context.images.has(first["sha256"])
    api.delete(f"/images/{second['id']}", project="other")
    assert not context.images.has(first["sha256"])
    problem_of(api.http.get(f"/images/{first['id']}"), 404, "unknown-image")
    again = api.send("/images", [part(png("red"))])["images"][0]
    assert not again["duplicate"]
    assert again["id"] not in (first["id"], second["id"]), "browsers cache images by their id"


def test_files_of_an_upload_that_was_cut_off_are_collected_when_they_are_old(
    api: Caller, context: Context
) -> None:
    kept = api.send("/images", [part(png("red"))])["images"][0]["sha256"]
    for name in ("0" * 64, "f" * 64):
        context.images.put_image(name, b"left by a crash")
    long_ago = 1_000_000_000
    store = Path(context.settings.store) / "images"
    for file in (store / "00" / ("0" * 64), store / kept[:2] / kept):
        os.utime(file, (long_ago, long_ago))
    collect_garbage(context)
    assert not context.images.has("0" * 64)
    assert context.images.has("f" * 64), "it may belong to an upload that is still under way"
    assert context.images.has(kept)


def test_files_are_dropped_while_the_store_is_still_listed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.usecases.intake.DROPPED_AT_ONCE", 2)
    names = [f"{number:064x}" for number in range(5)]
    for name in names:
        context.images.put_image(name, b"left by a crash")
    left: list[int] = []

    def listed() -> Iterator[str]:
        for name in names:
            yield name
            left.append(sum(map(context.images.has, names)))

    drop_unused(context, listed())
    assert left == [5, 3, 3, 1, 1]
    assert not any(map(context.images.has, names))


def test_a_browser_keeps_a_picture_only_as_long_as_it_is_the_same(api: Caller) -> None:
    (image,) = api.send("/images", parts("red", range(70, 71)))["images"]
    for path in (f"/images/{image['id']}/file", f"/images/{image['id']}/thumbnail"):
        first = api.http.get(path)
        assert first.headers["x-content-type-options"] == "nosniff"
        known = {"If-None-Match": first.headers["etag"]}
        assert api.http.get(path, headers=known).status_code == 304
        other = api.http.get(path, headers={"If-None-Match": '"another"'})
        assert (other.status_code, other.content) == (200, first.content)
