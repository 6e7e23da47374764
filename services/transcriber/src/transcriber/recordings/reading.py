"""Reading of kept recordings, in chunks."""

import asyncio
from collections.abc import AsyncIterator

from common.errors import NotFoundError, StateError
from common.objects import ObjectStore
from transcriber.domain.transcriptions import Transcription

_CHUNK_BYTES = 512 * 1024


class RecordingReader:
    """Reads recordings from the object store."""

    def __init__(self, objects: ObjectStore, *, bucket: str) -> None:
        self._objects = objects
        self._bucket = bucket

    async def read(self, transcription: Transcription) -> AsyncIterator[bytes]:
        """Yield a recording as it was uploaded.

        Raises:
            NotFoundError: the recording is not kept any more.
            StateError: it is still being made.
        """
        if transcription.is_live:
            raise StateError("The recording is still being made.", {"status": transcription.status})
        if not transcription.source_available:
            raise NotFoundError("The recording was removed.")
        key, size = transcription.source_key, transcription.file.size_bytes
        read = await self._objects.reader(self._bucket, key, size)
        for offset in range(0, size, _CHUNK_BYTES):
            yield await asyncio.to_thread(read, offset, min(_CHUNK_BYTES, size - offset))
