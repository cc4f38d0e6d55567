"""An export: the pool with its labels, and its files where asked, in one file to download."""

import shutil
from collections.abc import Iterator, Mapping
from functools import partial

from sqlalchemy.orm import Session

from service.domain.errors import NotFound
from service.interchange import ExportItem, export_suffix, write_export
from service.storage import images, jobs, projects
from service.storage.images import ListedImage
from service.usecases.context import Context
from worker.pace import Pace
from worker.running import RunningJob

# Rows read at once; between two such the job may be stopped.
PAGE = 500


def export_pool(running: RunningJob) -> None:
    """Write the file beside its place and move it there: it is whole or not there at all.

    Raises what `RunningJob.check` does, and FileNotFoundError where an image's file is lost.
    """
    context, job = running.context, running.job
    form, with_images, which = (job.payload[name] for name in ("format", "images", "which"))
    folder = context.settings.exports_dir / job.id
    shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was cut off
    folder.mkdir(parents=True)
    name = f"{job.project_id}-{which}{export_suffix(form, images=with_images)}"
    unfinished = folder / f".{name}"
    items = _Items(running)
    try:
        with unfinished.open("w+b") as target:
            write_export(items, form, target, images=with_images, classes=items.classes())
        size = unfinished.stat().st_size
        unfinished.replace(folder / name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    items.report({"images": items.done, "bytes": size, "filename": name})


class _Items:
    """The images of the pool, the oldest first, and how many were written."""

    def __init__(self, running: RunningJob) -> None:
        self.done = 0
        self._running = running
        self._context: Context = running.context
        self._project_id = str(running.job.project_id)
        labelled = running.job.payload["which"] == "labelled"
        self._where = [images.has_label()] if labelled else []
        self._pace = Pace(0)
        with self._context.database.read() as session:
            self._total = images.count_images(session, self._project_id, self._where)

    def __iter__(self) -> Iterator[ExportItem]:
        last = None
        while True:
            with self._context.database.read() as session:
                page = self._page(session, last)
                # Of this page: classes are made and renamed meanwhile.
                names = projects.class_names(session, self._project_id)
            if not page:
                return
            for listed in page:
                yield self._item(listed, names)
            last = page[-1][0].id
            self.done += len(page)
            self._running.check()
            self._context.images.require_room()
            self.report()

    def classes(self) -> list[str]:
        """The names of all classes, in the order they were made."""
        with self._context.database.read() as session:
            return list(projects.class_names(session, self._project_id).values())

    def report(self, outcome: dict[str, int | str] | None = None) -> None:
        """Tell how far the export is."""
        job = self._running.job
        with self._context.database.write() as session:
            jobs.report(
                session,
                job.id,
                job.attempts,
                done=self.done,
                total=max(self.done, self._total),
                message="Writing the export",
                rate=self._pace.at(self.done),
                outcome=outcome,
            )

    def _page(self, session: Session, last: int | None) -> list[ListedImage]:
        return images.list_images(
            session,
            self._project_id,
            None,
            where=self._where,
            after=last,
            limit=PAGE,
            oldest_first=True,
        )

    def _item(self, listed: ListedImage, names: Mapping[str, str]) -> ExportItem:
        row, slug, _ = listed
        return ExportItem(
            name=row.filename,
            sha256=row.sha256,
            width=row.width,
            height=row.height,
            label=names[slug] if slug else None,
            reference_label=names.get(row.reference_label or "", row.reference_label),
            read=partial(self._read, row.id, row.filename, row.sha256),
        )

    def _read(self, image_id: int, filename: str, sha256: str) -> bytes:
        try:
            return self._context.images.image(sha256)
        except NotFound as error:
            raise FileNotFoundError(
                f"Image {image_id}, '{filename}', cannot be exported: {error.detail} Or delete it."
            ) from error
