"""Client of the diarizer: voices of live speech."""

from dataclasses import dataclass

import grpc.aio
import numpy as np

from common import times
from common.grpc_client import unwrap
from common.identity import Grant, Owner
from common.signing import acting_for
from common.voices.values import Voice, unit
from securetranscribe.v1 import diarization_pb2, diarization_pb2_grpc

_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveVoice:
    """A voice, the model that computed it, and the least cosine of one person's voices."""

    voice: Voice
    model: str
    model_version: str
    link: float


class VoiceClient:
    """Calls DiarizationService as this service, on behalf of the owner of a session."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = diarization_pb2_grpc.DiarizationServiceStub(channel)

    async def voice(self, owner: Owner, samples: bytes) -> LiveVoice:
        """Return the voice of one person in signed 16-bit samples at 16 kHz.

        Raises:
            ApplicationError: there is none, or no diarizer answers in time.
        """
        answer = await unwrap(
            self._stub.EmbedSpeech(
                diarization_pb2.EmbedSpeechRequest(samples=samples),
                timeout=_SECONDS,
                metadata=acting_for(Grant.owning(owner)),
            )
        )
        found = answer.voiceprint
        return LiveVoice(
            voice=Voice(
                vector=unit(np.array(found.values, dtype=np.float32)),
                seconds=times.seconds(found.speech_duration),
            ),
            model=found.model,
            model_version=found.model_version,
            link=answer.link_threshold,
        )
