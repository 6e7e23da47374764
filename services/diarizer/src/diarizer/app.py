"""Composition of the diarizer: engine, tasks, direct calls."""

from common.auth import Access
from common.engines import EngineSettings, at_once
from common.errors import DiarizationError
from common.grpc_server import method_names
from common.inference import Inference
from common.runtime import Supervisor
from common.tasks import service as worker_service
from common.tasks.service import WorkerKind
from diarizer.engines.protocol import DiarizationEngine, DiarizationOptions
from diarizer.engines.registry import ENGINES
from diarizer.live_voices import LiveVoices
from diarizer.servicer import DiarizationServicer
from diarizer.settings import DiarizerSettings
from diarizer.signals import SignalDiarizer
from diarizer.task_handler import DiarizeHandler
from securetranscribe.v1 import diarization_pb2_grpc

_SERVICE = "securetranscribe.v1.DiarizationService"


async def serve(settings: DiarizerSettings, supervisor: Supervisor) -> None:
    """Process tasks and calls until the supervisor stops."""
    defaults = DiarizationOptions(
        max_speakers=settings.max_speakers, min_speaker_duration=settings.min_speaker_duration
    )

    def services(engine: DiarizationEngine, inference: Inference) -> worker_service.Services:
        servicer = DiarizationServicer(
            SignalDiarizer(engine, defaults),
            inference,
            LiveVoices(engine, inference),
            longest=settings.direct_call_seconds,
        )
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
            handler=lambda engine: DiarizeHandler(SignalDiarizer(engine, defaults)),
            services=services,
            at_once=at_once,
            longest_piece=settings.diarization_window_seconds,
            access=dict.fromkeys(
                method_names("DiarizationService", ["EmbedSpeech"]), Access.SERVICE
            ),
        ),
    )


def load_engine(settings: DiarizerSettings) -> DiarizationEngine:
    """Load the engine named by DIARIZATION_ENGINE with the models named by PYANNOTE_MODEL.

    Raises:
        ModelError: a file of a model is missing or altered.
        GpuError: a GPU is required and none is usable.
    """
    return ENGINES.load(
        settings.diarization_engine,
        EngineSettings.of(
            settings,
            model=settings.pyannote_model,
            window_seconds=settings.diarization_window_seconds,
        ),
    )
