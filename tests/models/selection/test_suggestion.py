import pytest

from models.selection import Cause, Suggestion

NAMES = ["cat", "dog", "hen"]


@pytest.mark.parametrize(
    ("suggestion", "reason"),
    [
        (Suggestion(3, Cause.TYPICAL), "typical of many unlabelled images"),
        (Suggestion(3, Cause.TYPICAL, 12), "typical of about 12 unlabelled images"),
        (Suggestion(3, Cause.TYPICAL, 12345), "typical of about 12,000 unlabelled images"),
        (Suggestion(3, Cause.TYPICAL, 1), "unlike any other image"),
        (
            Suggestion(3, Cause.HESITANT, between=(2, 0)),
            "the classifier hesitates between hen and cat",
        ),
        (
            Suggestion(3, Cause.RARE, between=(1,), labels=1),
            "looks like dog, which has only 1 example",
        ),
        (
            Suggestion(3, Cause.RARE, between=(1,), labels=0),
            "looks like dog, which has only 0 examples",
        ),
        (
            Suggestion(3, Cause.UNKNOWN),
            "unlike every class: perhaps one that is not named yet",
        ),
        (Suggestion(3, Cause.CHANCE), "drawn at random"),
    ],
)
def test_reasons_are_plain_words_with_the_names_of_the_classes(
    suggestion: Suggestion, reason: str
) -> None:
    assert suggestion.reason(NAMES) == reason
