"""Fits: never behind for long, never of an older state over a newer one."""

from typing import Any

import pytest
from sqlalchemy import func, select, update

from models.fitting import fit_head
from service.storage.tables import ClassifierRow, ProjectRow
from service.usecases.context import Context
from service.usecases.fitting import FitState, catch_up, refit
from tests.pictures import parts
from tests.service.caller import Caller


def version(revision: int, **counts: int) -> ClassifierRow:
    return ClassifierRow(encoder_id="e", kind="auto", labels_revision=revision, class_counts=counts)


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
