"""Composition of the diarizer: engine, tasks, direct calls."""

import os

from common.errors import DiarizationError
from common.inference import Inference
from common.models.store import EmbeddedDiarization, ModelStore
from common.runtime import Supervisor
from common.tasks import service as worker_service
from common.tasks.service import WorkerKind
from diarizer.engines.protocol import DiarizationEngine, DiarizationOptions
from diarizer.servicer import DiarizationServicer
from diarizer.settings import DiarizerSettings
from diarizer.task_handler import DiarizeHandler
from securetranscribe.v1 import diarization_pb2_grpc

_SERVICE = "securetranscribe.v1.DiarizationService"


async def serve(settings: DiarizerSettings, supervisor: Supervisor) -> None:
    """Works and answers until the supervisor stops."""
    defaults = DiarizationOptions(
        max_speakers=settings.max_speakers, min_speaker_duration=settings.min_speaker_duration
    )

    def services(engine: DiarizationEngine, inference: Inference) -> worker_service.Services:
        servicer = DiarizationServicer(engine, inference, defaults)
        return {
            _SERVICE: lambda server: diarization_pb2_grpc.add_DiarizationServiceServicer_to_server(
                servicer, server
            )
        }

    await worker_service.serve(
        settings,
        supervisor,
        WorkerKind(
            name="diarizer",
            stage="diarize",
            failure=DiarizationError,
            load=lambda: load_engine(settings),
            handler=lambda engine: DiarizeHandler(engine, defaults),
            services=services,
            longest_piece=settings.diarization_window_seconds,
        ),
    )


def load_engine(settings: DiarizerSettings) -> DiarizationEngine:
    """Loads the models that PYANNOTE_MODEL names, from verified files.

    Raises:
        ModelError: a file is missing or altered.
        GpuError: a graphics card is asked for and there is none.
    """
    from diarizer.engines import pyannote  # noqa: PLC0415 - imports torch, on the inference thread

    engine_settings = pyannote.EngineSettings(
        device=settings.device,
        threads=settings.model_threads or int(os.environ.get("OMP_NUM_THREADS", "1")),
        window_seconds=settings.diarization_window_seconds,
    )
    files = ModelStore(settings.model_dir).diarization(settings.pyannote_model)
    if isinstance(files, EmbeddedDiarization):
        return pyannote.load_embedded(files, engine_settings)
    return pyannote.load_pipeline(files, engine_settings)
