"""Alarms: said once for each sign of a collapse, never for a healthy run."""

from models.alarms import WINDOW, CollapseAlarms
from models.run_folder import Record
from tests.models.pretraining import TINY

HEALTHY = {"distinct_prototypes": 6, "mean_largest_target": 0.5}


def alarms_of(records: list[Record]) -> list[str | None]:
    watch = CollapseAlarms(TINY)
    count = len(records)
    return [
        watch.look({"step": step, "steps": count} | record)
        for step, record in enumerate(records, start=1)
    ]


def test_a_healthy_run_raises_none() -> None:
    probes: list[Record] = [HEALTHY | {"knn": 0.3 + 0.02 * n} for n in range(10)]
    assert alarms_of(probes) == [None] * 10


def test_few_prototypes_over_a_window_are_said_once() -> None:
    collapsed = {"distinct_prototypes": 1, "mean_largest_target": 0.5}
    said = alarms_of([HEALTHY] * 3 + [collapsed] * 20)
    assert [step for step, alarm in enumerate(said) if alarm] == [2 + WINDOW]
    assert "few distinct prototypes" in (said[2 + WINDOW] or "")


def test_an_alarm_that_passed_can_come_back() -> None:
    collapsed = {"distinct_prototypes": 1, "mean_largest_target": 0.5}
    said = alarms_of([collapsed] * WINDOW + [HEALTHY] + [collapsed] * WINDOW)
    assert sum(alarm is not None for alarm in said) == 2


def test_one_bad_record_is_no_collapse() -> None:
    collapsed = {"distinct_prototypes": 1, "mean_largest_target": 1.0}
    assert alarms_of(([HEALTHY] * 4 + [collapsed]) * 3) == [None] * 15


def test_targets_that_are_all_certain_or_all_alike_are_told_apart() -> None:
    certain = {"distinct_prototypes": 6, "mean_largest_target": 0.995}
    alike = {"distinct_prototypes": 6, "mean_largest_target": 1 / 8}
    assert "sure of one prototype" in (alarms_of([certain] * WINDOW)[-1] or "")
    assert "spread over all" in (alarms_of([alike] * WINDOW)[-1] or "")


def test_a_probe_that_does_not_move_is_said_after_a_third_of_the_run() -> None:
    still: list[Record] = [{"knn": 0.31 - 0.001 * n} for n in range(10)]
    said = alarms_of(still)
    assert said[:2] == [None, None]
    assert "no better than at the start" in (said[2] or "")
    assert alarms_of([{"knn": 0.99}] * 10) == [None] * 10
