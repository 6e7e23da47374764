"""The protocol of diarization engines, for each engine of the registry and for an example."""

import io
import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bench.recordings import Recording
from common.audio.decoding import read_window
from common.audio.resampling import Samples
from common.errors import ApplicationError
from common.models.store import ModelStore
from common.tasks.task import TaskCancelledError
from diarizer.app import load_engine
from diarizer.engines.protocol import Diarization, DiarizationEngine, DiarizationOptions
from diarizer.engines.registry import ENGINES
from diarizer.settings import DiarizerSettings
from tests.integration.ml import loudness_diarizer
from tests.integration.ml.engine_protocols import (
    EXAMPLE,
    SOUNDLESS,
    WORKER,
    Reports,
    assert_progress,
    damaged,
    engine_settings,
    example_in,
)
from tests.unit.common.audio import sounds

#: Shorter than the recording, so that engines must join windows.
WINDOW_SECONDS = 9.0
SECONDS = 14.0


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    with example_in(ENGINES, loudness_diarizer):
        yield


@pytest.fixture(scope="module", params=[*ENGINES.modules, EXAMPLE])
def engine(
    request: pytest.FixtureRequest, registered: None, store: ModelStore
) -> DiarizationEngine:
    settings = engine_settings(store, DiarizerSettings, "pyannote_model", WINDOW_SECONDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the libraries, about each other.
        return ENGINES.load(request.param, settings)


@pytest.fixture(scope="module")
def sound(telephone: Recording) -> Samples:
    return read_window(telephone.audio, 6.0, 6.0 + SECONDS)


def run(engine: DiarizationEngine, samples: Samples, **options: Any) -> tuple[Diarization, Reports]:
    reports: Reports = []
    found = engine.diarize(
        io.BytesIO(sounds.float_wav(samples)),
        DiarizationOptions(**options),
        on_progress=lambda fraction, step: reports.append((fraction, step)),
        cancelled=lambda: False,
    )
    return found, reports


@pytest.fixture(scope="module")
def conversation(engine: DiarizationEngine, sound: Samples) -> tuple[Diarization, Reports]:
    return run(engine, sound)


def assert_turns_in_order(found: Diarization) -> None:
    assert found.turns
    for turns in (found.turns, found.exclusive_turns):
        assert all(one.start <= other.start for one, other in itertools.pairwise(turns))
        assert all(0 <= turn.start < turn.end <= found.duration + 1e-6 for turn in turns)
        assert {turn.speaker for turn in turns} <= {speaker.label for speaker in found.speakers}
    pairs = itertools.pairwise(found.exclusive_turns)
    assert all(one.end <= other.start + 1e-6 for one, other in pairs)


def test_turns_are_in_order_and_within_the_recording(
    conversation: tuple[Diarization, Reports],
) -> None:
    found, _ = conversation
    assert_turns_in_order(found)
    assert found.turns[0].start < WINDOW_SECONDS < max(turn.end for turn in found.turns)
    assert found.duration == pytest.approx(SECONDS, abs=0.05)
    assert found.warnings == ()


def test_speakers_are_labeled_by_first_appearance(
    conversation: tuple[Diarization, Reports],
) -> None:
    found, _ = conversation
    labels = [speaker.label for speaker in found.speakers]
    assert labels == list(dict.fromkeys(turn.speaker for turn in found.turns))
    assert labels == [f"SPEAKER_{number:02d}" for number in range(len(labels))]
    for speaker in found.speakers:
        own = [turn.duration for turn in found.turns if turn.speaker == speaker.label]
        assert speaker.speech_seconds == pytest.approx(sum(own), abs=0.01)


def test_voiceprints_have_unit_length_and_name_their_model(
    engine: DiarizationEngine, conversation: tuple[Diarization, Reports]
) -> None:
    found, _ = conversation
    assert (found.model, found.model_version) == (engine.model, engine.model_version)
    assert found.model
    assert found.model_version
    for speaker in found.speakers:
        if (voiceprint := speaker.voiceprint) is not None:
            assert np.linalg.norm(voiceprint.embedding) == pytest.approx(1.0, abs=1e-4)
            assert 0 < voiceprint.speech_seconds <= speaker.speech_seconds + 0.01
            assert voiceprint.model
            assert voiceprint.model_version


def test_progress_never_falls_and_reaches_one(
    conversation: tuple[Diarization, Reports],
) -> None:
    _, reports = conversation
    assert_progress(reports)


def test_second_run_has_the_same_result(
    engine: DiarizationEngine,
    sound: Samples,
    conversation: tuple[Diarization, Reports],
) -> None:
    first, _ = conversation
    again, _ = run(engine, sound)
    assert again.turns == first.turns
    assert again.exclusive_turns == first.exclusive_turns
    assert again.speakers == first.speakers


def test_cancelling_ends_the_work(engine: DiarizationEngine, sound: Samples) -> None:
    fractions: list[float] = []
    with pytest.raises(TaskCancelledError):
        engine.diarize(
            io.BytesIO(sounds.float_wav(sound)),
            DiarizationOptions(),
            on_progress=lambda fraction, _step: fractions.append(fraction),
            cancelled=lambda: len(fractions) > 0,
        )
    assert fractions[-1] < 1.0


def test_known_number_of_speakers_is_kept(engine: DiarizationEngine, sound: Samples) -> None:
    found, _ = run(engine, sound, num_speakers=1)
    assert_turns_in_order(found)
    assert len(found.speakers) == 1


def test_silence_has_no_speakers(engine: DiarizationEngine) -> None:
    found, reports = run(engine, np.zeros(round(SECONDS * 16_000), dtype=np.float32))
    assert (found.turns, found.exclusive_turns, found.speakers) == ((), (), ())
    assert found.duration == pytest.approx(SECONDS, abs=0.05)
    assert reports[-1][0] == 1.0


def test_damaged_samples_cost_no_turns_and_are_reported(
    engine: DiarizationEngine,
    sound: Samples,
    conversation: tuple[Diarization, Reports],
) -> None:
    found, reports = run(engine, damaged(sound))
    assert_turns_in_order(found)
    expected = sum(turn.duration for turn in conversation[0].turns)
    assert sum(turn.duration for turn in found.turns) == pytest.approx(expected, rel=0.2)
    assert reports[-1][0] == 1.0
    assert any("3 samples" in warning for warning in found.warnings)


@pytest.mark.parametrize("content", SOUNDLESS)
def test_recording_without_sound_is_refused(engine: DiarizationEngine, content: bytes) -> None:
    with pytest.raises(ApplicationError):
        engine.diarize(
            io.BytesIO(content),
            DiarizationOptions(),
            on_progress=lambda _fraction, _step: None,
            cancelled=lambda: False,
        )


def test_new_engine_serves_a_worker_by_its_name_alone(sound: Samples) -> None:
    settings = DiarizerSettings(
        **WORKER,  # type: ignore[arg-type]
        diarization_engine=EXAMPLE,
    )
    found, _ = run(load_engine(settings), sound)
    assert found.model == "loudness"
    assert [speaker.label for speaker in found.speakers] == ["SPEAKER_00"]
