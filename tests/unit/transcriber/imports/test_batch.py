"""Imports into transcripts in memory: words that stay, speakers, undo, comparison."""

import json

import pytest

from common.errors import ValidationError
from tests.unit.transcriber.editing.transcripts import CONVERSATION, Edited, segment
from transcriber.domain.transcripts import NameSource
from transcriber.editing import comparison, views
from transcriber.editing.history import Entry
from transcriber.editing.operations import SpeakerSource
from transcriber.editing.views import SegmentView
from transcriber.imports import conversion
from transcriber.imports.batch import ImportBatch, Recording, execute
from transcriber.imports.reading import read

RECORDING = Recording(duration=20.0, language="en")
SRT = """1
00:00:00,000 --> 00:00:02,400
Good morning, how were you?

2
00:00:03,000 --> 00:00:05,000
Fine, thanks. And you?

3
00:00:06,000 --> 00:00:08,000
Very well.
"""
VTT = """WEBVTT

00:00.000 --> 00:02.400
<v Ada>Good morning how are you

00:03.000 --> 00:05.000
<v SPEAKER_01>fine thanks and you

00:06.000 --> 00:08.000
<v Ada>very well indeed
"""


def imported(
    edited: Edited, text: str, *, diarize: bool = False, recording: Recording = RECORDING
) -> ImportBatch:
    """Import a file as the next revision of ann."""
    revision = edited.revision + 1
    made = execute(
        edited.document(), read(text.encode()), recording, revision=revision, diarize=diarize
    )
    edited.entries.append(Entry(revision=revision, author="ann", imported=made.speakers))
    edited.effects[revision] = made.effects
    return made


def texts(segments: list[SegmentView]) -> list[tuple[str, str]]:
    return [(segment.label, segment.text) for segment in segments]


def test_equal_words_keep_their_identity_times_and_confidence() -> None:
    edited = Edited()
    before = {word.id: word for view in edited.segments() for word in view.words}
    made = imported(edited, SRT)
    assert texts(edited.segments()) == [
        ("Speaker_1", "Good morning, how were you?"),
        ("Speaker_2", "Fine, thanks. And you?"),
        ("Speaker_1", "Very well."),
    ]
    assert (made.segments, made.words, made.kept) == (3, 11, 10)
    words = [word for view in edited.segments() for word in view.words]
    kept = [word for word in words if word.id in before]
    assert [word.text for word in words if word.id not in before] == ["were"]
    assert all(word.start == before[word.id].start for word in kept)
    how = next(word for word in kept if word.text == "how")
    assert (how.probability, how.written) == (0.9, 0)
    # Another spelling was written by the file.
    good = words[0]
    assert (good.text, good.probability, good.written) == ("Good", None, 2)
    were = next(word for word in words if word.text == "were")
    assert (were.start, were.end) == (how.end, words[4].start)


def test_segments_have_the_times_of_the_file() -> None:
    edited = Edited()
    imported(edited, SRT)
    assert [(view.start, view.end) for view in edited.segments()] == [(0, 2.4), (3, 5), (6, 8)]


def test_an_import_can_be_taken_back_and_repeated() -> None:
    edited = Edited()
    before = edited.segments()
    imported(edited, SRT)
    after = edited.segments()
    assert edited.undo()
    assert edited.segments() == before
    assert edited.redo()
    assert edited.segments() == after


def test_an_import_is_compared_with_the_machine_word_by_word() -> None:
    edited = Edited()
    imported(edited, SRT.replace("Good morning, how were you?", "good morning how were you"))
    (first, *_) = comparison.compare(
        comparison.state_of(edited.document(1), {}), comparison.state_of(edited.document(2), {}), {}
    )
    assert [(piece.kind, piece.before.text, piece.after.text) for piece in first.pieces] == [
        ("equal", "good morning how", "good morning how"),
        ("replaced", " are", " were"),
        ("equal", " you", " you"),
    ]


def test_speakers_of_the_file_are_those_who_talk_at_the_same_time() -> None:
    edited = Edited()
    made = imported(edited, VTT)
    assert made.speakers is SpeakerSource.FILE
    assert [view.label for view in edited.segments()] == ["Speaker_1", "Speaker_2", "Speaker_1"]
    names = {speaker.id: speaker.name for speaker in edited.document().speakers}
    assert names["Speaker_1"].name == "Ada"
    assert names["Speaker_1"].source is NameSource.CONFIRMED
    assert names["Speaker_1"].speaker_id == 0
    assert "Speaker_2" not in names


def test_further_speakers_get_further_labels() -> None:
    edited = Edited()
    more = VTT + "\n00:09.000 --> 00:10.000\n<v Cleo>Hello.\n"
    imported(edited, more)
    assert edited.segments()[-1].label == "Speaker_3"
    assert edited.document().speaker("Speaker_3").name.name == "Cleo"


def test_words_go_to_those_who_speak_during_them() -> None:
    edited = Edited()
    text = "1\n00:00:00,000 --> 00:00:08,000\n" + " ".join(view.text for view in CONVERSATION)
    made = imported(edited, text, diarize=True)
    assert made.speakers is SpeakerSource.WORDS
    assert texts(edited.segments()) == [(view.label, view.text) for view in CONVERSATION]
    assert made.kept == made.words


def test_overlapping_passages_keep_their_words() -> None:
    machine = (segment("Speaker_1", "one two three", 0.0), segment("Speaker_2", "four", 0.5))
    edited = Edited(machine)
    text = (
        "WEBVTT\n\n00:00.000 --> 00:01.400\n<v A>one two three\n\n"
        "00:00.500 --> 00:00.900\n<v B>four\n"
    )
    made = imported(edited, text)
    assert texts(edited.segments()) == [("Speaker_1", "one two three"), ("Speaker_2", "four")]
    assert made.kept == 4


def test_the_same_file_again_changes_nothing_but_its_segments() -> None:
    edited = Edited()
    imported(edited, SRT)
    first = edited.segments()
    made = imported(edited, SRT)
    assert made.kept == made.words
    assert [(view.text, view.start, view.end) for view in edited.segments()] == [
        (view.text, view.start, view.end) for view in first
    ]


def test_turns_replace_the_speakers_of_words() -> None:
    edited = Edited()
    before = [word.id for view in edited.segments() for word in view.words]
    turns = "SPEAKER x 1 0.0 0.95 <NA> <NA> a <NA> <NA>\nSPEAKER x 1 0.95 9 <NA> <NA> b <NA> <NA>\n"
    made = imported(edited, turns)
    assert [word.id for view in edited.segments() for word in view.words] == before
    labels = [view.label for view in edited.segments()]
    assert [view.text for view in edited.segments()][:2] == ["good morning", "how are you"]
    assert labels[0] != labels[1]
    assert len(set(labels[1:])) == 1
    assert made.words == len(before)
    assert edited.undo()
    assert texts(edited.segments()) == [(view.label, view.text) for view in CONVERSATION]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SRT.replace("00:00:06,000 --> 00:00:08", "00:06:06,000 --> 00:06:08"), "do not belong"),
        ("SPEAKER x 1 60 1 <NA> <NA> a <NA> <NA>\n", "do not belong together"),
        ("1\n00:00:01,000 --> 00:00:02,000\n" + "a" * 10_001, "longer than 10000 characters"),
        ("1\n00:00:01,000 --> 00:00:02,000\n\u200b\n", "The file has no text."),
    ],
)
def test_files_of_other_recordings_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        imported(Edited(), text)


def test_turns_need_words() -> None:
    with pytest.raises(ValidationError, match="no words to give them to"):
        imported(Edited(()), "SPEAKER x 1 0.0 1 <NA> <NA> a <NA> <NA>\n")


def test_an_empty_transcript_gets_the_text_of_the_file() -> None:
    edited = Edited(())
    imported(edited, VTT)
    document = edited.document()
    assert texts(views.segments(document)) == [
        ("Speaker_1", "Good morning how are you"),
        ("Speaker_2", "fine thanks and you"),
        ("Speaker_1", "very well indeed"),
    ]
    assert document.speaker("Speaker_1").name.name == "Ada"


def test_turns_that_all_overlap_are_joined_per_speaker() -> None:
    edited = Edited(tuple(segment("Speaker_1", "hello", n / 1000) for n in range(5000)))
    rttm = "SPEAKER m 1 0 20 <NA> <NA> Ada <NA> <NA>\n" * 50_000
    assert imported(edited, rttm).kept == 5000
    assert [speaker.name.name for speaker in edited.document().speakers] == ["Ada"]


def test_words_at_one_moment_are_compared_with_a_bounded_number() -> None:
    ctm = "m A 1 0 x\n" * 5_000
    edited = Edited()
    assert imported(edited, ctm).words == 5_000
    assert imported(edited, ctm).words == 5_000


def test_long_texts_are_refused_before_they_are_normalized() -> None:
    marks = "\u0300\u0316" * 1_000_000
    for file in (
        f"1\n00:00:00,000 --> 00:00:02,000\na{marks}\n",
        json.dumps({"segments": [whisperx_segment("a", f"a{marks}")]}),
    ):
        with pytest.raises(ValidationError, match="longer than 10000 characters"):
            imported(Edited(), file)


def test_words_are_counted_while_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert conversion.MOST_WORDS == 300_000
    monkeypatch.setattr(conversion, "MOST_WORDS", 30_000)
    cue = f"00:00:00,000 --> 00:00:02,000\n{'a ' * 5000}\n\n"
    with pytest.raises(ValidationError, match="at most 30000 words"):
        imported(Edited(), cue * 160)


def test_speakers_are_counted_per_channel() -> None:
    lines = "".join(f"SPEAKER m {n} 0 1 <NA> <NA> Ada <NA> <NA>\n" for n in range(501))
    with pytest.raises(ValidationError, match="at most 500 speakers"):
        imported(Edited(), lines)


def whisperx_segment(text: str, word: str) -> dict[str, object]:
    words = [{"word": word, "start": 0.0, "end": 1.0}]
    return {"start": 0.0, "end": 1.0, "text": text, "words": words}
