"""Validation of decisions."""

import pytest

from common.errors import ValidationError
from speakers.decisions import LARGEST_CLIP, MOST_VOICES, check_voices, validated
from speakers.domain.observation import Clip, Voice, VoiceDecision


def decision(
    name: str = "Ann", label: str = "Speaker_1", clip: bytes = b"", kind: str = "audio/flac"
) -> VoiceDecision:
    return VoiceDecision(
        voice=Voice(label=label, voiceprint=None, speech_seconds=1.0),
        name=name,
        clip=Clip(content=clip, content_type=kind) if clip else None,
    )


def test_names_are_normalized() -> None:
    [cleaned] = validated(1, [decision("  Ann   Lee ")])
    assert cleaned.name == "Ann Lee"
    assert validated(1, []) == []


@pytest.mark.parametrize("kind", ["audio/flac", "audio/mpeg", "audio/x-wav", "audio/vnd.wave"])
def test_audio_clips_are_accepted(kind: str) -> None:
    assert validated(1, [decision(clip=b"x", kind=kind)])


@pytest.mark.parametrize(
    "kind", ["", "text/html", "audio/", "audio/x;charset=utf-8", "audio/\r\nx", "AUDIO/ x"]
)
def test_other_content_types_are_rejected(kind: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validated(1, [decision(clip=b"x", kind=kind)])
    assert refused.value.details == {"field": "clip_content_type"}


def test_large_clip_is_rejected() -> None:
    assert validated(1, [decision(clip=b"x" * LARGEST_CLIP)])
    with pytest.raises(ValidationError):
        validated(1, [decision(clip=b"x" * (LARGEST_CLIP + 1))])


@pytest.mark.parametrize(
    ("transcription_id", "labels"),
    [
        (0, ["a"]),
        (-5, ["a"]),
        (1, [""]),
        (1, ["a", "a"]),
        (1, ["a\0"]),
        (1, ["x" * 256]),
        (1, [str(number) for number in range(MOST_VOICES + 1)]),
    ],
)
def test_invalid_recordings_and_labels_are_rejected(
    transcription_id: int, labels: list[str]
) -> None:
    with pytest.raises(ValidationError):
        check_voices(transcription_id, labels)
