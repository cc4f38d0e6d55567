"""Fits: never behind for long, never of an older state over a newer one."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest
from sqlalchemy import func, select, update

from models.fitting import fit_head
from service.storage.tables import ClassifierRow, ProjectRow
from service.usecases import fitting
from service.usecases.context import Context
from service.usecases.fitting import FitState, catch_up, refit
from tests.pictures import parts
from tests.service.caller import Caller


def version(revision: int, *, pool_size: int = 0, **counts: int) -> ClassifierRow:
    return ClassifierRow(
        encoder_id="e",
        kind="auto",
        labels_revision=revision,
        class_counts=counts,
        pool_size=pool_size,
    )


@pytest.mark.parametrize(
    ("state", "known"),
    [
        (FitState("e", "auto", 5, 3), True),
        (FitState("e", "auto", 4, 9), True),  # a later change took labels away
        (FitState("e", "auto", 5, 4), False),  # another label's image was embedded since
        (FitState("e", "auto", 6, 1), False),
        (FitState("other", "auto", 5, 3), False),
        (FitState("e", "logistic", 5, 3), False),
    ],
)
def test_a_version_knows_its_own_state_and_those_before(state: FitState, known: bool) -> None:
    assert state.known_to(version(5, red=2, green=1)) is known


@pytest.mark.parametrize(
    ("unlabelled", "outgrown"), [(0, False), (20, False), (21, True), (1520, False), (1521, True)]
)
def test_a_pool_outgrows_a_version_by_half_and_more_than_a_few_images(
    unlabelled: int, outgrown: bool
) -> None:
    fitted = version(5, red=2, green=1, pool_size=1000 if unlabelled > 1000 else 0)
    assert FitState("e", "auto", 5, 3, unlabelled).outgrows(fitted) is outgrown


def count_versions(context: Context) -> int:
    with context.database.read() as session:
        return session.scalar(select(func.count()).select_from(ClassifierRow)) or 0


def test_a_second_fit_of_the_same_labels_makes_nothing(api: Caller, context: Context) -> None:
    api.teach("red", "green")
    assert refit(context, "default") == 2
    assert count_versions(context) == 2


def test_what_a_crash_left_unfitted_is_caught_up_with(api: Caller, context: Context) -> None:
    api.teach("red", "green")
    with context.database.write() as session:  # killed right after the labels were committed
        session.execute(update(ProjectRow).values(labels_revision=9))
    catch_up(context)
    catch_up(context)
    assert count_versions(context) == 3
    assert api.get("/projects/default")["active_version"] == 3


def test_a_crash_while_the_last_label_was_removed_is_caught_up_with(
    api: Caller, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.teach("red", each=1)

    def killed(*_: Any) -> None:
        raise SystemError

    with monkeypatch.context() as patch:
        patch.setattr("service.usecases.labelling.refit", killed)
        with pytest.raises(SystemError):
            api.http.delete("/examples/1")
    assert api.get("/projects/default")["active_version"] == 1
    catch_up(context)
    assert api.get("/projects/default")["active_version"] is None


def test_catching_up_leaves_a_rollback_and_pending_labels_alone(
    api: Caller, context: Context
) -> None:
    api.teach("red", "green")
    api.post("/classifiers/1/activate")
    catch_up(context)
    assert api.get("/projects/default")["active_version"] == 1
    api.label("red", parts("red", range(50, 70)))  # more than are embedded at once
    before = count_versions(context)
    catch_up(context)
    assert count_versions(context) == before


def test_a_pool_that_has_grown_makes_a_version_of_the_same_labels(
    api: Caller, work: Callable[[], int]
) -> None:
    api.teach("red", "green")
    api.send("/images", parts("blue", range(25)))
    assert work() == 1
    newest = api.get("/classifiers")["classifiers"][0]
    assert (newest["version"], newest["active"], newest["pool_size"]) == (3, True, 25)
    api.send("/images", parts("blue", range(25, 50)))
    work()
    assert api.get("/projects/default")["active_version"] == 3  # 50 are no more than 37.5 and 20


def test_a_pool_that_has_grown_does_not_undo_a_rollback(
    api: Caller, work: Callable[[], int]
) -> None:
    api.teach("red", "green")
    api.post("/classifiers/1/activate")
    api.send("/images", parts("blue", range(25)))
    work()
    assert api.get("/projects/default")["active_version"] == 1


@pytest.mark.parametrize("kind", ["logistic", "prototype"])
def test_a_kind_that_learns_from_labels_alone_does_not_wait_for_a_pool(
    api: Caller, work: Callable[[], int], kind: str
) -> None:
    api.patch("/projects/default", {"classifier": kind})
    api.teach("red", "green")
    api.send("/images", parts("blue", range(25)))
    work()
    newest = api.get("/classifiers")["classifiers"][0]
    assert (newest["version"], newest["pool_size"]) == (2, 0)


def test_a_version_of_a_release_that_kept_no_labels_is_followed_by_one_that_does(
    api: Caller, context: Context
) -> None:
    api.teach("red", "green")
    with context.database.write() as session:
        session.execute(update(ClassifierRow).values(labels=None, metrics=None))
    catch_up(context)
    catch_up(context)
    assert count_versions(context) == 3
    assert len(api.get("/classifiers/3/labels")["labels"]) == 6


def test_a_slow_fit_does_not_replace_a_newer_one(
    api: Caller, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes: while one fits, the other takes a label away and is done first."""
    api.teach("red", "green")

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        head = fit_head(*args, **kwargs)
        with context.database.write() as session:
            session.execute(update(ProjectRow).values(labels_revision=8))
            newer = version(8, red=1)
            newer.project_id, newer.version, newer.head = "default", 3, b""
            newer.encoder_id = str(session.get_one(ProjectRow, "default").encoder_id)
            session.add(newer)
        return head

    with context.database.write() as session:
        session.execute(update(ProjectRow).values(labels_revision=7))
    monkeypatch.setattr("service.usecases.fitting.fit_head", overtaken)
    assert refit(context, "default") == 3
    assert count_versions(context) == 3


def test_labels_that_come_while_there_were_none_keep_their_version(
    api: Caller, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes: one has found no label, and before it says so the other learns two."""
    read_snapshot = fitting._read_snapshot

    def overtaken(*given: Any) -> Any:
        found_nothing = read_snapshot(*given)
        with monkeypatch.context() as other, ThreadPoolExecutor() as process:
            other.setattr(fitting, "_read_snapshot", read_snapshot)
            other.setattr(fitting, "_turns", defaultdict(Lock))
            process.submit(api.teach, "red", "green").result()
        return found_nothing

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "_read_snapshot", overtaken)
        assert refit(context, "default") is None
    assert api.get("/projects/default")["active_version"] == 2


def test_a_slow_fit_of_labels_that_were_taken_back_answers_no_more(
    api: Caller, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes: while one fits, the other removes the last label and is done first."""
    api.teach("red", each=1)

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        head = fit_head(*args, **kwargs)
        with monkeypatch.context() as other, ThreadPoolExecutor() as process:
            other.setattr(fitting, "_turns", defaultdict(Lock))
            process.submit(api.http.delete, "/examples/1").result()
        return head

    with context.database.write() as session:
        session.execute(update(ProjectRow).values(labels_revision=7))
    monkeypatch.setattr(fitting, "fit_head", overtaken)
    assert refit(context, "default") is None
    assert api.get("/projects/default")["active_version"] is None
