"""Labels through the REST API: each change is a new classifier version."""

from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of


def test_files_become_examples_and_a_version_that_knows_them(api: Caller) -> None:
    otter = api.make_class("Sea otter")
    added = api.label(otter, parts("red", range(3)))
    assert [each["class_id"] for each in added["examples"]] == ["sea-otter"] * 3
    assert added["classifier_version"] == 1
    assert api.get("/classifiers")["classifiers"][0]["classes"] == {"sea-otter": 3}
