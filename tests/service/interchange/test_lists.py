"""Lists of images as other programs write them."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from service.interchange import SourceError
from tests.models.image_sources.test_tar import write_tar
from tests.service.interchange.reading import Read, read, write_files

IMAGES = {"images/1.jpg": b"1", "images/2.jpg": b"2", "images/sub/3.jpg": b"3"}


def labels(found: list[Read]) -> dict[str, str | None]:
    return {file.name: file.label for file in found}


@pytest.mark.parametrize(
    "table",
    [
        "path,label\nimages/1.jpg,cat\nimages/2.jpg,dog\n",
        "label;path\r\ncat;images/1.jpg\r\ndog;images/2.jpg\r\n",
        "filename\tclass\nimages/1.jpg\tcat\nimages/2.jpg\tdog\n",
        '"File Name"|"Category"\n"images/1.jpg"|"cat"\n\n"images/2.jpg"|"dog"\n',
        "images/1.jpg,cat\nimages/2.jpg,dog\n",
        "0,cat,images\\1.jpg\n1,dog,images\\2.jpg\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_of_any_dialect_says_where_images_are(
    tmp_path: Path, table: str, encoding: str
) -> None:
    write_files(tmp_path, {**IMAGES, "list.csv": table.encode(encoding)})
    found = read(tmp_path / "list.csv")
    assert [(file.label, file.content) for file in found] == [("cat", b"1"), ("dog", b"2")]


def test_rows_that_lead_nowhere_are_reported_one_by_one(tmp_path: Path) -> None:
    rows = ["images/1.jpg", "images/9.jpg", "../secret.png", "/etc/passwd", " ", "x://y/1.jpg"]
    table = "path,label\n" + "".join(f"{row},cat\n" for row in rows)
    write_files(tmp_path, {"secret.png": b"s", "in/list.csv": table})
    write_files(tmp_path / "in", IMAGES)
    found = read(tmp_path / "in", roots=[tmp_path / "in"])
    reasons = [str(file.content) for file in found[1:]]
    assert found[0] == Read("images/1.jpg", "cat", b"1")
    assert "images/9.jpg is not in" in reasons[0]
    assert "outside of the folders" in reasons[1]
    assert "outside of the folders" in reasons[2]
    assert reasons[3] == "its column 'path' is empty"
    assert "cannot be fetched" in reasons[4]


def test_a_path_that_no_file_can_have_costs_its_own_row_alone(tmp_path: Path) -> None:
    write_files(tmp_path, {"1.csv": f"path\n{'x' * 300}.png\n1.png\n", "1.png": b"1"})
    long, one = read(tmp_path / "1.csv")
    assert "is not in" in str(long.content)
    assert one.content == b"1"


def test_a_table_without_a_column_of_images_says_what_to_call_it(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.csv": "size,weight\n1,2\n"})
    with pytest.raises(SourceError, match=r"no column with images among 'size', 'weight'; call it"):
        read(tmp_path / "a.csv", "csv")


def test_a_table_about_something_else_does_not_take_the_place_of_the_folders(
    tmp_path: Path,
) -> None:
    write_files(tmp_path / "set", {"cat/1.png": b"1", "runs.csv": "id,loss\n7,0.5\n"})
    write_files(tmp_path / "set", {"metadata.csv": "key,value\nlicence,free\n"})
    assert labels(read(tmp_path / "set")) == {
        "cat/1.png": "cat",
        "metadata.csv": None,
        "runs.csv": None,
    }


def test_identities_without_a_suffix_find_their_file(tmp_path: Path) -> None:
    write_files(tmp_path / "set", {"train/00a.jpg": b"1", "labels.csv": "id,breed\n00a,pug\n"})
    assert read(tmp_path / "set") == [Read("00a", None, b"1")]


def test_letters_of_another_encoding_find_their_file(tmp_path: Path) -> None:
    table = "path,label\ncafé.jpg,thé\nE\u0301t\u00e9.JPG,x\n".encode("cp1252", "replace")
    write_files(tmp_path / "set", {"café.jpg": b"1", "list.csv": table})
    assert read(tmp_path / "set")[0] == Read("café.jpg", "thé", b"1")


def test_a_table_that_ends_in_an_endless_cell_gives_what_came_before(tmp_path: Path) -> None:
    write_files(tmp_path, {**IMAGES, "a.csv": 'path,label\nimages/1.jpg,cat\n"' + "x" * 200_000})
    first, last = read(tmp_path / "a.csv")
    assert first.label == "cat"
    assert last.name == "a.csv"
    assert "the rest is lost: row 3 cannot be read" in str(last.content)


COCO: dict[str, Any] = {
    "info": {"year": 2024},
    "images": [
        {"id": 1, "file_name": "1.jpg", "width": 1, "height": 1},
        {"id": 2, "file_name": "2.jpg"},
        {"id": "x", "file_name": "sub/3.jpg"},
        {"id": 4, "file_name": "4.jpg"},
        {"id": 5},
    ],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [0.5, 0, 1, 1]},
        {"id": 2, "image_id": 1, "category_id": 7},
        {"id": 3, "image_id": 2, "category_id": 7},
        {"id": 4, "image_id": 2, "category_id": 8},
        {"id": 5, "image_id": 1, "caption": "a cat"},
    ],
    "categories": [{"id": 7, "name": "cat"}, {"id": 8, "name": "dog"}],
}


@pytest.mark.parametrize(
    "place", ["annotations/instances_default.json", "coco.json", "images/a.json"]
)
@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_the_category_of_all_its_annotations_is_an_images_class(
    tmp_path: Path, place: str, kind: str
) -> None:
    files = {**IMAGES, place: json.dumps(COCO).encode()}
    source = write_files(tmp_path / "set", files)
    if kind == "zip":
        source = tmp_path / "a.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for name, data in files.items():
                archive.writestr(f"job/{name}", data)
    elif kind == "tar":
        source = write_tar(tmp_path / "a.tar.gz", files, "w:gz")
    one, two, three, four, five = read(source)
    assert one == Read("1.jpg", "cat", b"1")
    assert (two.label, two.content) == (None, b"2")
    assert two.warning == "it has annotations of 2 classes (cat, dog): taken without a label"
    assert three == Read("sub/3.jpg", None, b"3")
    assert "4.jpg is not in" in str(four.content)
    assert five.content == "it has no file_name"


def test_two_coco_files_find_each_its_images_of_the_same_name(tmp_path: Path) -> None:
    one = {**COCO, "images": COCO["images"][:1]}
    lists = {f"annotations/instances_{part}.json": json.dumps(one) for part in ("train", "val")}
    images: dict[str, bytes | str] = {"train/1.jpg": b"t", "val/1.jpg": b"v"}
    write_files(tmp_path / "set", {**images, **lists})
    assert [file.content for file in read(tmp_path / "set")] == [b"t", b"v"]


def test_of_the_files_of_several_tasks_one_is_read(tmp_path: Path) -> None:
    captions = {**COCO, "annotations": [{"id": 1, "image_id": 1, "caption": "a cat"}]}
    lists = {
        "annotations/captions_train2017.json": json.dumps(captions),
        "annotations/instances_train2017.json": json.dumps(COCO),
    }
    write_files(tmp_path / "set", {**IMAGES, **lists})
    found = read(tmp_path / "set")
    assert (len(found), found[0].label) == (5, "cat")


def test_a_cut_off_coco_file_is_refused_as_a_whole(tmp_path: Path) -> None:
    write_files(tmp_path, {**IMAGES, "a.json": json.dumps(COCO)[:-30]})
    with pytest.raises(SourceError, match=r"a\.json is damaged"):
        read(tmp_path / "a.json")


def test_other_json_is_not_taken_for_annotations(tmp_path: Path) -> None:
    write_files(tmp_path / "set", {"cat/1.png": b"1", "config.json": '{"lr": 1}', "x.json": "{"})
    assert [file.label for file in read(tmp_path / "set")] == ["cat", None, None]
    with pytest.raises(SourceError, match=r"not of the format coco: expected a \.json file with"):
        read(tmp_path / "set", "coco")


def task(number: int, image: str, *choices: str, **more: Any) -> dict[str, Any]:
    """One as Label Studio exports it, with an annotation for each choice."""
    control = {"from_name": "choice", "to_name": "image", "type": "choices"}
    results = [[{**control, "value": {"choices": [choice]}}] for choice in choices]
    annotations = [{"id": n, "result": result, **more} for n, result in enumerate(results)]
    return {"id": number, "data": {"image": image}, "annotations": annotations, "predictions": []}


def test_choices_of_label_studio_are_classes(tmp_path: Path) -> None:
    tasks = [
        task(1, "/data/upload/3/0a1b2c3d-1.jpg", "Cat", "Cat"),
        task(2, "/data/local-files/?d=images/2.jpg", "Cat", "Dog"),
        task(3, "images/sub/3.jpg"),
        task(4, "1.jpg", "Cat", was_cancelled=True),
        {"id": 5, "data": {"text": "no image"}, "annotations": []},
    ]
    tasks[1]["annotations"].append({"result": [], "ground_truth": False})
    write_files(tmp_path / "set", {**IMAGES, "project-1.json": json.dumps(tasks)})
    one, two, three, four, five = read(tmp_path / "set")
    assert one == Read("1.jpg", "Cat", b"1")
    assert (two.name, two.label, two.content) == ("images/2.jpg", None, b"2")
    assert "choices of 2 classes (Cat, Dog)" in str(two.warning)
    assert three == Read("images/sub/3.jpg", None, b"3")
    assert four.label is None
    assert five == Read("project-1.json, task 5", None, "the task has no image among its data")


def test_a_ground_truth_outvotes_annotators(tmp_path: Path) -> None:
    asked = task(1, "1.jpg", "Cat", "Dog")
    asked["annotations"][1]["ground_truth"] = True
    write_files(tmp_path / "set", {**IMAGES, "a.json": json.dumps([asked])})
    assert labels(read(tmp_path / "set")) == {"1.jpg": "Dog"}


def test_the_minimal_export_of_label_studio_is_read(tmp_path: Path) -> None:
    own = {"annotator": 1, "annotation_id": 2, "lead_time": 1.5}
    tasks = [
        {"id": 1, "image": "1.jpg", "choice": "Cat", **own},
        {"id": 2, "image": "2.jpg", "kind": {"choices": ["a", "b"]}, **own},
    ]
    write_files(tmp_path / "set", {**IMAGES, "a.json": json.dumps(tasks)})
    one, two = read(tmp_path / "set")
    assert one == Read("1.jpg", "Cat", b"1")
    assert "choices of 2 classes (a, b)" in str(two.warning)


def test_the_table_that_label_studio_writes_is_read(tmp_path: Path) -> None:
    rows = '"id","image","choice"\n1,"/data/local-files/?d=images/sub/3%2Ejpg","Cat"\n'
    write_files(tmp_path / "set", {**IMAGES, "result.csv": rows})
    assert read(tmp_path / "set") == [Read("images/sub/3.jpg", "Cat", b"3")]


def test_metadata_beside_images_is_hugging_faces(tmp_path: Path) -> None:
    lines = '{"file_name": "1.png", "label": "cat", "text": "x"}\n\n{"file_name": "d/2.png"}\n'
    write_files(
        tmp_path / "set",
        {
            "train/1.png": b"1",
            "train/d/2.png": b"2",
            "train/metadata.jsonl": lines,
            "test/1.png": b"3",
            "test/metadata.csv": "file_name,label\n1.png,dog\n",
        },
    )
    assert read(tmp_path / "set") == [
        Read("1.png", "dog", b"3"),
        Read("1.png", "cat", b"1"),
        Read("d/2.png", None, b"2"),
    ]


def test_a_broken_line_of_metadata_ends_it_and_says_so(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "1.png": b"1",
        "metadata.jsonl": '{"file_name": "1.png"}\n{"file_name"',
    }
    first, last = read(write_files(tmp_path / "set", files))
    assert first.content == b"1"
    assert "the rest is lost: line 2 is no JSON" in str(last.content)


def write_table(
    path: Path, columns: dict[str, Any], features: dict[str, Any] | None = None
) -> Path:
    """A Parquet file, with the schema of `datasets` where there are features."""
    table = pyarrow.table(columns)
    if features:
        meant = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": meant})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path)
    return path


CLASS_LABEL = {
    "image": {"_type": "Image"},
    "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
}


@pytest.mark.parametrize("packed", [False, True])
def test_shards_of_parquet_have_the_names_of_their_classes(tmp_path: Path, packed: bool) -> None:
    for shard in range(2):
        cells = [{"bytes": b"%d" % shard, "path": f"{shard}.jpg"}, {"bytes": b"x", "path": None}]
        columns = {"image": cells, "label": [shard, -1]}
        write_table(tmp_path / f"set/data/train-0000{shard}-of-00002.parquet", columns, CLASS_LABEL)
    source = tmp_path / "set"
    if packed:
        source = tmp_path / "a.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for table in sorted((tmp_path / "set").rglob("*.parquet")):
                archive.write(table, table.relative_to(tmp_path).as_posix())
    found = read(source)
    assert [(file.label, file.content) for file in found] == [
        ("cat", b"0"),
        (None, b"x"),
        ("dog", b"1"),
        (None, b"x"),
    ]
    assert found[0].name == "0.jpg"
    assert found[1].name.endswith("train-00000-of-00002.parquet, row 2")


def test_a_table_of_paths_finds_the_files_beside_it(tmp_path: Path) -> None:
    write_files(tmp_path, IMAGES)
    columns = {
        "path": ["images/1.jpg", None],
        "label": ["cat", "dog"],
        "reference_label": ["d", None],
    }
    one, two = read(write_table(tmp_path / "t.parquet", columns))
    assert one == Read("images/1.jpg", "cat", b"1", "d")
    assert two.content == "the row holds neither bytes nor a path"


def test_several_labels_of_a_row_are_not_guessed(tmp_path: Path) -> None:
    columns = {"image": [b"1", b"2"], "label": [["a", "b"], ["a"]]}
    one, two = read(write_table(tmp_path / "t.parquet", columns))
    assert "labels of 2 classes" in str(one.warning)
    assert two.label == "a"


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"no table")
    with pytest.raises(SourceError, match=r"t\.parquet cannot be read as Parquet"):
        read(tmp_path / "t.parquet")


def test_lists_of_nothing_are_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.csv": "path,label\n", "b.json": '{"images": [], "annotations": []}'})
    for name in ("a.csv", "b.json"):
        with pytest.raises(SourceError, match=r"lists? no images"):
            read(tmp_path / name)
