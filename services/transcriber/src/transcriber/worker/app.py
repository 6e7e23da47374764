"""Composition of the recognition worker: engine, tasks, direct calls."""

import os

from common.errors import TranscriptionError
from common.inference import Inference
from common.models.store import ModelStore
from common.runtime import Supervisor
from common.tasks import service as worker_service
from securetranscribe.v1 import speech_pb2_grpc
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.servicer import SpeechServicer
from transcriber.worker.settings import SpeechWorkerSettings
from transcriber.worker.task_handler import TranscribeHandler

_SERVICE = "securetranscribe.v1.SpeechService"


async def serve(settings: SpeechWorkerSettings, supervisor: Supervisor) -> None:
    """Works and answers until the supervisor stops."""

    def services(recognizer: Recognizer, inference: Inference) -> worker_service.Services:
        servicer = SpeechServicer(recognizer, inference)
        return {
            _SERVICE: lambda server: speech_pb2_grpc.add_SpeechServiceServicer_to_server(
                servicer, server
            )
        }

    await worker_service.serve(
        settings,
        supervisor,
        worker_service.WorkerKind(
            name="transcriber-worker",
            stage="transcribe",
            failure=TranscriptionError,
            load=lambda: load_recognizer(settings),
            handler=TranscribeHandler,
            services=services,
        ),
    )


def load_recognizer(settings: SpeechWorkerSettings) -> Recognizer:
    """Loads the model that WHISPER_MODEL_SIZE names, from verified files.

    Raises:
        ModelError: a file is missing or altered.
        GpuError: a graphics card is asked for and there is none.
    """
    from transcriber.worker.engines import faster_whisper  # noqa: PLC0415 - on the inference thread

    model = ModelStore(settings.model_dir).recognition(settings.whisper_model_size)
    engine = faster_whisper.load(
        model,
        faster_whisper.EngineSettings(
            device=settings.device,
            threads=settings.model_threads or int(os.environ.get("OMP_NUM_THREADS", "1")),
        ),
    )
    return Recognizer(engine, settings.whisper_beam_size)
