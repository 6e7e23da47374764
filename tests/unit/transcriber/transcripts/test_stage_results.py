"""Reading of stage results."""

import pytest

from common.times import duration
from securetranscribe.v1 import diarization_pb2, speech_pb2
from transcriber.transcripts.segmentation import join
from transcriber.transcripts.stage_results import read_diarization, read_recognition


def segment(text: str, words: list[str], language: str = "en") -> speech_pb2.RecognizedSegment:
    return speech_pb2.RecognizedSegment(
        start=duration(0),
        end=duration(len(words)),
        text=text,
        language=language,
        words=[
            speech_pb2.RecognizedWord(
                text=word, start=duration(n), end=duration(n + 0.5), probability=0.5
            )
            for n, word in enumerate(words)
        ],
    )


def read(*segments: speech_pb2.RecognizedSegment) -> list[str]:
    message = speech_pb2.Recognition(segments=segments, model="whisper-base")
    found = read_recognition(message.SerializeToString())
    return [
        join([word for word in found.words if word.passage == number])
        for number in range(len(segments))
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" Hello there.", ["Hello", "there."]),
        ("twenty-five years", ["twenty", "-five", "years"]),
        ("我们走吧", ["我们", "走", "吧"]),
        ("a a b", ["a", "a", "b"]),
    ],
)
def test_spaces_follow_the_text(text: str, words: list[str]) -> None:
    assert read(segment(text, words)) == [text.strip()]


def test_words_missing_from_text_are_spaced() -> None:
    assert read(segment("something else entirely", ["one", "two"])) == ["one two"]


def test_words_have_times_language_and_passage() -> None:
    message = speech_pb2.Recognition(
        segments=[segment("a", ["a"]), segment("b", ["b"], "de")],
        languages=[
            speech_pb2.LanguageSpan(
                start=duration(0), end=duration(1), language="en", probability=0.75
            )
        ],
        model="whisper-base",
    )
    found = read_recognition(message.SerializeToString())
    assert [(word.language, word.passage) for word in found.words] == [("en", 0), ("de", 1)]
    assert (found.words[0].start, found.words[0].end, found.words[0].probability) == (0, 0.5, 0.5)
    assert (found.languages[0].language, found.languages[0].probability) == ("en", 0.75)
    assert found.model == "whisper-base"


def test_voices_have_voiceprint_and_clean_turns() -> None:
    message = diarization_pb2.Diarization(
        turns=[diarization_pb2.Turn(start=duration(0), end=duration(5), speaker_label="Speaker_1")],
        exclusive_turns=[
            diarization_pb2.Turn(start=duration(0), end=duration(4), speaker_label="Speaker_1")
        ],
        speakers=[
            diarization_pb2.DiarizedSpeaker(
                speaker_label="Speaker_1",
                voiceprint=diarization_pb2.Voiceprint(
                    values=[0.6, 0.8],
                    model="campplus",
                    model_version="1",
                    speech_duration=duration(3),
                ),
                speech_duration=duration(5),
                clean_turns=[diarization_pb2.Turn(start=duration(1), end=duration(4))],
            ),
            diarization_pb2.DiarizedSpeaker(speaker_label="Speaker_2"),
        ],
        model="segmentation+campplus",
    )
    found = read_diarization(message.SerializeToString())
    assert (found.turns[0].end, found.exclusive_turns[0].end) == (5.0, 4.0)
    first, second = found.voices
    assert first.voiceprint is not None
    assert first.voiceprint.values == pytest.approx((0.6, 0.8))
    assert (first.voiceprint.model, first.voiceprint.speech_seconds) == ("campplus", 3.0)
    assert (first.speech_seconds, first.clean) == (5.0, ((1.0, 4.0),))
    assert (second.voiceprint, second.clean) == (None, ())
