"""How a pretraining run shows itself: a live view on a console, lines elsewhere, or JSON lines."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.logging import RichHandler
from rich.progress_bar import ProgressBar
from rich.table import Table

Record = dict[str, Any]


class Display(Protocol):
    """Shows records as they come, while it is open."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def show(self, record: Record) -> None: ...


def new_display(console: Console, *, as_json: bool) -> Display:
    """The display that suits machines, or this console."""
    if as_json:
        return JsonLines()
    return LiveView(console) if console.is_terminal else Lines(console)


@contextmanager
def shown_log(console: Console) -> Iterator[None]:
    """Show what the preparation of images says: how far it is, and what it leaves out."""
    logger = logging.getLogger("models")
    handler = RichHandler(console=console, show_time=False, show_path=False, show_level=False)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


class Unending:
    """A display with nothing to open or close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class JsonLines(Unending):
    """One JSON object a line on standard output."""

    def show(self, record: Record) -> None:
        print(json.dumps(record), flush=True)


class Lines(Unending):
    """One line a record, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, record: Record) -> None:
        for text, style in describe(record):
            self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


class LiveView:
    """A table of the latest values that is drawn anew with each record; events scroll above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._latest: Record = {}
        self._live = Live(console=console, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, record: Record) -> None:
        for text, style in describe(record):
            if style:
                self._console.print(text, style=style, markup=False, highlight=False)
        self._latest |= record
        self._live.update(view(self._latest))


def describe(record: Record) -> list[tuple[str, str | None]]:
    """Lines for one record, each with a style: what happened, alarms, probes, then the loss."""
    where = f"step {record['step']} of {record['steps']}"
    lines: list[tuple[str, str | None]] = []
    if "event" in record:
        lines.append((f"{where}: {record['event']}: {record.get('message', '')}", "cyan"))
    if "alarm" in record:
        lines.append((f"{where}: alarm: {record['alarm']}", "bold red"))
    if "knn" in record:
        accuracies = f"kNN {record['knn']:.1%}, low-shot {record['low_shot']:.1%}"
        lines.append((f"{where}: {accuracies}", "green"))
    if "total" in record:
        speed = f"{record['images_per_second']:.0f} images/s"
        left = f"{time_left(record['seconds_left'])} left"
        lines.append((f"{where}: loss {record['total']:.4f}, {speed}, {left}", None))
    return lines


def view(record: Record) -> RenderableType:
    """The latest values as a progress bar over a table."""
    table = Table.grid(padding=(0, 3))
    for rows in grid(record):
        table.add_row(*rows)
    whole = Table.grid()
    whole.add_row(ProgressBar(total=record["steps"], completed=record["step"], width=60))
    whole.add_row(table)
    return whole


def grid(record: Record) -> list[list[str]]:
    """Cells, of names and values by turns, of what the records have said so far."""
    columns = [
        [
            ("step", f"{record['step']} / {record['steps']}"),
            ("epoch", f"{record['epoch']:.1f}"),
            ("time left", _shown(record, "seconds_left", time_left)),
        ],
        [
            ("loss", _shown(record, "total", "{:.4f}".format)),
            ("cross-entropy", _shown(record, "cross_entropy", "{:.4f}".format)),
            ("entropy term", _shown(record, "me_max", "{:.4f}".format)),
        ],
        [
            ("prototypes", _shown(record, "distinct_prototypes", str)),
            ("largest target", _shown(record, "mean_largest_target", "{:.2f}".format)),
            ("kNN / low-shot", _accuracies(record)),
        ],
        [
            ("images/s", _shown(record, "images_per_second", "{:.0f}".format)),
            ("waiting", _shown(record, "waiting", "{:.1%}".format)),
            ("memory", _shown(record, "memory_mb", "{:,} MB".format)),
        ],
    ]
    return [[text for cell in row for text in cell] for row in zip(*columns, strict=True)]


def _shown(record: Record, name: str, form: Any) -> str:
    return str(form(record[name])) if name in record else "-"


def _accuracies(record: Record) -> str:
    return f"{record['knn']:.1%} / {record['low_shot']:.1%}" if "knn" in record else "-"


def time_left(seconds: float) -> str:
    """Such as 0:12:05, or 2 days, 3:04:05."""
    return str(timedelta(seconds=round(seconds)))
