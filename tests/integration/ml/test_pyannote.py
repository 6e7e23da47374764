"""Diarization with the real models."""

import io
import itertools
import os
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.metrics import DiarizationErrors, diarization_errors
from bench.recordings import Recording
from common.audio.decoding import decode, read_window
from common.audio.errors import EmptyAudioError
from common.audio.resampling import SAMPLE_RATE, Samples
from common.gpu import GpuError
from common.models.store import ModelError, ModelStore, PipelineDirectory
from common.tasks.task import TaskCancelledError
from common.voices.parts import DiarizedPart, PartSpeaker, join_parts
from common.voices.turns import Stretch
from common.voices.values import Voice
from diarizer.engines.protocol import Diarization, DiarizationOptions, Speaker, Turn, Voiceprint
from tests.unit.common.audio import sounds

MakeEngine = Callable[..., Any]
Write = Callable[[Samples], Path]


def run(engine: Any, source: Path | io.BytesIO, **options: Any) -> tuple[Diarization, list[float]]:
    reports: list[float] = []
    found = engine.diarize(
        source,
        DiarizationOptions(**options),
        on_progress=lambda fraction, _step: reports.append(fraction),
        cancelled=lambda: False,
    )
    return found, reports


def errors(recording: Recording, turns: tuple[Turn, ...]) -> DiarizationErrors:
    plain = [(turn.start, turn.end, turn.speaker) for turn in turns]
    return diarization_errors(recording.turns, plain)


@pytest.fixture(scope="module")
def engine(diarizer: MakeEngine) -> Any:
    return diarizer()


@pytest.fixture(scope="module")
def conversation(engine: Any, telephone: Recording) -> tuple[Diarization, list[float]]:
    return run(engine, telephone.audio)


def test_two_people_are_distinguished(
    conversation: tuple[Diarization, list[float]], telephone: Recording
) -> None:
    found, reports = conversation
    assert [speaker.label for speaker in found.speakers] == ["SPEAKER_00", "SPEAKER_01"]
    assert errors(telephone, found.turns).rate < 0.08
    assert found.duration == pytest.approx(30.0, abs=0.01)
    assert reports == sorted(reports)
    assert reports[-1] == 1.0


def test_damaged_samples_change_nothing(
    engine: Any, conversation: tuple[Diarization, list[float]], telephone: Recording
) -> None:
    sound = np.concatenate(list(decode(telephone.audio)))
    sound[100_000] = np.nan
    found, _ = run(engine, io.BytesIO(sounds.float_wav(32_768 * sound)))
    assert errors(telephone, found.turns).rate < 0.08
    assert all(speaker.voiceprint is not None for speaker in found.speakers)
    assert len(found.warnings) == 2
    assert conversation[0].warnings == ()


def test_exclusive_turns_do_not_overlap(
    conversation: tuple[Diarization, list[float]],
) -> None:
    found, _ = conversation
    assert all(
        one.end <= other.start + 1e-6 for one, other in itertools.pairwise(found.exclusive_turns)
    )
    assert {turn.speaker for turn in found.exclusive_turns} == {"SPEAKER_00", "SPEAKER_01"}


def voice_of(speaker: Speaker) -> np.ndarray[Any, Any]:
    assert speaker.voiceprint is not None
    return np.array(speaker.voiceprint.embedding)


def test_each_speaker_has_a_voiceprint_of_unit_length(
    conversation: tuple[Diarization, list[float]], store: ModelStore
) -> None:
    found, _ = conversation
    first, second = map(voice_of, found.speakers)
    assert len(first) == 192
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-4)
    assert np.linalg.norm(second) == pytest.approx(1.0, abs=1e-4)
    assert first @ second < 0.7
    voiceprint = found.speakers[0].voiceprint
    assert voiceprint is not None
    assert voiceprint.model == "campplus-zh-en-common"
    assert 5 < voiceprint.speech_seconds < found.speakers[0].speech_seconds


def test_live_speech_is_told_apart(
    engine: Any, conversation: tuple[Diarization, list[float]], telephone: Recording
) -> None:
    found, _ = conversation
    places = ((11.05, 13.2), (14.75, 17.0), (18.6, 21.0))  # Two people in turn.
    one, other, again = (
        engine.embed_speech(read_window(telephone.audio, start, end)) for start, end in places
    )
    assert one.speech_seconds == pytest.approx(2.15, abs=0.2)
    voiceprint = found.speakers[0].voiceprint
    assert voiceprint is not None
    assert (one.model, one.model_version) == (voiceprint.model, voiceprint.model_version)
    assert np.linalg.norm(one.embedding) == pytest.approx(1.0, abs=1e-4)
    # Within the allowance of live sessions for a few seconds of speech.
    least = engine.link_threshold - 0.03
    assert np.dot(one.embedding, again.embedding) >= least
    assert np.dot(one.embedding, other.embedding) < least
    assert engine.embed_speech(np.zeros(4_000, dtype=np.float32)) is None


def test_windows_find_the_same_people(
    diarizer: MakeEngine,
    telephone: Recording,
    wav: Write,
    conversation: tuple[Diarization, list[float]],
) -> None:
    twice = np.tile(np.concatenate(list(decode(telephone.audio))), 2)
    found, reports = run(diarizer(window_seconds=40.0), wav(twice))
    assert len(found.speakers) == 2
    doubled = [
        (start + shift, end + shift, speaker)
        for shift in (0.0, 30.0)
        for start, end, speaker in telephone.turns
    ]
    plain = [(turn.start, turn.end, turn.speaker) for turn in found.turns]
    assert diarization_errors(doubled, plain).rate < 0.15
    assert reports == sorted(reports)
    whole, _ = conversation
    likeness = np.array(
        [[voice_of(one) @ voice_of(other) for other in found.speakers] for one in whole.speakers]
    )
    assert sorted(likeness.argmax(axis=1)) == [0, 1]
    assert likeness.max(axis=1).min() > 0.9


def voice(voiceprint: Voiceprint) -> Voice:
    vector = np.array(voiceprint.embedding, dtype=np.float32)
    return Voice(vector=vector, seconds=voiceprint.speech_seconds)


def part_of(engine: Any, wav: Write, sound: Samples, core: Stretch, heard: Stretch) -> DiarizedPart:
    first, last = (round(edge * SAMPLE_RATE) for edge in heard)
    found, _ = run(engine, wav(sound[first:last]), part=True, num_speakers=5)
    assert found.link_threshold == 0.65
    turns, exclusive = (
        tuple(
            Turn(start=turn.start + heard[0], end=turn.end + heard[0], speaker=turn.speaker)
            for turn in some
        )
        for some in (found.turns, found.exclusive_turns)
    )
    return DiarizedPart(
        core=core,
        heard=heard,
        turns=turns,
        exclusive_turns=exclusive,
        speakers=tuple(
            PartSpeaker(
                label=one.label,
                signal=0,
                voice=None if one.voiceprint is None else voice(one.voiceprint),
            )
            for one in found.speakers
        ),
    )


def test_parts_find_the_same_people(engine: Any, telephone: Recording, wav: Write) -> None:
    sound = np.concatenate(list(decode(telephone.audio)))
    parts = [
        part_of(engine, wav, sound, core, heard)
        for core, heard in (((0, 15), (0, 19)), ((15, 30), (11, 30)))
    ]
    found = join_parts(parts, threshold=0.65)
    assert [speaker.label for speaker in found.speakers] == ["Speaker_1", "Speaker_2"]
    assert errors(telephone, found.turns).rate < 0.15


def test_known_number_of_speakers_is_kept(engine: Any, telephone: Recording) -> None:
    found, _ = run(engine, telephone.audio, num_speakers=1)
    assert len(found.speakers) == 1


@pytest.mark.parametrize("count", [1, 4_000, 20 * 16_000])
def test_silence_has_no_speakers(engine: Any, wav: Write, count: int) -> None:
    found, reports = run(engine, wav(np.zeros(count, dtype=np.float32)))
    assert found.turns == ()
    assert found.exclusive_turns == ()
    assert found.speakers == ()
    assert reports[-1] == 1.0


def test_recording_without_sound_is_refused(engine: Any) -> None:
    with pytest.raises(EmptyAudioError):
        run(engine, io.BytesIO(b""))


def test_a_few_words_have_one_speaker(engine: Any, telephone: Recording, wav: Write) -> None:
    found, _ = run(engine, wav(read_window(telephone.audio, 11.0, 12.2)))
    assert len(found.speakers) == 1


def test_steps_have_names_for_users(engine: Any, telephone: Recording, wav: Write) -> None:
    steps: list[str] = []
    engine.diarize(
        wav(read_window(telephone.audio, 11.0, 12.2)),
        DiarizationOptions(),
        on_progress=lambda _fraction, step: steps.append(step),
        cancelled=lambda: False,
    )
    assert list(dict.fromkeys(steps)) == [
        "Finding who speaks when",
        "Comparing voices",
        "Telling speakers apart",
    ]


@pytest.mark.parametrize("after", [0, 3])
def test_cancelling_ends_the_work(engine: Any, telephone: Recording, after: int) -> None:
    reports: list[float] = []
    with pytest.raises(TaskCancelledError):
        engine.diarize(
            telephone.audio,
            DiarizationOptions(),
            on_progress=lambda fraction, _step: reports.append(fraction),
            cancelled=lambda: len(reports) >= after,
        )
    assert len(reports) == after


def test_nothing_leaves_the_machine(
    engine: Any, telephone: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyannote.audio.telemetry import metrics

    attempts: list[object] = []

    def refuse(_self: socket.socket, address: object) -> None:
        attempts.append(address)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(
        metrics.tracer, "start_as_current_span", lambda *names, **_: attempts.append(names)
    )
    run(engine, telephone.audio)
    metrics.provider.force_flush(1000)
    assert attempts == []
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "0"


PIPELINE = """
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: AgglomerativeClustering
    segmentation: $model/segmentation
    embedding: $model/embedding
    plda: $model/plda
    embedding_exclude_overlap: true
    embedding_batch_size: 8
    segmentation_batch_size: 8
params:
  segmentation:
    min_duration_off: 0.0
  clustering:
    method: centroid
    min_cluster_size: 12
    threshold: 0.7
"""


@pytest.fixture(scope="module")
def pipeline_directory(store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pipeline in the form of a hub, with an untrained embedding."""
    from pyannote.audio import Model
    from pyannote.audio.models.embedding import WeSpeakerResNet34

    from diarizer.engines.torch_runtime import torch

    directory = tmp_path_factory.mktemp("pipeline")
    (directory / "config.yaml").write_text(PIPELINE)
    for part in ("segmentation", "embedding", "plda"):
        (directory / part).mkdir()
    source = store.locate("pyannote-segmentation-3.0") / "pytorch_model.bin"
    (directory / "segmentation" / "pytorch_model.bin").write_bytes(source.read_bytes())
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checkpoint = torch.load(source, weights_only=False)
        specifications = Model.from_pretrained(source).specifications  # type: ignore[union-attr]
        untrained = WeSpeakerResNet34()
    about = checkpoint["pyannote.audio"]
    about["architecture"] = {
        "module": WeSpeakerResNet34.__module__,
        "class": WeSpeakerResNet34.__name__,
    }
    about["specifications"] = specifications
    checkpoint |= {
        "state_dict": untrained.state_dict(),
        "hyper_parameters": dict(untrained.hparams),
        "pyannote.audio": about,
    }
    torch.save(checkpoint, directory / "embedding" / "pytorch_model.bin")
    rng = np.random.default_rng(0)
    np.savez(
        directory / "plda" / "xvec_transform.npz",
        mean1=np.zeros(256),
        mean2=np.zeros(128),
        lda=rng.standard_normal((256, 128)),
    )
    np.savez(
        directory / "plda" / "plda.npz",
        mu=np.zeros(128),
        tr=np.eye(128),
        psi=np.ones(128),
    )
    return directory


def test_pipeline_in_a_local_directory_runs(
    store: ModelStore, pipeline_directory: Path, telephone: Recording, wav: Write
) -> None:
    from diarizer.engines.pyannote import PyannoteSettings, load_pipeline

    models = store.diarization(str(pipeline_directory))
    assert isinstance(models, PipelineDirectory)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = load_pipeline(models, PyannoteSettings())
    # An embedding of this size takes long, and a few seconds of speech are enough.
    found, reports = run(engine, wav(read_window(telephone.audio, 10.0, 20.0)), num_speakers=2)
    assert reports[-1] == 1.0
    # Untrained, it cannot tell voices apart, but it hears speech as the segmentation does.
    assert 9.0 < sum(turn.duration for turn in found.exclusive_turns) <= 10.0
    voiceprint = found.speakers[0].voiceprint
    assert voiceprint is not None
    assert len(voiceprint.embedding) == 256
    assert voiceprint.model == pipeline_directory.name


def test_directory_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    from diarizer.engines.pyannote import PyannoteSettings, load_pipeline

    (tmp_path / "config.yaml").write_text("pipeline:\n  name: no.such.Pipeline\n")
    models = PipelineDirectory(name="broken", version="1", directory=tmp_path)
    with pytest.raises(ModelError, match=r"cannot be loaded"):
        load_pipeline(models, PyannoteSettings())


def test_engine_does_not_load_on_a_missing_gpu(
    diarizer: MakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from diarizer.engines.pyannote import PyannoteSettings, load_pipeline

    pipeline = PipelineDirectory(name="any", version="1", directory=tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(GpuError, match="PyTorch finds no NVIDIA card"):
        diarizer(device="cuda")
    with pytest.raises(GpuError, match="PyTorch finds no NVIDIA card"):
        load_pipeline(pipeline, PyannoteSettings(device="cuda"))
