import pytest

from exporter.summary.due_dates import due


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Send it by Friday, please.", "by Friday"),
        ("Let us meet on Monday but finish it by Wednesday.", "by Wednesday"),
        ("It has to be there no later than the 14th of March.", "no later than the 14th of March"),
        ("We must answer within 72 hours.", "within 72 hours"),
        ("I'll do it first thing tomorrow.", "first thing tomorrow"),
        ("Call them this afternoon.", "this afternoon"),
        ("Finish it before we go live.", "before we go live"),
        ("By close of business at the latest.", "By close of business at the latest"),
        ("It expires in two weeks.", "in two weeks"),
        ("Do it until the next meeting.", "until the next meeting"),
        ("Deliver by 2026-12-01.", "by 2026-12-01"),
    ],
)
def test_due_dates(text: str, said: str) -> None:
    assert due(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "We may come.",
        "The second one is better.",
        "This is for one of you.",
        "March on.",
        "Call him.",
    ],
)
def test_other_expressions_are_not_due_dates(text: str) -> None:
    assert due(text) == ""
