"""Voiceprints of clips, computed by the diarizer."""

from dataclasses import dataclass
from typing import Protocol

import grpc.aio

from common import identity, times
from common.grpc_client import unwrap
from common.signing import acting_for
from securetranscribe.v1 import diarization_pb2, diarization_pb2_grpc
from speakers.domain.voiceprint import Voiceprint

#: Time limit of a call that does not wait behind tasks.
_EMBEDDING_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtractedVoiceprint:
    """The dominant voice of a clip.

    `voiceprint` belongs to the person speaking most. `speakers` counts all people heard in the
    clip. `start` and `end` (seconds) delimit the cleanest turn of the dominant voice.
    """

    voiceprint: Voiceprint
    speakers: int
    start: float
    end: float


class VoiceprintExtractor(Protocol):
    """Extracts the voiceprint of a clip."""

    async def extract(self, content: bytes) -> ExtractedVoiceprint:
        """Return the dominant voice of an encoded audio clip.

        Raises:
            AudioProcessingError: The clip cannot be decoded, or nobody speaks in it.
            UnavailableError: No diarizer is reachable.
        """
        ...


class SpeechEmbedder(Protocol):
    """Computes the voiceprint of speech without waiting behind tasks."""

    async def embed(self, samples: bytes) -> Voiceprint:
        """Return the voiceprint of the person in signed 16-bit samples, 16000 per second.

        Raises:
            AudioProcessingError: There is too little speech.
            ApplicationError: No diarizer is reachable, or it is busy.
        """
        ...


class DiarizerClient:
    """`VoiceprintExtractor` and `SpeechEmbedder` backed by the diarizer service."""

    def __init__(self, channel: grpc.aio.Channel, *, timeout_seconds: float) -> None:
        self._stub = diarization_pb2_grpc.DiarizationServiceStub(channel)
        self._timeout = timeout_seconds

    async def extract(self, content: bytes) -> ExtractedVoiceprint:
        """Ask the diarizer on behalf of the current caller. See `VoiceprintExtractor.extract`.

        A worker never gets the caller's token.
        """
        answer = await unwrap(
            self._stub.ExtractVoiceprint(
                diarization_pb2.ExtractVoiceprintRequest(content=content),
                timeout=self._timeout,
                metadata=acting_for(identity.current()),
            )
        )
        return ExtractedVoiceprint(
            voiceprint=_voiceprint(answer.voiceprint),
            speakers=answer.speaker_count,
            start=times.seconds(answer.clean_turn.start),
            end=times.seconds(answer.clean_turn.end),
        )

    async def embed(self, samples: bytes) -> Voiceprint:
        """Ask the diarizer on behalf of the current caller. See `SpeechEmbedder.embed`."""
        answer = await unwrap(
            self._stub.EmbedSpeech(
                diarization_pb2.EmbedSpeechRequest(samples=samples),
                timeout=_EMBEDDING_SECONDS,
                metadata=acting_for(identity.current()),
            )
        )
        return _voiceprint(answer.voiceprint)


def _voiceprint(message: diarization_pb2.Voiceprint) -> Voiceprint:
    return Voiceprint.of(
        message.values,
        model=message.model,
        version=message.model_version,
        seconds=times.seconds(message.speech_duration),
    )
