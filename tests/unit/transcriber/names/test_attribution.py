"""What is left of a voice when its speech was given to others."""

import pytest

from transcriber.domain.transcripts import TranscriptSpeaker, Voiceprint
from transcriber.names.attribution import HeardWord, MovedSpeech, moved_speech, without_moved

TOTALS = {"Speaker_1": 10.0, "Speaker_2": 10.0}
VOICE = Voiceprint(values=(1.0,), model="voice", model_version="1", speech_seconds=8.0)


def words(*heard: tuple[str, float], label: str) -> list[HeardWord]:
    """Return words of one second in a segment with a label."""
    return [
        HeardWord(heard=origin, label=label, start=start, end=start + 1.0)
        for origin, start in heard
    ]


def moved(
    *segments: list[HeardWord], merged_into: dict[str, str] | None = None
) -> dict[str, MovedSpeech]:
    return moved_speech(segments, totals=TOTALS, merged_into=merged_into or {})


def speaker(clean: tuple[tuple[float, float], ...]) -> TranscriptSpeaker:
    return TranscriptSpeaker(
        label="Speaker_1",
        segment_count=1,
        total_duration=10.0,
        average_confidence=0.9,
        speech_seconds=9.0,
        voiceprint=VOICE,
        clean=clean,
        clip_key="7/clips/1/Speaker_1.flac",
    )


def test_own_words_have_not_moved() -> None:
    assert moved(words(("Speaker_1", 0.0), ("Speaker_1", 1.5), label="Speaker_1")) == {}


def test_moved_words_of_a_segment_are_one_span() -> None:
    given = words(("Speaker_1", 0.0), ("Speaker_1", 2.0), label="Speaker_2")
    assert moved(given) == {"Speaker_1": MovedSpeech(spans=((0.0, 3.0),), share=0.3)}


def test_words_of_others_divide_spans() -> None:
    given = words(("Speaker_1", 0.0), ("Speaker_3", 2.0), ("Speaker_1", 4.0), label="Speaker_3")
    assert moved(given)["Speaker_1"].spans == ((0.0, 1.0), (4.0, 5.0))


def test_both_sides_of_an_exchange_have_moved() -> None:
    found = moved(
        words(("Speaker_1", 0.0), label="Speaker_2"), words(("Speaker_2", 5.0), label="Speaker_1")
    )
    assert {label: own.spans for label, own in found.items()} == {
        "Speaker_1": ((0.0, 1.0),),
        "Speaker_2": ((5.0, 6.0),),
    }


@pytest.mark.parametrize(
    "merged_into",
    [
        {"Speaker_1": "Speaker_2", "Speaker_2": ""},
        {"Speaker_1": "Speaker_3", "Speaker_2": "Speaker_3", "Speaker_3": ""},
    ],
)
def test_speech_of_merged_speakers_has_not_moved(merged_into: dict[str, str]) -> None:
    assert moved(words(("Speaker_1", 0.0), label="Speaker_2"), merged_into=merged_into) == {}


def test_clean_stretches_lack_what_moved() -> None:
    (left,) = without_moved(
        [speaker(((0.0, 8.0), (10.0, 12.0)))],
        {"Speaker_1": MovedSpeech(spans=((9.0, 10.5), (1.0, 2.0)), share=0.25)},
    )
    assert left.clean == ((2.0, 8.0), (10.5, 12.0), (0.0, 1.0))
    assert left.speech_seconds == pytest.approx(6.5)
    assert left.voiceprint == VOICE


@pytest.mark.parametrize(("spans", "kept"), [(((9.0, 9.5),), True), (((3.0, 4.0),), False)])
def test_clip_counts_while_its_speech_has_not_moved(
    spans: tuple[tuple[float, float], ...], kept: bool
) -> None:
    (left,) = without_moved(
        [speaker(((0.0, 8.0), (9.0, 10.0)))], {"Speaker_1": MovedSpeech(spans=spans, share=0.1)}
    )
    assert bool(left.clip_key) == kept


@pytest.mark.parametrize(("share", "kept"), [(0.49, True), (0.5, False), (1.0, False)])
def test_voiceprint_counts_while_most_of_the_speech_stays(share: float, kept: bool) -> None:
    (left,) = without_moved(
        [speaker(((0.0, 8.0),))], {"Speaker_1": MovedSpeech(spans=((0.0, 1.0),), share=share)}
    )
    assert (left.voiceprint is not None) == kept


def test_other_speakers_stay_as_they_are() -> None:
    own = speaker(((0.0, 8.0),))
    assert without_moved([own], {"Speaker_2": MovedSpeech(spans=((0.0, 1.0),), share=1.0)}) == (
        own,
    )
