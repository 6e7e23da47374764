"""Fake of ImportService over real gRPC. Files are read by the real one in other tests."""

import gzip
from typing import Any

from common import identity
from common.errors import NotFoundError, ValidationError
from securetranscribe.v1 import imports_pb2, imports_pb2_grpc
from tests.integration.gateway.fake_transcriber import FakeTranscriber


class FakeImports(imports_pb2_grpc.ImportServiceServicer):
    """Takes everything but the file `bad`."""

    def __init__(self, transcriber: FakeTranscriber) -> None:
        self.requests: list[Any] = []
        self.files: list[bytes] = []
        self._transcriber = transcriber

    async def ImportTranscript(self, request: Any, context: Any) -> Any:
        found = self._transcriber.transcriptions.get(request.transcription_id)
        if found is None or found.session_id != identity.current().session_id:
            raise NotFoundError("There is no such transcription.")
        content = gzip.decompress(request.content)
        if content == b"bad":
            raise ValidationError.of("content", "Line 1: 'bad' is not a time.")
        self.requests.append(request)
        self.files.append(content)
        return imports_pb2.ImportTranscriptResponse(
            revision=2,
            format=imports_pb2.IMPORT_FORMAT_SRT,
            segment_count=3,
            word_count=11,
            kept_word_count=10,
            aligns=True,
            notes=["Left out: 1 comments."],
        )
