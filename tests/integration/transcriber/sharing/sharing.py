"""Clients of people who share transcriptions, and of those who reach them."""

from collections.abc import AsyncIterator
from typing import Any

from common.grpc_client import unwrap, unwrap_stream
from securetranscribe.v1 import (
    identity_pb2,
    library_pb2_grpc,
    live_pb2_grpc,
    playback_pb2_grpc,
    reprocessing_pb2_grpc,
    search_pb2_grpc,
    sharing_pb2,
    sharing_pb2_grpc,
    transcript_pb2_grpc,
    transcription_pb2_grpc,
    vocabulary_pb2_grpc,
)
from securetranscribe.v1 import library_pb2 as library
from securetranscribe.v1 import live_pb2 as live
from securetranscribe.v1 import playback_pb2 as playback
from securetranscribe.v1 import reprocessing_pb2 as reprocessing
from securetranscribe.v1 import search_pb2 as search
from securetranscribe.v1 import transcript_pb2 as transcript
from securetranscribe.v1 import transcription_pb2 as transcription
from securetranscribe.v1 import vocabulary_pb2 as vocabulary
from tests.integration.transcriber.conftest import Api

VIEWER, COMMENTER, EDITOR = (
    identity_pb2.ROLE_VIEWER,
    identity_pb2.ROLE_COMMENTER,
    identity_pb2.ROLE_EDITOR,
)
_SERVICES: tuple[tuple[Any, Any], ...] = (
    (transcription, transcription_pb2_grpc.TranscriptionServiceStub),
    (transcript, transcript_pb2_grpc.TranscriptServiceStub),
    (playback, playback_pb2_grpc.PlaybackServiceStub),
    (library, library_pb2_grpc.LibraryServiceStub),
    (live, live_pb2_grpc.LiveServiceStub),
    (reprocessing, reprocessing_pb2_grpc.ReprocessingServiceStub),
    (search, search_pb2_grpc.SearchServiceStub),
    (vocabulary, vocabulary_pb2_grpc.VocabularyServiceStub),
    (sharing_pb2, sharing_pb2_grpc.SharingServiceStub),
)


class Person:
    """Somebody with a token, see `FakeSessions`."""

    def __init__(self, api: Api, token: str) -> None:
        self._metadata = (("authorization", f"Bearer token-{token}"),)
        self._stubs = [(messages, stub(api.channel)) for messages, stub in _SERVICES]

    async def call(self, method: str, **fields: Any) -> Any:
        """Call a method of any service. Return the responses of a stream as a list."""
        if method in {
            "WatchTranscription",
            "ReadPlayback",
            "StreamTranscript",
            "DownloadRecording",
        }:
            return [item async for item in self.stream(method, **fields)]
        return await unwrap(self._call(method, fields))

    def stream(self, method: str, **fields: Any) -> AsyncIterator[Any]:
        """Call a method that returns a stream."""
        return unwrap_stream(self._call(method, fields))

    def _call(self, method: str, fields: dict[str, Any]) -> Any:
        for messages, stub in self._stubs:
            if hasattr(stub, method):
                request = getattr(messages, f"{method}Request")(**fields)
                return getattr(stub, method)(request, metadata=self._metadata)
        raise AssertionError(method)

    async def share(self, transcription_id: int, role: int, **grantee: str) -> sharing_pb2.Share:
        """Share a transcription."""
        answer = await self.call(
            "ShareTranscription", transcription_id=transcription_id, role=role, **grantee
        )
        share: sharing_pb2.Share = answer.share
        return share

    async def shared(self) -> list[sharing_pb2.SharedTranscription]:
        """Return what others share."""
        return list((await self.call("ListSharedWithMe")).shared)
