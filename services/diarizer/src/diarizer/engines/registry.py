"""Registry of the diarization engines, by DIARIZATION_ENGINE. See docs/engines.md."""

from common.engines import EngineRegistry
from common.models.manifest import PYANNOTE
from diarizer.engines.protocol import DiarizationEngine

ENGINES: EngineRegistry[DiarizationEngine] = EngineRegistry(
    {
        PYANNOTE: "diarizer.engines.pyannote",
    }
)
