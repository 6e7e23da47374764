"""CaptureService: recordings arriving while they are made."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from common import identity, rights
from common.addresses import current_address
from common.byte_rates import ByteRates
from common.errors import NotFoundError
from common.postgres import Database
from common.rights import Right
from securetranscribe.v1 import capture_pb2, capture_pb2_grpc
from transcriber.api import requests
from transcriber.api.capture_messages import capture_message
from transcriber.api.preferences import Preferences, SessionPreferences
from transcriber.api.priorities import PriorityRule
from transcriber.api.speech_models import SpeechModels
from transcriber.captures.creation import CaptureCreator
from transcriber.captures.finishing import CaptureEnds, FinishRequest
from transcriber.captures.reception import ChunkReception, NewChunk
from transcriber.recordings.arrival import relayed
from transcriber.store.captures import Capture, Captures


@dataclass(frozen=True, kw_only=True)
class CaptureDependencies:
    """Objects behind the methods."""

    database: Database
    creator: CaptureCreator
    reception: ChunkReception
    ends: CaptureEnds
    preferences: SessionPreferences
    priorities: PriorityRule
    models: SpeechModels
    rates: ByteRates


class CaptureServicer(capture_pb2_grpc.CaptureServiceServicer):
    """Serves CaptureService. Callers see only the captures of their workspace."""

    def __init__(self, dependencies: CaptureDependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    async def CreateCapture(
        self, request: capture_pb2.CreateCaptureRequest, context: Any
    ) -> capture_pb2.CreateCaptureResponse:
        """Create a capture."""
        owner = rights.caller(Right.CREATE)
        preferences = Preferences()
        if requests.needs_preferences(request.config):
            preferences = await self._dependencies.preferences.of(identity.current())
        described = requests.upload(request.config, preferences)
        self._dependencies.priorities.check(described.priority, context)
        self._dependencies.models.check(described.options.model)
        capture = await self._dependencies.creator.create(
            owner, described, title=request.title, media_type=request.media_type
        )
        return capture_pb2.CreateCaptureResponse(capture=await self._message(capture))

    async def PutChunk(
        self, request: capture_pb2.PutChunkRequest, _context: Any
    ) -> capture_pb2.PutChunkResponse:
        """Store a chunk."""
        owner = rights.caller(Right.CREATE)
        if not relayed():
            # The gateway has counted the bytes that it passes on.
            paid = self._dependencies.rates.charged(
                owner.session_id, current_address(), _once(request.data)
            )
            async for _ in paid:
                pass
        capture = await self._dependencies.reception.put(
            owner,
            NewChunk(
                capture_id=request.capture_id,
                number=request.number,
                starts_stream=request.starts_stream,
                data=request.data,
                announced=request.sha256,
            ),
        )
        return capture_pb2.PutChunkResponse(capture=await self._message(capture))

    async def FinishCapture(
        self, request: capture_pb2.FinishCaptureRequest, _context: Any
    ) -> capture_pb2.FinishCaptureResponse:
        """Finish a capture."""
        workspace_id = rights.workspace(Right.CREATE)
        capture = await self._dependencies.ends.finish(
            workspace_id,
            FinishRequest(
                capture_id=request.capture_id,
                chunk_count=request.chunk_count,
                allow_gaps=request.allow_gaps,
            ),
        )
        return capture_pb2.FinishCaptureResponse(capture=await self._message(capture))

    async def GetCapture(
        self, request: capture_pb2.GetCaptureRequest, _context: Any
    ) -> capture_pb2.GetCaptureResponse:
        """Return a capture."""
        workspace_id = rights.workspace(Right.READ)
        async with self._database.transaction() as connection:
            found = await Captures(connection).find(request.capture_id, workspace_id)
            if found is None:
                raise NotFoundError("There is no such capture.")
            message = await capture_message(connection, found)
        return capture_pb2.GetCaptureResponse(capture=message)

    async def ListCaptures(
        self, _request: capture_pb2.ListCapturesRequest, _context: Any
    ) -> capture_pb2.ListCapturesResponse:
        """List the workspace's captures."""
        workspace_id = rights.workspace(Right.READ)
        async with self._database.transaction() as connection:
            found = await Captures(connection).list_of(workspace_id)
            messages = [await capture_message(connection, capture) for capture in found]
        return capture_pb2.ListCapturesResponse(captures=messages)

    async def DiscardCapture(
        self, request: capture_pb2.DiscardCaptureRequest, _context: Any
    ) -> capture_pb2.DiscardCaptureResponse:
        """Discard a capture."""
        workspace_id = rights.workspace(Right.DELETE)
        await self._dependencies.ends.discard(request.capture_id, workspace_id)
        return capture_pb2.DiscardCaptureResponse()

    async def _message(self, capture: Capture) -> capture_pb2.Capture:
        async with self._database.transaction() as connection:
            return await capture_message(connection, capture)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
