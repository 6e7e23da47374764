"""Fake peers over real gRPC: sessions by token, and a diarizer with scripted responses."""

import contextlib
import io
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import numpy as np

from common import status
from common.errors import ApplicationError, AuthenticationError
from common.times import duration
from securetranscribe.v1 import (
    diarization_pb2,
    session_pb2,
)

RATE = 16_000
MODEL, VERSION = "voices-for-tests", "1"


def wav(seconds: float) -> bytes:
    """Return a WAV file with a tone."""
    samples = np.sin(np.arange(int(seconds * RATE)) * 2 * np.pi * 220 / RATE) * 8000
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


class Sessions:
    """Session service in which `token-a` belongs to the session `session_a`."""

    async def AuthenticateSession(
        self, request: session_pb2.AuthenticateSessionRequest, context: Any
    ) -> session_pb2.AuthenticateSessionResponse:
        token = request.session_token
        if not token.startswith("token-"):
            refusal = AuthenticationError("The session token is not valid.")
            await context.abort_with_status(status.to_status(refusal))
        return session_pb2.AuthenticateSessionResponse(
            session_id=f"session_{token.removeprefix('token-')}"
        )


@dataclass
class Diarizer:
    """Diarizer that returns `answer` for every clip, or fails with `error`."""

    answer: diarization_pb2.ExtractVoiceprintResponse = field(
        default_factory=diarization_pb2.ExtractVoiceprintResponse
    )
    error: ApplicationError | None = None
    calls: int = 0
    callers: list[dict[str, str]] = field(default_factory=list)

    async def ExtractVoiceprint(
        self, request: diarization_pb2.ExtractVoiceprintRequest, context: Any
    ) -> diarization_pb2.ExtractVoiceprintResponse:
        self.calls += 1
        self.callers.append({key: str(value) for key, value in context.invocation_metadata()})
        if self.error is not None:
            await context.abort_with_status(status.to_status(self.error))
        return self.answer

    async def EmbedSpeech(
        self, request: diarization_pb2.EmbedSpeechRequest, context: Any
    ) -> diarization_pb2.EmbedSpeechResponse:
        self.callers.append({key: str(value) for key, value in context.invocation_metadata()})
        if self.error is not None:
            await context.abort_with_status(status.to_status(self.error))
        return diarization_pb2.EmbedSpeechResponse(voiceprint=self.answer.voiceprint)

    def hears(
        self, voiceprint: diarization_pb2.Voiceprint, *, speakers: int = 1, end: float = 4.0
    ) -> None:
        """Script the response to the next clips."""
        self.error = None
        self.answer = diarization_pb2.ExtractVoiceprintResponse(
            voiceprint=voiceprint,
            speaker_count=speakers,
            clean_turn=diarization_pb2.Turn(start=duration(1.0), end=duration(end)),
        )


@dataclass
class Peers:
    """Fake peers, all at one address."""

    address: str
    diarizer: Diarizer


@contextlib.asynccontextmanager
async def running_peers() -> AsyncIterator[Peers]:
    """Run the peers until the end of the block."""
    server = grpc.aio.server()
    diarizer = Diarizer()
    _serve(server, "SessionService", Sessions(), session_pb2, "AuthenticateSession")
    _serve(
        server, "DiarizationService", diarizer, diarization_pb2, "ExtractVoiceprint", "EmbedSpeech"
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield Peers(address=f"127.0.0.1:{port}", diarizer=diarizer)
    finally:
        await server.stop(None)


def _serve(
    server: grpc.aio.Server, service: str, servant: object, messages: Any, *names: str
) -> None:
    """Register the methods that a fake implements."""
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(servant, name),
            request_deserializer=getattr(messages, f"{name}Request").FromString,
            response_serializer=getattr(messages, f"{name}Response").SerializeToString,
        )
        for name in names
    }
    generic = grpc.method_handlers_generic_handler(f"securetranscribe.v1.{service}", handlers)
    server.add_generic_rpc_handlers((generic,))


def person(number: int, *, recording: int = 0, dimension: int = 192) -> list[float]:
    """Return a synthetic voice.

    The cosine is about 0.9 between recordings of one person and about 0 between two people.
    """
    own = np.random.default_rng([1, number]).standard_normal(dimension)
    chance = np.random.default_rng([2, number, recording]).standard_normal(dimension)
    voice = own / np.linalg.norm(own) + 0.35 * chance / np.linalg.norm(chance)
    return [float(value) for value in (voice / np.linalg.norm(voice)).astype(np.float32)]


def voiceprint(
    values: list[float], *, seconds: float = 10.0, model: str = MODEL, version: str = VERSION
) -> diarization_pb2.Voiceprint:
    """Return a voiceprint message of the diarizer."""
    return diarization_pb2.Voiceprint(
        values=values, model=model, model_version=version, speech_duration=duration(seconds)
    )
