from pathlib import Path

from tests.benchmarks.formats import PLAIN, READ, WRITTEN, markdown, plain, prepare, read, write


def test_every_case_finds_all_images(tmp_path: Path) -> None:
    rows = [write(form, 30, tmp_path) for form in WRITTEN]
    prepare(30, tmp_path)
    rows += [read(source, 30, tmp_path) for source in READ]
    rows += [plain(source, 30, tmp_path) for source in PLAIN]
    assert all(0 < row.first_seconds <= row.all_seconds for row in rows)
    assert len(markdown(rows).splitlines()) == 2 + len(WRITTEN) + len(READ) + len(PLAIN)
