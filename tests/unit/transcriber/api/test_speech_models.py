"""Models that callers can request."""

import pytest

from common.background.wakeups import WakeUp
from common.errors import UnavailableError, ValidationError
from securetranscribe.v1 import queue_pb2
from transcriber.api.speech_models import SpeechModels
from transcriber.queue.workers import WorkerRegistry


def beat(worker: str, *models: str, draining: bool = False) -> queue_pb2.WorkerHeartbeat:
    return queue_pb2.WorkerHeartbeat(
        worker_id=worker,
        stage=queue_pb2.STAGE_TRANSCRIBE,
        models=models,
        draining=draining,
    )


@pytest.fixture
def workers() -> WorkerRegistry:
    return WorkerRegistry(freed=WakeUp(), on_task=lambda _report: None)


@pytest.fixture
def models(workers: WorkerRegistry) -> SpeechModels:
    return SpeechModels(workers)


def test_models_are_those_of_all_workers(workers: WorkerRegistry, models: SpeechModels) -> None:
    workers.note(beat("a", "small", "english"))
    assert models.names() == ["english", "small"]
    workers.note(beat("b", "small", "large"))
    assert models.names() == ["small"]
    workers.note(beat("b", "small", "large", draining=True))
    assert models.names() == ["english", "small"]


def test_unknown_model_is_refused_with_the_known_ones(
    workers: WorkerRegistry, models: SpeechModels
) -> None:
    workers.note(beat("a", "small", "english"))
    models.check("small")
    with pytest.raises(ValidationError, match=r"The models are english, small\.") as caught:
        models.check("large")
    assert caught.value.details == {"field": "model"}


def test_without_workers_only_the_default_is_known(models: SpeechModels) -> None:
    models.check(None)
    models.check("")
    with pytest.raises(UnavailableError, match="no worker"):
        models.check("small")
