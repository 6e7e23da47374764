"""Client of UploadService, and recordings of exact sizes."""

import io
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.client_stream import ClientStream
from common.grpc_client import unwrap
from securetranscribe.v1 import transcription_pb2, upload_pb2, upload_pb2_grpc
from tests.integration.transcriber.conftest import Api

HEADER_BYTES = 44
MEBIBYTE = 1024 * 1024


def recording(size: int) -> bytes:
    """Return a WAV file of `size` bytes."""
    time = np.arange(size - HEADER_BYTES) / 16_000
    samples = (np.sin(time * 2 * np.pi * 220) * 60 + 128).astype(np.uint8)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()[:size]


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """Client of one session."""

    stub: Any
    metadata: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, api: Api, name: str = "a") -> "Uploads":
        """Return the client of a session at an api."""
        return cls(
            stub=upload_pb2_grpc.UploadServiceStub(api.channel),
            metadata=api.caller(name).metadata,
        )

    async def create(self, size: int, **config: Any) -> upload_pb2.Upload:
        """Create an upload."""
        described = {"filename": "talk.wav", "language": "en", "auto_start": False, **config}
        request = upload_pb2.CreateUploadRequest(
            config=transcription_pb2.UploadConfig(size_bytes=size, **described)
        )
        answer = await unwrap(self.stub.CreateUpload(request, metadata=self.metadata))
        upload: upload_pb2.Upload = answer.upload
        return upload

    async def begin(self, upload_id: str, offset: int, **position: Any) -> ClientStream[Any, Any]:
        """Begin an append and return its stream."""
        stream = ClientStream[Any, Any](self.stub.AppendUpload(metadata=self.metadata))
        told = upload_pb2.AppendPosition(upload_id=upload_id, offset_bytes=offset, **position)
        await stream.write(upload_pb2.AppendUploadRequest(position=told))
        return stream

    async def append(
        self, upload_id: str, offset: int, data: bytes, **position: Any
    ) -> upload_pb2.Upload:
        """Append bytes and return the upload."""
        stream = await self.begin(upload_id, offset, **position)
        await send(stream, pieces(data))
        upload: upload_pb2.Upload = (await stream.answer()).upload
        return upload

    async def get(self, upload_id: str) -> upload_pb2.Upload:
        """Return an upload."""
        request = upload_pb2.GetUploadRequest(upload_id=upload_id)
        answer = await unwrap(self.stub.GetUpload(request, metadata=self.metadata))
        upload: upload_pb2.Upload = answer.upload
        return upload

    async def finish(self, upload_id: str) -> upload_pb2.Upload:
        """Finish an upload."""
        request = upload_pb2.FinishUploadRequest(upload_id=upload_id)
        answer = await unwrap(self.stub.FinishUpload(request, metadata=self.metadata))
        upload: upload_pb2.Upload = answer.upload
        return upload

    async def ids(self) -> list[str]:
        """Return the ids of all uploads."""
        call = self.stub.ListUploads(upload_pb2.ListUploadsRequest(), metadata=self.metadata)
        return [upload.upload_id for upload in (await unwrap(call)).uploads]

    async def cancel(self, upload_id: str) -> None:
        """Cancel an upload."""
        request = upload_pb2.CancelUploadRequest(upload_id=upload_id)
        await unwrap(self.stub.CancelUpload(request, metadata=self.metadata))

    async def duplicates(self, sha256: str) -> list[int]:
        """Return transcriptions with the same content."""
        request = upload_pb2.ListDuplicatesRequest(sha256=sha256)
        answer = await unwrap(self.stub.ListDuplicates(request, metadata=self.metadata))
        return list(answer.transcription_ids)


async def send(stream: ClientStream[Any, Any], chunks: Iterable[bytes]) -> None:
    """Send bytes until the server has enough."""
    for chunk in chunks:
        if not await stream.write(upload_pb2.AppendUploadRequest(chunk=chunk)):
            return


def pieces(data: bytes, size: int = 256 * 1024) -> Iterable[bytes]:
    """Yield the data in pieces."""
    return (data[start : start + size] for start in range(0, len(data), size))
