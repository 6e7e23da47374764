"""Registry of the recognition engines, by SPEECH_ENGINE. See docs/engines.md."""

from common.engines import EngineRegistry
from common.models.manifest import FASTER_WHISPER, MOONSHINE
from transcriber.worker.engines.protocol import SpeechEngine

ENGINES: EngineRegistry[SpeechEngine] = EngineRegistry(
    {
        FASTER_WHISPER: "transcriber.worker.engines.faster_whisper",
        MOONSHINE: "transcriber.worker.engines.moonshine",
    }
)
