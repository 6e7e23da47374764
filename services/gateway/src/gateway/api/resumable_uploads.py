"""Endpoints of uploads in pieces: the tus protocol, and the same as JSON."""

from typing import Annotated, Any

from fastapi import Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from common import times
from gateway.api.parameters import Caller, RequestId
from gateway.api.resumable_models import (
    DuplicatesData,
    ResumableData,
    ResumableListData,
    UploadFailureData,
    UploadWord,
)
from gateway.backends import Backends
from gateway.uploads import tus
from gateway.uploads.append import Appends
from gateway.uploads.body import UploadBody
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.problems import failure
from securetranscribe.v1 import upload_pb2

_TAG = "Uploads"
#: Time for an examination that was interrupted.
_FINISH_SECONDS = 180.0
_WORDS: "dict[upload_pb2.UploadState.ValueType, UploadWord]" = {
    upload_pb2.UPLOAD_STATE_RECEIVING: "receiving",
    upload_pb2.UPLOAD_STATE_COMPLETED: "completed",
    upload_pb2.UPLOAD_STATE_REJECTED: "rejected",
}
_NO_CONTENT: dict[int | str, dict[str, Any]] = {204: {"description": "Done."}}
_UploadId = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{32}$", description="Upload ID.")]
_Length = Annotated[str | None, Header(alias="Upload-Length", description="Bytes of the file.")]
_Offset = Annotated[
    str | None, Header(alias="Upload-Offset", description="Offset of the first byte of the body.")
]
_Metadata = Annotated[
    str | None,
    Header(
        alias="Upload-Metadata",
        description="`filename` and the options of the plain upload, each with its value in "
        "Base64, separated by commas.",
    ),
]
_Checksum = Annotated[
    str | None,
    Header(
        alias="Upload-Checksum",
        description="`sha256` or `sha1`, and the digest of the body in Base64.",
    ),
]


class ResumableUploadApi:
    """Uploads in pieces."""

    def __init__(self, backends: Backends, appends: Appends) -> None:
        self._backends = backends
        self._service = backends.resumable
        self._appends = appends

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="POST",
                path="/uploads",
                handler=self.create_upload,
                summary="Create an upload",
                tag=_TAG,
                status=201,
                errors=(409, 412, 413, 423, 460),
            ),
            Endpoint(
                method="GET",
                path="/uploads",
                handler=self.list_uploads,
                summary="List uploads",
                tag=_TAG,
            ),
            Endpoint(
                method="GET",
                path="/uploads/duplicates",
                handler=self.list_duplicates,
                summary="Find recordings uploaded before",
                tag=_TAG,
            ),
            Endpoint(
                method="GET",
                path="/uploads/{upload_id}",
                handler=self.get_upload,
                summary="Get an upload",
                tag=_TAG,
                errors=(404, 409, 412, 413, 423),
            ),
            Endpoint(
                method="PATCH",
                path="/uploads/{upload_id}",
                handler=self.append_upload,
                summary="Append to an upload",
                tag=_TAG,
                status=204,
                errors=(404, 409, 412, 413, 415, 423, 460),
                response_class=Response,
                responses=_NO_CONTENT,
            ),
            Endpoint(
                method="DELETE",
                path="/uploads/{upload_id}",
                handler=self.cancel_upload,
                summary="Cancel an upload",
                tag=_TAG,
                status=204,
                errors=(404, 409, 412),
                response_class=Response,
                responses=_NO_CONTENT,
            ),
        ]

    async def create_upload(
        self,
        *,
        request: Request,
        response: Response,
        caller: Caller,
        request_id: RequestId,
        upload_length: _Length = None,
        upload_metadata: _Metadata = None,
        upload_checksum: _Checksum = None,
    ) -> Success[ResumableData]:
        """Create an upload, with the first bytes if the body has any.

        `Location` is relative to this path. Options are checked before any byte is sent.
        """
        size, checksum = tus.length(upload_length), tus.checksum(upload_checksum)
        pairs = tus.metadata(upload_metadata)
        config = tus.config(size, pairs, caller.preferences, request_id=request_id)
        answer = await self._backends.ask(
            self._service.CreateUpload,
            upload_pb2.CreateUploadRequest(config=config, client_metadata=upload_metadata or ""),
            caller,
        )
        upload = answer.upload
        if _media_type(request) == tus.CONTENT_TYPE:
            position = _position(upload.upload_id, 0, checksum)
            upload = await self._appends.append(caller, position, UploadBody.of(request))
        response.headers.update(tus.headers(upload))
        response.headers["Location"] = f"uploads/{upload.upload_id}"
        return Success[ResumableData].of(_data(upload), "Upload created")

    async def list_uploads(self, caller: Caller) -> Success[ResumableListData]:
        """Return all uploads until they expire. Incomplete ones can go on at their offset."""
        answer = await self._backends.ask(
            self._service.ListUploads, upload_pb2.ListUploadsRequest(), caller
        )
        data = ResumableListData(uploads=[_data(upload) for upload in answer.uploads])
        return Success[ResumableListData].of(data, "Uploads retrieved")

    async def list_duplicates(
        self,
        caller: Caller,
        sha256: Annotated[
            str,
            Query(pattern="^[0-9a-fA-F]{64}$", description="SHA-256 of the file, hexadecimal."),
        ],
    ) -> Success[DuplicatesData]:
        """Return your transcriptions of a file, before it is sent again."""
        request = upload_pb2.ListDuplicatesRequest(sha256=sha256)
        answer = await self._backends.ask(self._service.ListDuplicates, request, caller)
        data = DuplicatesData(
            sha256=sha256.lower(), transcription_ids=list(answer.transcription_ids)
        )
        return Success[DuplicatesData].of(data, "Duplicates retrieved")

    async def get_upload(
        self,
        request: Request,
        response: Response,
        upload_id: _UploadId,
        caller: Caller,
    ) -> Success[ResumableData]:
        """Return an upload. `HEAD` has the same headers, and goes on with an examination.

        With `HEAD`, an upload interrupted after its last byte ends.
        """
        answer = await self._backends.ask(
            self._service.GetUpload, upload_pb2.GetUploadRequest(upload_id=upload_id), caller
        )
        upload = answer.upload
        if request.method == "HEAD" and _is_unfinished(upload):
            finished = await self._backends.ask(
                self._service.FinishUpload,
                upload_pb2.FinishUploadRequest(upload_id=upload_id),
                caller,
                seconds=_FINISH_SECONDS,
            )
            upload = finished.upload
        response.headers.update(tus.headers(upload))
        return Success[ResumableData].of(_data(upload), "Upload retrieved")

    async def append_upload(
        self,
        request: Request,
        upload_id: _UploadId,
        caller: Caller,
        upload_offset: _Offset = None,
        upload_checksum: _Checksum = None,
    ) -> Response:
        """Append the body at the offset of the upload. The last byte ends it.

        Its `Content-Type` is `application/offset+octet-stream`.
        `Transcription-Id` of the last response is the transcription.
        """
        if _media_type(request) != tus.CONTENT_TYPE:
            return failure(415, "UNSUPPORTED_MEDIA_TYPE", f"Send Content-Type: {tus.CONTENT_TYPE}.")
        position = _position(upload_id, tus.offset(upload_offset), tus.checksum(upload_checksum))
        upload = await self._appends.append(caller, position, UploadBody.of(request))
        return Response(status_code=204, headers=tus.headers(upload))

    async def cancel_upload(self, upload_id: _UploadId, caller: Caller) -> Response:
        """Cancel an upload and remove its bytes."""
        request = upload_pb2.CancelUploadRequest(upload_id=upload_id)
        await self._backends.ask(self._service.CancelUpload, request, caller)
        return Response(status_code=204)


def _position(upload_id: str, offset: int, checksum: tus.Checksum) -> upload_pb2.AppendPosition:
    return upload_pb2.AppendPosition(
        upload_id=upload_id,
        offset_bytes=offset,
        checksum_algorithm=checksum.algorithm,
        checksum=checksum.digest,
    )


def _is_unfinished(upload: upload_pb2.Upload) -> bool:
    """Return whether an upload was refused, or was interrupted after its last byte."""
    if upload.state == upload_pb2.UPLOAD_STATE_REJECTED:
        return True
    whole = upload.offset_bytes == upload.size_bytes
    return whole and upload.state == upload_pb2.UPLOAD_STATE_RECEIVING


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _data(upload: upload_pb2.Upload) -> ResumableData:
    failed = upload.failure
    return ResumableData(
        upload_id=upload.upload_id,
        filename=upload.filename,
        size=upload.size_bytes,
        offset=upload.offset_bytes,
        state=_WORDS[upload.state],
        created_at=times.moment(upload.create_time),
        expires_at=times.moment(upload.expire_time),
        transcription_id=upload.transcription_id or None,
        job_id=upload.job_id or None,
        error=UploadFailureData(code=failed.code, message=failed.message)
        if upload.HasField("failure")
        else None,
    )
