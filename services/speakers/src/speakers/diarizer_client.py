"""Asks the diarizer what a clip sounds like."""

from dataclasses import dataclass
from typing import Protocol

import grpc.aio

from common import identity, times
from common.grpc_client import as_caller, unwrap
from common.identity import ServiceSigner
from securetranscribe.v1 import diarization_pb2, diarization_pb2_grpc
from speakers.domain.voiceprint import Voiceprint


@dataclass(frozen=True, kw_only=True, slots=True)
class HeardClip:
    """What the diarizer heard in a clip.

    `voiceprint` is that of the person who speaks most, of `speakers` persons in all; the cleanest
    stretch lies between `start` and `end` (seconds).
    """

    voiceprint: Voiceprint
    speakers: int
    start: float
    end: float


class ClipListener(Protocol):
    """Tells what a clip sounds like."""

    async def listen(self, content: bytes) -> HeardClip:
        """What is heard in an encoded clip.

        Raises:
            AudioProcessingError: it cannot be decoded, or nobody speaks in it.
            UnavailableError: nobody is there to listen.
        """
        ...


class DiarizerClient:
    """The diarizer as a listener."""

    def __init__(
        self, channel: grpc.aio.Channel, signer: ServiceSigner, *, timeout_seconds: float
    ) -> None:
        self._stub = diarization_pb2_grpc.DiarizationServiceStub(channel)
        self._signer = signer
        self._timeout = timeout_seconds

    async def listen(self, content: bytes) -> HeardClip:
        """What is heard in an encoded clip; see ClipListener."""
        answer = await unwrap(
            self._stub.ExtractVoiceprint(
                diarization_pb2.ExtractVoiceprintRequest(content=content),
                timeout=self._timeout,
                metadata=as_caller(identity.current(), self._signer),
            )
        )
        return HeardClip(
            voiceprint=Voiceprint.of(
                answer.voiceprint.values,
                model=answer.voiceprint.model,
                version=answer.voiceprint.model_version,
                seconds=times.seconds(answer.voiceprint.speech_duration),
            ),
            speakers=answer.speaker_count,
            start=times.seconds(answer.clean_turn.start),
            end=times.seconds(answer.clean_turn.end),
        )
