"""Composition of the recognition worker: engine, tasks, direct calls."""

import structlog

from common.disk_reserve import DiskReserve
from common.engines import EngineSettings
from common.errors import TranscriptionError
from common.inference import Inference
from common.models.files import ModelError
from common.models.manifest import FASTER_WHISPER
from common.runtime import Supervisor
from common.signed_objects import SignedObjects
from common.tasks import service as worker_service
from securetranscribe.v1 import speech_pb2_grpc
from transcriber.worker.engines.protocol import SpeechEngine
from transcriber.worker.engines.registry import ENGINES
from transcriber.worker.engines.windowed import WindowedEngine
from transcriber.worker.live.streams import LiveStreams
from transcriber.worker.playback import PlaybackStore
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.servicer import SpeechServicer
from transcriber.worker.settings import SpeechWorkerSettings
from transcriber.worker.task_handler import TranscribeHandler

_SERVICE = "securetranscribe.v1.SpeechService"
_WINDOW_SECONDS = 600.0

_log = structlog.get_logger()


async def serve(settings: SpeechWorkerSettings, supervisor: Supervisor) -> None:
    """Process tasks and calls until the supervisor stops."""

    def services(recognizer: Recognizer, inference: Inference) -> worker_service.Services:
        live = _live(settings, supervisor, recognizer, inference)
        servicer = SpeechServicer(
            recognizer, inference, longest=settings.direct_call_seconds, live=live
        )
        return {
            _SERVICE: lambda server: speech_pb2_grpc.add_SpeechServiceServicer_to_server(
                servicer, server
            )
        }

    reserve = DiskReserve(settings.s3_local_directory, reserve_bytes=settings.s3_local_reserve)
    # Copies are sent on the thread of the models, not on those of these objects.
    copies = PlaybackStore(SignedObjects(reserve, threads=1))
    await worker_service.serve(
        settings,
        supervisor,
        worker_service.WorkerKind(
            name="transcriber-worker",
            stage="transcribe",
            failure=TranscriptionError,
            load=lambda: load_recognizer(settings),
            handler=lambda recognizer: TranscribeHandler(recognizer, copies),
            services=services,
            at_once=lambda recognizer: recognizer.at_once,
            models=lambda recognizer: recognizer.models,
            longest_piece=_WINDOW_SECONDS,
        ),
    )


def _live(
    settings: SpeechWorkerSettings,
    supervisor: Supervisor,
    recognizer: Recognizer,
    inference: Inference,
) -> LiveStreams | None:
    """Return the live streams of the worker, None if it takes none."""
    limit, calls = settings.live_streams, settings.live_calls
    if not limit:
        return None
    # Each channel of a stream has one call at a time.
    lane = inference.lane("live", at_once=calls, most=2 * limit)
    streams = LiveStreams(recognizer, lane, limit=limit, threads=calls)
    supervisor.start("live-streams", streams.drain(supervisor))
    return streams


def load_recognizer(settings: SpeechWorkerSettings) -> Recognizer:
    """Load the engine named by SPEECH_ENGINE with the model named by WHISPER_MODEL_SIZE.

    Another engine is loaded besides for English, if SPEECH_ENGINE_ENGLISH names one.

    Raises:
        ModelError: a file of the model is missing or altered.
        GpuError: a GPU is required and none is usable.
    """
    wanted = EngineSettings.of(
        settings,
        model=settings.whisper_model_size,
        window_seconds=_WINDOW_SECONDS,
        compute_type=settings.whisper_compute_type,
    )
    engine = ENGINES.load(settings.speech_engine, wanted)
    english: SpeechEngine | None = None
    if settings.english_engine not in {settings.speech_engine, FASTER_WHISPER}:
        english = _delegate_english(engine, settings.english_engine, wanted)
    others = () if english is None else (english,)
    return Recognizer(engine, settings.whisper_beam_size, others)


def _delegate_english(
    engine: SpeechEngine, name: str, settings: EngineSettings
) -> SpeechEngine | None:
    """Leave English to another engine. Return it.

    If it cannot be loaded, the first one recognizes English, and None is returned.
    """
    try:
        english = ENGINES.load(name, settings)
    except ModelError as error:
        _log.warning("engine for English not loaded", engine=name, reason=error.message)
        return None
    if isinstance(engine, WindowedEngine) and isinstance(english, WindowedEngine):
        engine.delegate(english.specialist("en"))
        _log.info("engine for English loaded", engine=name, model=english.model)
        return english
    _log.warning("engine for English not supported", engine=name, by=engine.model)
    return None
