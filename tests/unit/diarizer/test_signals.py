"""Diarization of several signals, with an engine without models."""

import io

import numpy as np
import pytest

from common.audio.signals import AudioSource, Signal, SignalPart, Sound
from common.errors import ValidationError
from common.tasks.task import TaskCancelledError
from diarizer.engines.protocol import DiarizationOptions
from diarizer.signals import SignalDiarizer
from securetranscribe.v1 import diarization_pb2
from tests.unit.common.audio.sounds import float_wav, noise
from tests.unit.diarizer.fakes import FakeEngine

DEFAULTS = DiarizationOptions(max_speakers=10, min_speakers=2)


def sounds(channels: int, *, echo: bool = False) -> list[AudioSource]:
    """Return the channels of a recording. With `echo` all have the sound of the first, quieter."""
    sound = [
        noise(12.0, 16_000, seed=1 if echo else number) * np.float32(0.1**number)
        for number in range(channels)
    ]
    if echo:
        # Noise has no syllables of its own.
        loudness = np.repeat(np.random.default_rng(1).uniform(0.05, 1.0, 80), 2_400)
        sound = [one * loudness for one in sound]
    file = io.BytesIO(float_wav(np.stack(sound, axis=1)))
    return [
        Sound(file=file, signal=Signal(parts=(SignalPart(track=0, gains=tuple(gains)),)))
        for gains in np.eye(channels).tolist()
    ]


def speakers(engine: FakeEngine, channels: int, *, echo: bool = False, **counts: int) -> list[int]:
    """Return the number of speakers in each channel."""
    found = SignalDiarizer(engine, DEFAULTS).diarize(
        sounds(channels, echo=echo),
        diarization_pb2.DiarizationConfig(**counts),  # type: ignore[arg-type]
        on_progress=lambda *_: None,
        cancelled=lambda: False,
    )
    return [len(found.results[number].speakers) for number in range(channels)]


def test_single_signal_has_the_options_of_the_request() -> None:
    engine = FakeEngine()
    speakers(engine, 1, speaker_count=3)
    speakers(engine, 1)
    (_, counted), (_, free) = engine.seen
    assert (counted.num_speakers, free.num_speakers, free.min_speakers) == (3, None, 2)


def test_numbers_of_speakers_are_free_within_a_signal() -> None:
    engine = FakeEngine(channels={0: (3.0,), 1: (2.0, 2.0)})
    assert speakers(engine, 2) == [1, 2]
    assert [options.min_speakers for _, options in engine.seen] == [1, 1]
    assert [options.max_speakers for _, options in engine.seen] == [10, 10]


def test_as_many_speakers_as_signals_are_one_each() -> None:
    engine = FakeEngine(channels={0: (3.0,), 1: (2.0, 1.0)})
    assert speakers(engine, 2, speaker_count=2) == [1, 1]
    # One more in each channel may be an echo.
    assert [options.max_speakers for _, options in engine.seen] == [2, 2]


def test_more_speakers_than_signals_may_be_in_any() -> None:
    three = FakeEngine(channels={0: (2.0,), 1: (2.0, 2.0, 2.0)})
    assert speakers(three, 2, speaker_count=3) == [1, 2]
    both = FakeEngine(speech=(2.0, 2.0, 2.0, 2.0))
    assert sum(speakers(both, 2, max_speaker_count=4)) == 4
    assert max(speakers(both, 2, max_speaker_count=4)) <= 3


def test_fewer_speakers_than_signals_are_one_each() -> None:
    assert speakers(FakeEngine(channels={0: (2.0,), 1: (2.0, 2.0)}), 2, speaker_count=1) == [1, 1]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"speaker_count": 2}, None),
        ({"speaker_count": 4}, "Speakers requested: 4. Speakers found: 2."),
        ({"speaker_count": 1}, "Speakers requested: 1. Speakers found: 2."),
        ({"min_speaker_count": 3}, "Speakers requested: at least 3. Speakers found: 2."),
        ({"max_speaker_count": 1}, "Speakers requested: at most 1. Speakers found: 2."),
        ({"min_speaker_count": 1, "max_speaker_count": 2}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_other_numbers_than_requested_are_reported(
    counts: dict[str, int], said: str | None, channels: int
) -> None:
    speech = (2.0, 2.0) if channels == 1 else (2.0,)
    found = SignalDiarizer(FakeEngine(speech=speech), DEFAULTS).diarize(
        sounds(channels),
        diarization_pb2.DiarizationConfig(**counts),  # type: ignore[arg-type]
        on_progress=lambda *_: None,
        cancelled=lambda: False,
    )
    assert found.warnings == (() if said is None else (said,))


def test_speaker_who_is_an_echo_is_left_out() -> None:
    assert speakers(FakeEngine(speech=(10.0,)), 2, echo=True) == [1, 0]
    assert speakers(FakeEngine(speech=(10.0,)), 2) == [1, 1]


def test_contradicting_numbers_are_refused() -> None:
    with pytest.raises(ValidationError):
        speakers(FakeEngine(), 2, speaker_count=-1)


def test_progress_over_all_signals_never_falls_and_reaches_the_end() -> None:
    reports: list[float] = []
    SignalDiarizer(FakeEngine(), DEFAULTS).diarize(
        sounds(2),
        diarization_pb2.DiarizationConfig(),
        on_progress=lambda fraction, _step: reports.append(fraction),
        cancelled=lambda: False,
    )
    assert reports == sorted(reports)
    assert reports[-1] == pytest.approx(1.0)


def test_cancelled_task_stops_while_signals_are_compared() -> None:
    steps: list[str] = []
    with pytest.raises(TaskCancelledError):
        SignalDiarizer(FakeEngine(), DEFAULTS).diarize(
            sounds(2),
            diarization_pb2.DiarizationConfig(),
            on_progress=lambda _fraction, step: steps.append(step),
            cancelled=lambda: "Comparing channels" in steps,
        )
