"""STM read back by pyannote.database, and its text by the rules of the format."""

from io import BytesIO

import pytest
from pyannote.database.util import load_stm

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


def lines(made: Document) -> list[list[str]]:
    """Return file, channel, speaker, start, end and text of each line."""
    return [line.split(" ", 5) for line in rendered(made, "stm").decode().splitlines()]


def test_turns_are_read_back() -> None:
    ((recording, found),) = load_stm(BytesIO(rendered(meeting(), "stm"))).items()  # type: ignore[no-untyped-call]
    assert recording == "Weekly_meeting"
    assert [
        (turn.start, turn.end, label) for turn, _, label in found.itertracks(yield_label=True)
    ] == [
        (0.0, 2.0, "Anna_Müller"),
        (2.5, 5.0, "Anna_Müller"),
        (5.5, 9.0, "Ben_Ode"),
        (9.5, 12.0, "Ben_Ode"),
        (12.5, 15.0, "Anna_Müller"),
    ]


def test_text_is_the_rest_of_the_line() -> None:
    assert [line[5] for line in lines(meeting())] == [one.text for one in meeting().segments]


def test_lines_are_in_order_of_channel_and_time() -> None:
    order = [(line[1], float(line[3])) for line in lines(call())]
    assert order == [("1", 0.0), ("1", 6.5), ("2", 2.0)]


def test_hostile_text_is_neither_label_nor_alternative() -> None:
    first, second = lines(hostile())
    assert first[5].startswith("@SUM(A1) ‹script›")
    assert not set("<>{}") & set(first[5])
    assert second[2] == "-2+3"
    labeled = document([segment(0, "a", "<o,f0,male> hello", 0, 1)])
    assert lines(labeled)[0][5] == "‹o,f0,male› hello"


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_read_back(language: str) -> None:
    assert [line[5] for line in lines(in_script(language))] == [SCRIPTS[language][1]] * 3


def test_segments_without_duration_are_left_out() -> None:
    assert lines(document([segment(0, "a", "x", 1, 1)])) == []
