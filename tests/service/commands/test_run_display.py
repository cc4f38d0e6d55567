"""How a run is shown: every record as a line, or the latest values in a view."""

import json

import pytest
from rich.console import Console

from service.commands.run_display import Lines, LiveView, Record, new_display

WHERE: Record = {"step": 20, "steps": 40, "epoch": 2.5, "seconds": 7.0}
STARTED: Record = WHERE | {"step": 0, "event": "started", "message": "80 images"}
TRAINED: Record = WHERE | {
    "total": 4.25,
    "cross_entropy": 4.0,
    "me_max": 0.25,
    "distinct_prototypes": 12,
    "mean_largest_target": 0.5,
    "images_per_second": 812.4,
    "seconds_left": 3725.0,
    "waiting": 0.012,
    "memory_mb": 2048,
}
PROBED: Record = TRAINED | {"knn": 0.5, "low_shot": 0.75, "alarm": "it collapses"}


def recording_console(*, terminal: bool) -> Console:
    return Console(record=True, force_terminal=terminal, width=110, quiet=False)


def test_machines_get_each_record_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with new_display(Console(), as_json=True) as display:
        display.show(STARTED)
        display.show(TRAINED)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [STARTED, TRAINED]


def test_a_log_gets_a_line_for_what_each_record_says() -> None:
    console = recording_console(terminal=False)
    with new_display(console, as_json=False) as display:
        assert isinstance(display, Lines)
        display.show(STARTED)
        display.show(PROBED)
    assert console.export_text().splitlines() == [
        "step 0 of 40: started: 80 images",
        "step 20 of 40: alarm: it collapses",
        "step 20 of 40: kNN 50.0%, low-shot 75.0%",
        "step 20 of 40: loss 4.2500, 812 images/s, 1:02:05 left",
    ]


def test_a_console_gets_a_view_that_remembers_what_later_records_leave_out() -> None:
    console = recording_console(terminal=True)
    with new_display(console, as_json=False) as display:
        assert isinstance(display, LiveView)
        display.show(PROBED)
        display.show(WHERE | {"step": 40})
    shown = console.export_text()
    for text in ("40 / 40", "4.2500", "812", "1.2%", "2,048 MB", "1:02:05", "50.0% / 75.0%"):
        assert text in shown
    assert "alarm: it collapses" in shown
