"""RTTM and CTM of scoring tools."""

from pathlib import Path

import pytest
from pyannote.core import Annotation, Segment

from common.errors import ValidationError
from transcriber.domain.transcripts import Turn
from transcriber.imports.reading import read


def test_turns_of_pyannote(tmp_path: Path) -> None:
    made = Annotation(uri="meeting")
    made[Segment(0.5, 2.0), "a"] = "SPEAKER_00"
    made[Segment(1.5, 3.0), "b"] = "SPEAKER_01"
    path = tmp_path / "made.rttm"
    with path.open("w") as file:
        made.write_rttm(file)
    assert read(path.read_bytes()).turns == [
        Turn(start=0.5, end=2.0, speaker="SPEAKER_00"),
        Turn(start=1.5, end=3.0, speaker="SPEAKER_01"),
    ]


def test_comments_and_other_lines_are_left_out() -> None:
    found = read(
        b";; made by hand\nSPKR-INFO m 1 <NA> <NA> <NA> unknown ada <NA> <NA>\n"
        b"SPEAKER m 1 0.5 1 <NA> <NA> ada <NA> <NA>\nLEXEME m 1 0.5 1 hi lex ada 0.9\n"
    )
    assert [turn.speaker for turn in found.turns] == ["ada"]
    assert list(found.notes) == [
        "Left out: 1 lines of the type SPKR-INFO.",
        "Left out: 1 lines of the type LEXEME.",
    ]


def test_words_become_passages() -> None:
    found = read(b";; x\nm A 0.5 0.5 Good 0.9\nm A 1.0 0.5 day. NA\nm A 9.0 0.5 Bye\n")
    assert [(s.text, s.start, s.end) for s in found.segments] == [
        ("Good day.", 0.5, 1.5),
        ("Bye", 9.0, 9.5),
    ]
    assert [word.probability for word in found.segments[0].words] == [0.9, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SPEAKER m 1 0.5 1 <NA> <NA> a\nSPEAKER n 1 0.5 1 <NA> <NA> a\n", "several recordings"),
        ("SPEAKER m 1 0.5 1 <NA> <NA> a\nspeaker", "Line 2: 'speaker' is not a type of RTTM."),
        ("SPEAKER m 1 0.5 1\n", "Line 1: A turn has its speaker in the eighth field."),
        ("SPEAKER m 1 x 1 <NA> <NA> a\n", "Line 1: 'x' is not a time."),
        ("SPEAKER m 1 1 -1 <NA> <NA> a\n", "Line 1: A turn needs a time"),
        ("SPEAKER m 1 1e9 1 <NA> <NA> a\n", "Line 1: '1e9' is not a time."),
        ("m A 0.5 0.5 Good\nm A 0.5\n", "Line 2: A word has a recording"),
        ("m A 0.5 0.5 Good\nm A * * <ALT_BEGIN>\n", "Line 2: Alternatives"),
        ("m A 0.5 0.5 Good\nm A 1.0 nan x\n", "Line 2: 'nan' is not a duration."),
    ],
)
def test_faults_have_their_line(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(text.encode())
    assert message in caught.value.message


def test_files_have_a_limit_of_turns() -> None:
    with pytest.raises(ValidationError, match="at most 50000 turns"):
        read(b"SPEAKER m 1 0 1 <NA> <NA> ada <NA> <NA>\n" * 50_001)
