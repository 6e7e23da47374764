"""A diarizer whose voices are told by the first sample of their sound."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

from common.times import duration
from securetranscribe.v1 import diarization_pb2, diarization_pb2_grpc

PEOPLE = 16


@dataclass(kw_only=True)
class FakeDiarizer(diarization_pb2_grpc.DiarizationServiceServicer):
    """Serves EmbedSpeech. `heard` has the persons, in order."""

    #: Refuses all calls with this status.
    refuses: grpc.StatusCode | None = None
    heard: list[int] = field(default_factory=list)

    async def Diarize(self, _request: Any, context: Any) -> diarization_pb2.DiarizeResponse:
        return await context.abort(grpc.StatusCode.UNIMPLEMENTED, "only live")  # type: ignore[no-any-return]

    async def ExtractVoiceprint(
        self, _request: Any, context: Any
    ) -> diarization_pb2.ExtractVoiceprintResponse:
        return await context.abort(grpc.StatusCode.UNIMPLEMENTED, "only live")  # type: ignore[no-any-return]

    async def EmbedSpeech(
        self, request: diarization_pb2.EmbedSpeechRequest, context: Any
    ) -> diarization_pb2.EmbedSpeechResponse:
        if self.refuses is not None:
            await context.abort(self.refuses, "refused")
        person = int.from_bytes(request.samples[:2], "little")
        self.heard.append(person)
        return diarization_pb2.EmbedSpeechResponse(
            voiceprint=diarization_pb2.Voiceprint(
                values=[float(number == person) for number in range(PEOPLE)],
                model="fake",
                model_version="1",
                speech_duration=duration(len(request.samples) / 32_000),
            ),
            link_threshold=0.65,
        )


@contextlib.asynccontextmanager
async def running(fake: FakeDiarizer) -> AsyncIterator[str]:
    """Serve a fake until the end of the block. Yield its address."""
    server = grpc.aio.server()
    diarization_pb2_grpc.add_DiarizationServiceServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
