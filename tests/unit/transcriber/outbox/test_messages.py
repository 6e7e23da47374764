"""Tasks as messages for workers."""

import datetime as dt

from common.audio.signals import Signal, SignalPart
from common.signed_objects import TaskAccess
from transcriber.domain.jobs import Stage, Task
from transcriber.domain.options import ProcessingOptions
from transcriber.domain.transcriptions import AudioFile, Transcription, TranscriptionStatus
from transcriber.outbox import messages

TRANSCRIPTION = Transcription(
    id=3,
    session_id="session_a",
    workspace_id="session_a",
    file=AudioFile(
        filename="a.wav",
        size_bytes=10,
        duration=60.0,
        format="wav",
        codec="pcm_s16le",
        sample_rate=16000,
        channels=2,
    ),
    source_key="3/source",
    source_available=True,
    options=ProcessingOptions(language="en"),
    status=TranscriptionStatus.PENDING,
    created_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
)
SIGNALS = (
    Signal(title="Microphone", parts=(SignalPart(track=1, gains=(1.0, 0.0)),)),
    Signal(parts=(SignalPart(track=1, gains=(0.0, 1.0)), SignalPart(track=2, gains=(-0.25,)))),
)
ACCESS = TaskAccess(recording="https://a", stored_result="https://b", result="https://c")


SOURCE = messages.TaskSource(
    transcription_id=TRANSCRIPTION.id,
    session_id=TRANSCRIPTION.session_id,
    source_key=TRANSCRIPTION.source_key,
    seconds=TRANSCRIPTION.file.duration,
)


def task(stage: Stage, signals: tuple[Signal, ...]) -> Task:
    return Task(
        task_id="one",
        job_id="job_1",
        transcription_id=3,
        stage=stage,
        options=TRANSCRIPTION.options.of_stage(stage, signals),
    )


def test_both_stages_receive_the_signals_of_the_plan() -> None:
    for stage in (Stage.TRANSCRIBE, Stage.DIARIZE):
        message = messages.task(task(stage, SIGNALS), SOURCE, 1, ACCESS)
        found = [
            (signal.title, [(part.track, list(part.gains)) for part in signal.parts])
            for signal in message.signals
        ]
        assert found == [
            ("Microphone", [(1, [1.0, 0.0])]),
            ("", [(1, [0.0, 1.0]), (2, [-0.25])]),
        ]


def test_task_without_a_plan_has_no_signals() -> None:
    message = messages.task(task(Stage.TRANSCRIBE, ()), SOURCE, 1, ACCESS)
    assert list(message.signals) == []
    assert message.transcribe.config.language == "en"


def test_worker_receives_the_urls_of_its_objects_alone() -> None:
    message = messages.task(task(Stage.DIARIZE, ()), SOURCE, 1, ACCESS)
    given = (message.audio_url, message.stored_result_url, message.result_url)
    assert given == ("https://a", "https://b", "https://c")
