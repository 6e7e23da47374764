import re

from exporter.document import Document
from exporter.formats.txt import render
from exporter.options import ExportOptions
from tests.unit.exporter.documents import hostile, in_script, meeting


def text(document: Document, **options: bool) -> str:
    return b"".join(render(document, ExportOptions(**options))).decode()


def test_the_conversation_can_be_read_back() -> None:
    turns = re.findall(r"^\[(\d+:\d\d:\d\d)\] (.+)\n(.+)$", text(meeting()), re.MULTILINE)
    assert turns == [
        ("0:00:00", "Anna Müller", "Good morning everybody. Shall we begin with the budget?"),
        (
            "0:00:05",
            "Ben Ode",
            "Yes, we decided to cut travel by ten percent. I'll send the new figures by Friday.",
        ),
        ("0:00:12", "Anna Müller", "Thank you, that helps a lot."),
    ]


def test_the_front_matter_has_facts_and_participants() -> None:
    made = text(meeting())
    assert made.startswith("Weekly meeting\n==============\n")
    assert "Participants: Anna Müller; Ben Ode\n" in made
    assert "Summary" not in made


def test_options_add_their_parts() -> None:
    made = text(meeting(), meeting_summary=True, action_items=True, speaker_stats=True)
    assert "* Ben Ode: We decided to cut travel by ten percent. [0:00:05]" in made
    assert "* I'll send the new figures by Friday. (Ben Ode, by Friday) [0:00:09]" in made
    assert "Note: The language model could not be used." in made
    assert "Anna Müller: speaking time 7 s, share 54 %" in made


def test_timestamps_and_confidence_are_per_segment() -> None:
    made = text(meeting(), timestamps=True, confidence=True)
    assert "[00:00:02.500 - 00:00:05.000] (70 %) Shall we begin with the budget?" in made


def test_other_scripts_and_hostile_text() -> None:
    assert "نحن بحاجة إلى إنهاء" in text(in_script("ar"))
    made = text(hostile())
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", made)
