"""Endpoints of captures: recordings that arrive while they are made."""

from typing import Annotated, Any

from fastapi import Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from common import times
from common.errors import StateError, ValidationError
from gateway.api.capture_models import (
    MOST_CHUNKS,
    CaptureBody,
    CaptureData,
    CaptureListData,
    CaptureWord,
    FinishBody,
)
from gateway.api.parameters import Caller, RequestId
from gateway.api.resumable_models import UploadFailureData
from gateway.backends import Backends
from gateway.channel_modes import MODES
from gateway.sessions.session import Session
from gateway.uploads import tus
from gateway.uploads.body import UploadBody
from gateway.uploads.chunk import ChunkBodies
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.missing_chunks import MissingChunksError
from securetranscribe.v1 import capture_pb2, transcription_pb2

_TAG = "Captures"
_WORDS: "dict[capture_pb2.CaptureState.ValueType, CaptureWord]" = {
    capture_pb2.CAPTURE_STATE_RECEIVING: "receiving",
    capture_pb2.CAPTURE_STATE_FINISHING: "finishing",
    capture_pb2.CAPTURE_STATE_COMPLETED: "completed",
    capture_pb2.CAPTURE_STATE_REJECTED: "rejected",
    capture_pb2.CAPTURE_STATE_DISCARDED: "discarded",
}
_NO_CONTENT: dict[int | str, dict[str, Any]] = {204: {"description": "Done."}}
_LATER: dict[int | str, dict[str, Any]] = {
    202: {
        "model": Success[CaptureData],
        "description": "The chunks are being put together. Get the capture until it has ended.",
    }
}
_CHUNK_OPERATION = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_CaptureId = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{32}$", description="Capture ID.")]
_Number = Annotated[
    int,
    Path(ge=0, lt=MOST_CHUNKS, description="Number of the chunk, from 0 over the whole capture."),
]
_StartsStream = Annotated[
    bool,
    Query(
        description="Whether the chunk begins a media stream with a header of its own, because the "
        "recorder was started again. Chunk 0 always does."
    ),
]
_Checksum = Annotated[
    str | None,
    Header(alias="Upload-Checksum", description="`sha256`, and the digest of the body in Base64."),
]


class CaptureApi:
    """Recordings that arrive while they are made."""

    def __init__(self, backends: Backends, bodies: ChunkBodies) -> None:
        self._backends = backends
        self._service = backends.captures
        self._bodies = bodies

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="POST",
                path="/captures",
                handler=self.create_capture,
                summary="Create a capture",
                tag=_TAG,
                status=201,
            ),
            Endpoint(
                method="GET",
                path="/captures",
                handler=self.list_captures,
                summary="List captures",
                tag=_TAG,
            ),
            Endpoint(
                method="GET",
                path="/captures/{capture_id}",
                handler=self.get_capture,
                summary="Get a capture",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="PUT",
                path="/captures/{capture_id}/chunks/{number}",
                handler=self.put_chunk,
                summary="Store a chunk",
                tag=_TAG,
                errors=(404, 409, 413, 460),
                extra=_CHUNK_OPERATION,
            ),
            Endpoint(
                method="POST",
                path="/captures/{capture_id}/finish",
                handler=self.finish_capture,
                summary="Finish a capture",
                tag=_TAG,
                errors=(404, 409),
                responses=_LATER,
            ),
            Endpoint(
                method="DELETE",
                path="/captures/{capture_id}",
                handler=self.discard_capture,
                summary="Discard a capture",
                tag=_TAG,
                status=204,
                errors=(404, 409),
                response_class=Response,
                responses=_NO_CONTENT,
            ),
        ]

    async def create_capture(
        self, body: CaptureBody, caller: Caller, request_id: RequestId
    ) -> Success[CaptureData]:
        """Create a capture, before the first sound is recorded.

        Options are checked now. Each chunk is stored durably before its response is sent.
        """
        request = capture_pb2.CreateCaptureRequest(
            config=_config(body, caller, request_id),
            title=body.title or "",
            media_type=body.media_type,
        )
        answer = await self._backends.ask(self._service.CreateCapture, request, caller)
        return Success[CaptureData].of(_data(answer.capture), "Capture created")

    async def list_captures(self, caller: Caller) -> Success[CaptureListData]:
        """Return unfinished captures, and those that ended within a day."""
        answer = await self._backends.ask(
            self._service.ListCaptures, capture_pb2.ListCapturesRequest(), caller
        )
        data = CaptureListData(captures=[_data(capture) for capture in answer.captures])
        return Success[CaptureListData].of(data, "Captures retrieved")

    async def get_capture(self, capture_id: _CaptureId, caller: Caller) -> Success[CaptureData]:
        """Return a capture, for example to send the missing chunks after a reload."""
        request = capture_pb2.GetCaptureRequest(capture_id=capture_id)
        answer = await self._backends.ask(self._service.GetCapture, request, caller)
        return Success[CaptureData].of(_data(answer.capture), "Capture retrieved")

    async def put_chunk(
        self,
        *,
        request: Request,
        capture_id: _CaptureId,
        number: _Number,
        caller: Caller,
        starts_stream: _StartsStream = False,
        upload_checksum: _Checksum = None,
    ) -> Success[CaptureData]:
        """Store the body, of 1 byte to 3 MiB, as one chunk. Chunks can arrive in any order.

        A repeated chunk with the same bytes is stored once. Once the capture has ended, the
        response is 409 with `details.state`, and with `details.transcription_id` if there is one.
        """
        digest = _digest(upload_checksum)
        data = await self._bodies.read(caller, UploadBody.of(request))
        chunk = capture_pb2.PutChunkRequest(
            capture_id=capture_id,
            number=number,
            starts_stream=starts_stream,
            data=data,
            sha256=digest,
        )
        answer = await self._backends.ask(self._service.PutChunk, chunk, caller)
        return Success[CaptureData].of(_data(answer.capture), "Chunk stored")

    async def finish_capture(
        self, response: Response, capture_id: _CaptureId, body: FinishBody, caller: Caller
    ) -> Success[CaptureData]:
        """Finish a capture and start the recognition.

        If chunks are missing, the response is 409 with their numbers in `details.missing`. It is
        202 if putting the chunks together takes longer than some seconds.
        """
        request = capture_pb2.FinishCaptureRequest(
            capture_id=capture_id, chunk_count=body.chunk_count, allow_gaps=body.allow_gaps
        )
        try:
            answer = await self._backends.ask(self._service.FinishCapture, request, caller)
        except StateError as error:
            if "missing" in error.details:
                raise MissingChunksError(error) from error
            raise
        if answer.capture.state == capture_pb2.CAPTURE_STATE_FINISHING:
            response.status_code = 202
        return Success[CaptureData].of(_data(answer.capture), "Capture finished")

    async def discard_capture(self, capture_id: _CaptureId, caller: Caller) -> Response:
        """Discard a capture with all its sound."""
        request = capture_pb2.DiscardCaptureRequest(capture_id=capture_id)
        await self._backends.ask(self._service.DiscardCapture, request, caller)
        return Response(status_code=204)


def _config(body: CaptureBody, caller: Session, request_id: str) -> transcription_pb2.UploadConfig:
    language = body.language
    if language is None:
        language = caller.preferences.default_language or ""
    return transcription_pb2.UploadConfig(
        language=language,
        auto_start=body.auto_start,
        channels=MODES[body.channels],
        voice_memory=body.voice_memory,
        diarization=body.speaker_numbers().config(),
        request_id=body.request_id or request_id,
        phrases=body.phrases or (),
        diarize=body.diarize,
        model=body.requested_model() or "",
        priority=body.priority,
    )


def _digest(header: str | None) -> bytes:
    announced = tus.checksum(header)
    if announced.algorithm not in ("", "sha256"):
        raise ValidationError.of("Upload-Checksum", "Use sha256.")
    return announced.digest


def _data(capture: capture_pb2.Capture) -> CaptureData:
    failed = capture.failure
    return CaptureData(
        capture_id=capture.capture_id,
        title=capture.title,
        media_type=capture.media_type,
        state=_WORDS[capture.state],
        next_chunk=capture.next_chunk,
        missing=list(capture.missing),
        stored_bytes=capture.stored_bytes,
        created_at=times.moment(capture.create_time),
        idle_until=times.moment(capture.idle_time),
        transcription_id=capture.transcription_id or None,
        job_id=capture.job_id or None,
        error=UploadFailureData(code=failed.code, message=failed.message)
        if capture.HasField("failure")
        else None,
    )
