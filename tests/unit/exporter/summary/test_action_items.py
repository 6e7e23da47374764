import pytest

from exporter.summary.action_items import action_items
from exporter.summary.model import ActionItem
from exporter.summary.sentences import sentences
from tests.unit.exporter.documents import document, segment

NAMES = {"s1": "Anna Lee", "s2": "Ben"}


def found(*spoken: tuple[str, str], language: str = "en") -> list[ActionItem]:
    made = document(
        [
            segment(place, label, text, place * 5.0, place * 5.0 + 5)
            for place, (label, text) in enumerate(spoken)
        ],
        names=NAMES,
        language=language,
    )
    items, _ = action_items(made, list(sentences(made)))
    return list(items)


@pytest.mark.parametrize(
    ("text", "owner", "due"),
    [
        ("I'll send the minutes around by Friday.", "Anna Lee", "by Friday"),
        ("I\u2019m going to call the supplier tomorrow morning.", "Anna Lee", "tomorrow morning"),
        ("Ben, can you check the invoice before Monday?", "Ben", "before Monday"),
        ("Could you book the big room, Ben?", "Ben", ""),
        ("Would you mind sending me the figures?", "", ""),
        ("We need to finish the report by the end of the month.", "", "by the end of the month"),
        ("Ben should double-check the numbers.", "Ben", ""),
        ("Priya is going to draft the press release.", "Priya", ""),
        ("Please make sure the backups run.", "", ""),
        ("Don't forget to renew the certificate.", "", ""),
        ("Let's get the logo approved this week.", "", "this week"),
        ("The next step is to interview five more users.", "", ""),
        (
            "The draft needs to be signed off by Friday at the latest.",
            "",
            "by Friday at the latest",
        ),
        ("We agreed that Ben writes to the council.", "Ben", ""),
        ("Somebody has to tell the landlord.", "", ""),
    ],
)
def test_tasks_are_found(text: str, owner: str, due: str) -> None:
    (item,) = found(("s1", text))
    assert (item.owner, item.due) == (owner, due)
    assert item.text == text.replace("\u2019", "'")


@pytest.mark.parametrize(
    "text",
    [
        "I'll be honest, I did not expect that.",
        "Can you hear me now?",
        "I sent the contract last Friday.",
        "Let's move on to the next point.",
        "You should have seen his face.",
        "If I had known, I would have booked it earlier.",
        "We don't have to decide that today.",
        "What do we need to do about it?",
        "It will be cold tomorrow.",
        "Yeah, I'll do that.",
        "You have to understand that it was late.",
    ],
)
def test_other_sentences_are_not_tasks(text: str) -> None:
    assert found(("s1", text)) == []


def test_an_item_cites_its_segment() -> None:
    (item,) = found(("s1", "Good morning."), ("s2", "I'll order the badges today."))
    assert (item.segment, item.start, item.owner) == (1, 5.0, "Ben")


def test_two_people_with_two_tasks_have_two_items() -> None:
    items = found(("s1", "I'll write the text, and Ben will check the figures by Monday."))
    assert [(item.owner, item.text) for item in items] == [
        ("Anna Lee", "I'll write the text"),
        ("Ben", "Ben will check the figures by Monday."),
    ]
    assert items[1].due == "by Monday"


def test_the_person_who_agrees_is_the_owner() -> None:
    asked = ("s1", "Can you send the figures to the bank?")
    assert [item.owner for item in found(asked, ("s2", "Sure, no problem."))] == ["Ben"]
    assert [item.owner for item in found(asked, ("s2", "No, I can't, sorry."))] == [""]
    assert [item.owner for item in found(asked, ("s1", "Anyway."), ("s2", "Okay."))] == ["Ben"]


def test_other_languages_have_no_items_but_a_warning() -> None:
    made = document([segment(0, "a", "Ich schicke das bis Freitag.", 0, 3)], language="de")
    items, warnings = action_items(made, list(sentences(made)))
    assert items == ()
    assert warnings == ("Action items are supported in English only, not in German (de).",)


def test_an_unknown_language_is_treated_as_english() -> None:
    assert len(found(("s1", "I'll send the minutes."), language="")) == 1
