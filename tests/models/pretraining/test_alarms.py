"""Alarms: said once for each sign of a collapse, never for a healthy run."""

from models.pretraining.alarms import WINDOW, CollapseAlarms
from models.pretraining.run_folder import Record
from tests.models.tiny_pretraining import TINY

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


def still_alarms(watch: CollapseAlarms, accuracies: list[float], first: int) -> list[int]:
    """The steps, of ten, at which the probe raises an alarm."""
    steps = range(first, first + len(accuracies))
    said = {
        step: watch.look({"step": step, "steps": 10, "knn": knn})
        for step, knn in zip(steps, accuracies, strict=True)
    }
    return [step for step, alarm in said.items() if "no better than at the start" in (alarm or "")]


def test_a_probe_that_does_not_move_is_said_once_after_three_tenths_of_the_run() -> None:
    assert still_alarms(CollapseAlarms(TINY), [0.31, 0.31, 0.3, 0.31, 0.3, 0.3], 0) == [3]
    assert still_alarms(CollapseAlarms(TINY), [0.31, 0.3, 0.33, 0.31, 0.3, 0.3], 0) == []
    assert still_alarms(CollapseAlarms(TINY), [0.99] * 6, 0) == []


def test_after_a_resume_the_probe_is_compared_with_the_runs_first_one() -> None:
    assert still_alarms(CollapseAlarms(TINY, 0.2), [0.4, 0.4, 0.4], 7) == []
    assert still_alarms(CollapseAlarms(TINY, 0.4), [0.4, 0.4, 0.4], 7) == [7]
    assert still_alarms(CollapseAlarms(TINY), [0.4, 0.4, 0.4], 7) == []
