"""ImportService: imports of existing transcripts."""

import zlib
from typing import Any

from common import languages
from common.errors import ValidationError
from common.rights import Right
from securetranscribe.v1 import imports_pb2, imports_pb2_grpc
from transcriber.api import edit_requests
from transcriber.imports.content import ImportFormat
from transcriber.imports.importer import ImportRequest, TranscriptImporter
from transcriber.imports.reading import MOST_BYTES
from transcriber.sharing.access import TranscriptionAccess

_PREFIX = "IMPORT_FORMAT_"
_FORMATS: "dict[imports_pb2.ImportFormat.ValueType, ImportFormat]" = {
    imports_pb2.ImportFormat.Value(f"{_PREFIX}{item.name}"): item for item in ImportFormat
}
_NUMBERS = {item: number for number, item in _FORMATS.items()}
_GZIP = b"\x1f\x8b"
#: Tells zlib that data begins with a header of gzip.
_WITH_HEADER = 31


class ImportServicer(imports_pb2_grpc.ImportServiceServicer):
    """Serves ImportService. Editors import, as they edit."""

    def __init__(self, importer: TranscriptImporter, access: TranscriptionAccess) -> None:
        self._importer = importer
        self._access = access

    async def ImportTranscript(
        self, request: imports_pb2.ImportTranscriptRequest, _context: Any
    ) -> imports_pb2.ImportTranscriptResponse:
        """Import a file."""
        access = await self._access.find(request.transcription_id, Right.CHANGE)
        made = await self._importer.import_file(
            request.transcription_id, access.workspace_id, access.author, _converted(request)
        )
        return imports_pb2.ImportTranscriptResponse(
            revision=made.revision,
            format=imports_pb2.IMPORT_FORMAT_UNSPECIFIED
            if made.format is None
            else _NUMBERS[made.format],
            segment_count=made.segments,
            word_count=made.words,
            kept_word_count=made.kept,
            aligns=made.aligns,
            notes=made.notes,
        )


def _converted(request: imports_pb2.ImportTranscriptRequest) -> ImportRequest:
    """Convert a request.

    Raises:
        ValidationError: a field is invalid.
    """
    wanted = None
    if request.format != imports_pb2.IMPORT_FORMAT_UNSPECIFIED:
        wanted = _FORMATS.get(request.format)
        if wanted is None:
            raise ValidationError.of("format", f"format must be one of {', '.join(ImportFormat)}.")
    if request.revision < 0:
        raise ValidationError.of("revision", "revision must not be negative.")
    return ImportRequest(
        content=unpacked(request.content),
        format=wanted,
        language=languages.requested(request.language),
        align=request.align if request.HasField("align") else None,
        diarize=request.diarize,
        base=request.revision,
        request_id=edit_requests.request_id(request.request_id),
    )


def unpacked(content: bytes) -> bytes:
    """Return a file that may be compressed by gzip, at most one byte more than is accepted.

    Raises:
        ValidationError: the compressed bytes are damaged.
    """
    if not content.startswith(_GZIP):
        return content
    unpacker = zlib.decompressobj(_WITH_HEADER)
    try:
        plain = unpacker.decompress(content, MOST_BYTES + 1)
    except zlib.error as error:
        raise ValidationError.of("content", "The compressed file is damaged.") from error
    if not unpacker.eof and len(plain) <= MOST_BYTES:
        raise ValidationError.of("content", "The compressed file is not complete.")
    return plain
