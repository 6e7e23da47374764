"""DiarizationService: direct calls of the diarizer, without a stored recording."""

import io
import math
from typing import Any

from common.audio.clips import LONGEST_SECONDS
from common.errors import AudioProcessingError, ValidationError
from common.inference import Inference
from common.tasks.signals import SignalResults, planned_sounds
from common.tasks.task import TaskControl
from common.times import duration
from common.voices.turns import clean_stretches, longest
from diarizer import conversion
from diarizer.engines.protocol import Diarization, Speaker
from diarizer.live_voices import LiveVoices
from diarizer.signals import SignalDiarizer
from securetranscribe.v1 import diarization_pb2, diarization_pb2_grpc


class DiarizationServicer(diarization_pb2_grpc.DiarizationServiceServicer):
    """Direct calls. They share the engine with tasks, and tasks go first."""

    def __init__(
        self,
        diarizer: SignalDiarizer,
        inference: Inference,
        voices: LiveVoices,
        *,
        longest: float = math.inf,
    ) -> None:
        """`longest` is the most sound of one call, in seconds."""
        self._diarizer = diarizer
        self._voices = voices
        self._inference = inference
        self._longest = longest

    async def Diarize(
        self, request: diarization_pb2.DiarizeRequest, _context: Any
    ) -> diarization_pb2.DiarizeResponse:
        """Diarize a recording sent in one message, each party on a channel by itself."""
        found = await self._diarize(request.content, request.config)
        message = conversion.to_message(found.results, found.warnings)
        if request.config.without_voiceprints:
            conversion.drop_voiceprints(message)
        return diarization_pb2.DiarizeResponse(diarization=message)

    async def ExtractVoiceprint(
        self, request: diarization_pb2.ExtractVoiceprintRequest, _context: Any
    ) -> diarization_pb2.ExtractVoiceprintResponse:
        """Compute the voiceprint of the main speaker of a clip."""
        found = await self._diarize(request.content, diarization_pb2.DiarizationConfig())
        heard = [(one, speaker) for one in found.results.values() for speaker in one.speakers]
        if not heard:
            raise AudioProcessingError("Nobody speaks in this clip.")
        diarization, main = max(heard, key=lambda item: item[1].speech_seconds)
        if main.voiceprint is None:
            raise AudioProcessingError(
                "There is too little clear speech of one person in this clip."
            )
        return diarization_pb2.ExtractVoiceprintResponse(
            voiceprint=conversion.print_message(main.voiceprint),
            speaker_count=len(heard),
            clean_turn=_clean_turn(diarization, main),
        )

    async def EmbedSpeech(
        self, request: diarization_pb2.EmbedSpeechRequest, _context: Any
    ) -> diarization_pb2.EmbedSpeechResponse:
        """Compute the voiceprint of a few seconds of live speech."""
        found = await self._voices.embed(request.samples)
        return diarization_pb2.EmbedSpeechResponse(
            voiceprint=conversion.print_message(found),
            link_threshold=self._voices.link_threshold,
        )

    async def _diarize(
        self, content: bytes, config: diarization_pb2.DiarizationConfig
    ) -> SignalResults[Diarization]:
        if not content:
            raise ValidationError.of("content", "The request carries no audio.")

        def work(control: TaskControl) -> SignalResults[Diarization]:
            return self._diarizer.diarize(
                planned_sounds(io.BytesIO(content), longest=self._longest),
                config,
                on_progress=control.progress,
                cancelled=control.cancelled,
            )

        return await self._inference.call(work)


def _clean_turn(found: Diarization, speaker: Speaker) -> diarization_pb2.Turn | None:
    """Return the beginning of the longest stretch of this speaker alone.

    Return None if there is none: voices are computed from the turns of a window, and joining these
    may close the short gaps with somebody alone.
    """
    stretches = clean_stretches(found.turns).get(speaker.label)
    if not stretches:
        return None
    start, end = longest(stretches)[0]
    return diarization_pb2.Turn(
        start=duration(start),
        end=duration(min(end, start + LONGEST_SECONDS)),
        speaker_label="Speaker_1",
    )
