"""Settings of the recognition worker."""

import os

import pytest

from transcriber.worker.settings import SpeechWorkerSettings

REQUIRED = {
    "secret_key": "x" * 32,
    "grpc_port": 0,
    "s3_endpoint": "http://127.0.0.1:1",
    "s3_access_key": "a",
    "s3_secret_key": "b",
}


@pytest.mark.parametrize(
    ("values", "engine"),
    [
        ({}, "moonshine"),
        ({"speech_engine_english": "faster-whisper"}, "faster-whisper"),
        ({"whisper_model_size": "large-v3"}, "faster-whisper"),
        ({"whisper_model_size": "large-v3", "speech_engine_english": "moonshine"}, "moonshine"),
        ({"use_gpu": True}, "faster-whisper"),
        ({"speech_engine": "moonshine"}, "moonshine"),
    ],
)
def test_engine_for_english(values: dict[str, object], engine: str) -> None:
    settings = SpeechWorkerSettings.model_validate(REQUIRED | values)
    assert settings.english_engine == engine


@pytest.mark.parametrize(
    ("values", "streams", "calls"),
    [
        ({}, 1, 1),
        ({"model_threads": 2}, 2, 1),
        ({"live_sessions": 2}, 2, 2),
        ({"live_sessions": 8, "model_threads": 2}, 8, 1),
        ({"live_sessions": 0}, 0, 1),
        ({"model_threads": 32}, 12, 1),
    ],
)
def test_live_streams(
    values: dict[str, object], streams: int, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    settings = SpeechWorkerSettings.model_validate(REQUIRED | values)
    assert (settings.live_streams, settings.live_calls) == (streams, calls)
