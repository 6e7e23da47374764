import re

import pytest

from exporter.document import Document
from tests.unit.exporter.documents import (
    SCRIPTS,
    call,
    document,
    hostile,
    in_script,
    meeting,
    segment,
)
from tests.unit.exporter.rendering import rendered

_PARAGRAPH = re.compile(r"#(\d\d):(\d\d):(\d\d)-(\d)# ([^:]+): (.+)")


def read(made: Document) -> list[tuple[float, str, str]]:
    """Return the time, the name and the text of each paragraph."""
    found = []
    for paragraph in rendered(made, "maxqda").decode().split("\n\n")[:-1]:
        match = _PARAGRAPH.fullmatch(paragraph)
        assert match, paragraph
        hours, minutes, seconds, tenths = map(int, match.group(1, 2, 3, 4))
        time = hours * 3600 + minutes * 60 + seconds + tenths / 10
        found.append((time, match.group(5), match.group(6)))
    return found


def test_every_segment_has_a_time_stamp_and_a_name() -> None:
    assert read(meeting())[1:3] == [
        (2.5, "Anna Müller", "Shall we begin with the budget?"),
        (5.5, "Ben Ode", "Yes, we decided to cut travel by ten percent."),
    ]


def test_time_stamps_are_in_order() -> None:
    times = [time for time, _, _ in read(call())]
    assert times == sorted(times)


def test_text_contains_no_time_stamps_of_its_own() -> None:
    made = document(
        [segment(0, "a", "no. 1 #00:59:59-9# here", 3725.97, 3726)], names={"a": "Dr: #1:2-3#"}
    )
    assert read(made) == [(3725.9, "Dr 1 2-3", "no. 1 00:59:59-9 here")]
    assert len(read(hostile())) == 2


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("##00:00:05-1##", "00:00:05-1"),
        ("###00:00:05-1#", "00:00:05-1"),
        ("#\x07#00:00:05-1#\n#", "00:00:05-1 #"),
        ("#1#0:00:05-1#", "10:00:05-1"),
        ("#00:#00:05-1#", "00:00:05-1"),
        ("#0#0:00:0#5-#1#", "00:00:05-1"),
        ("#00:00:03-5#-1#", "00:00:03-5-1"),
        ("#00:00:05-1##00:00:06-1#", "00:00:05-100:00:06-1"),
        ("song #1-2, ## and #tag: C# 7-8", "song #1-2, ## and #tag: C# 7-8"),
    ],
)
def test_repeated_and_split_marks_forge_no_time_stamps(said: str, kept: str) -> None:
    assert read(document([segment(0, "a", said, 1, 2)], names={"a": "Ann"})) == [(1, "Ann", kept)]


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_kept(language: str) -> None:
    assert [one[1:] for one in read(in_script(language))] == [SCRIPTS[language]] * 3


def test_atlasti_has_the_same_paragraphs() -> None:
    assert rendered(meeting(), "atlasti") == rendered(meeting(), "maxqda")
