"""JSON of WhisperX and of the OpenAI API."""

import json
from typing import Any

import pytest

from common.errors import ValidationError
from transcriber.imports.content import ImportedTranscript, ImportedWord, ImportFormat
from transcriber.imports.reading import read

WHISPERX: dict[str, Any] = {
    "segments": [
        {
            "start": 0.5,
            "end": 2.0,
            "text": " In 2024, yes.",
            "words": [
                {"word": "In", "start": 0.5, "end": 0.7, "score": 0.9, "speaker": "SPEAKER_00"},
                {"word": "2024,"},
                {"word": "yes.", "start": 1.5, "end": 2.0, "score": 0.8},
            ],
            "speaker": "SPEAKER_00",
        }
    ],
    "word_segments": [],
    "language": "en",
}
VERBOSE: dict[str, Any] = {
    "task": "transcribe",
    "language": "english",
    "duration": 3.0,
    "text": "Good morning. Hello.",
    "segments": [
        {"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": " Good morning.", "tokens": [1]},
        {"id": 1, "seek": 0, "start": 1.5, "end": 3.0, "text": " Hello.", "tokens": [2]},
    ],
}


def imported(value: object) -> ImportedTranscript:
    return read(json.dumps(value).encode())


def test_words_without_times_share_the_time_between_their_neighbors() -> None:
    found = imported(WHISPERX)
    assert found.format is ImportFormat.WHISPERX
    assert found.language == "en"
    (segment,) = found.segments
    assert (segment.speaker, segment.text) == ("SPEAKER_00", "In 2024, yes.")
    assert segment.words == (
        ImportedWord(text="In", start=0.5, end=0.7, probability=0.9),
        ImportedWord(text="2024,", start=0.7, end=1.5),
        ImportedWord(text="yes.", start=1.5, end=2.0, probability=0.8),
    )


def test_numbers_that_are_none_are_no_times() -> None:
    text = json.dumps(WHISPERX).replace('"score": 0.8', '"score": NaN')
    assert read(text.encode()).segments[0].words[2].probability is None


def test_verbose_json_with_words() -> None:
    words = [
        {"word": "Good", "start": 0.0, "end": 0.4},
        {"word": "morning", "start": 0.4, "end": 0.9},
        {"word": "Hello", "start": 1.6, "end": 2.0},
    ]
    found = imported({**VERBOSE, "words": words})
    assert found.format is ImportFormat.OPENAI
    assert [segment.text for segment in found.segments] == ["Good morning.", "Hello."]
    assert [len(segment.words) for segment in found.segments] == [2, 1]
    assert not imported(VERBOSE).has_word_times


def test_words_alone_become_passages() -> None:
    content = {key: value for key, value in VERBOSE.items() if key != "segments"}
    words = [
        {"word": "Good", "start": 0.0, "end": 0.4},
        {"word": "morning", "start": 5.0, "end": 5.4},
    ]
    found = imported({**content, "words": words})
    assert [segment.text for segment in found.segments] == ["Good", "morning"]


def test_diarized_json_has_speakers() -> None:
    found = imported(
        {
            "task": "transcribe",
            "duration": 4.0,
            "text": "Hi.",
            "segments": [
                {
                    "type": "transcript.text.segment",
                    "id": "seg_001",
                    "start": 0.0,
                    "end": 1.2,
                    "text": "Hi.",
                    "speaker": "agent",
                },
                {"id": "seg_002", "start": 1.5, "end": 2.2, "text": "", "speaker": "A"},
            ],
        }
    )
    assert found.format is ImportFormat.OPENAI
    assert [(segment.speaker, segment.text) for segment in found.segments] == [("agent", "Hi.")]
    assert list(found.notes) == ["Left out: 1 segments without text."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"segments": [\n}', "Line 2: This is not JSON"),
        ("{}", "This JSON has no `segments`."),
        ('{"segments": [3]}', "segments[0] must be an object."),
        ('{"segments": [{"text": "a"}]}', "segments[0].start must be a number of seconds."),
        ('{"segments": [{"text": "a", "start": 2, "end": 1}]}', "segments[0] ends before"),
        ('{"segments": [{"text": 1, "start": 2, "end": 3}]}', "segments[0].text must be a text."),
        ('{"segments": [{"text": "a", "start": 1e99, "end": 1e99}]}', "is out of range"),
        ('{"segments": ' + "[" * 200_000, "nested too deeply"),
        ('{"segments": [{"text": "a", "start": 1' + "0" * 5000 + "}]}", "out of range"),
    ],
)
def test_faults_have_their_place(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(text.encode())
    assert message in caught.value.message
