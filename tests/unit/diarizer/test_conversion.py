"""Conversion between values of the diarizer and messages."""

from dataclasses import replace

import pytest

from common.times import seconds
from diarizer import conversion
from diarizer.engines.protocol import Diarization, DiarizationOptions, Speaker, Turn, Voiceprint
from securetranscribe.v1 import diarization_pb2
from tests.unit.diarizer.results import diarization

DEFAULTS = DiarizationOptions(max_speakers=10, min_speaker_duration=1.5)


def test_empty_request_has_the_defaults_of_the_worker() -> None:
    assert conversion.options_of(diarization_pb2.DiarizationConfig(), DEFAULTS) == DEFAULTS


def test_request_overrides_defaults() -> None:
    config = diarization_pb2.DiarizationConfig(min_speaker_count=12)
    assert conversion.options_of(config, DEFAULTS).max_speakers == 12
    config = diarization_pb2.DiarizationConfig(max_speaker_count=1)
    assert conversion.options_of(config, replace(DEFAULTS, min_speakers=2)).min_speakers == 1
    config = diarization_pb2.DiarizationConfig(speaker_count=3)
    assert conversion.options_of(config, DEFAULTS).num_speakers == 3


def test_contradicting_numbers_are_refused() -> None:
    config = diarization_pb2.DiarizationConfig(speaker_count=-1)
    with pytest.raises(ValueError, match="num_speakers"):
        conversion.options_of(config, DEFAULTS)
    config = diarization_pb2.DiarizationConfig(min_speaker_count=3, max_speaker_count=2)
    with pytest.raises(ValueError, match="min_speakers"):
        conversion.options_of(config, DEFAULTS)


def test_labels_of_all_signals_follow_first_appearance() -> None:
    message = conversion.to_message(
        {
            0: diarization(("SPEAKER_00", 2.0, 6.0), ("SPEAKER_01", 8.0, 9.0)),
            2: diarization(("SPEAKER_00", 1.0, 4.0)),
        },
        ["Channel 2 was left out."],
    )
    assert [(item.speaker_label, item.signal_index) for item in message.speakers] == [
        ("Speaker_1", 2),
        ("Speaker_2", 0),
        ("Speaker_3", 0),
    ]
    assert [(item.speaker_label, seconds(item.start)) for item in message.turns] == [
        ("Speaker_1", 1.0),
        ("Speaker_2", 2.0),
        ("Speaker_3", 8.0),
    ]
    # Nobody else is in the signal of Speaker_1, even if others speak at the same time.
    assert [_bounds(turn) for turn in message.speakers[0].clean_turns] == [(1.05, 3.95)]
    assert seconds(message.duration) == 9.0
    assert list(message.warnings) == ["It hums.", "Channel 2 was left out."]


def test_threshold_for_the_voices_of_parts_is_in_the_result() -> None:
    found = replace(diarization(("SPEAKER_00", 2.0, 6.0)), link_threshold=0.65)
    assert conversion.to_message({0: found}).link_threshold == 0.65
    assert conversion.to_message({0: diarization(("SPEAKER_00", 2.0, 6.0))}).link_threshold == 0.0


def test_labels_count_from_one_and_clean_turns_exclude_overlap() -> None:
    voice = Voiceprint(embedding=(0.6, 0.8), speech_seconds=4.0, model="m", model_version="1")
    turns = (
        Turn(start=0.0, end=5.0, speaker="SPEAKER_00"),
        Turn(start=4.0, end=7.5, speaker="SPEAKER_01"),
    )
    found = Diarization(
        turns=turns,
        exclusive_turns=turns,
        speakers=(
            Speaker(label="SPEAKER_00", speech_seconds=5.0, voiceprint=voice),
            Speaker(label="SPEAKER_01", speech_seconds=3.5, voiceprint=None),
        ),
        duration=8.0,
        processing_seconds=0.5,
        model="model",
        model_version="1",
        warnings=("One sample was damaged.",),
    )
    message = conversion.to_message({0: found})
    assert list(message.warnings) == ["One sample was damaged."]
    assert [turn.speaker_label for turn in message.turns] == ["Speaker_1", "Speaker_2"]
    first, second = message.speakers
    assert list(first.voiceprint.values) == pytest.approx([0.6, 0.8])
    assert not second.HasField("voiceprint")
    assert [bound for turn in first.clean_turns for bound in _bounds(turn)] == pytest.approx(
        [0.05, 3.95]
    )
    assert [bound for turn in second.clean_turns for bound in _bounds(turn)] == pytest.approx(
        [5.05, 7.45]
    )


def _bounds(turn: diarization_pb2.Turn) -> tuple[float, float]:
    return seconds(turn.start), seconds(turn.end)
