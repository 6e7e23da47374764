"""Creation of captures."""

import secrets
from dataclasses import replace

from common.errors import ResourceExhaustedError, UnavailableError
from common.identity import Owner
from common.postgres import Connection, Database
from transcriber.captures import media_types
from transcriber.domain.live import LiveSound
from transcriber.domain.transcriptions import AudioFile
from transcriber.library.changes import checked_title
from transcriber.queue.admission import Admission
from transcriber.recordings.acceptance import UploadRequest
from transcriber.resumable.encoding import request_to_json
from transcriber.store import locks
from transcriber.store.captures import Capture, Captures
from transcriber.store.library import Titles
from transcriber.store.transcriptions import Transcriptions

#: Captures of one workspace that receive chunks.
MOST_RECEIVING = 100


class CaptureCreator:
    """Creates captures. Wrong descriptions are refused before anything is recorded."""

    def __init__(
        self,
        database: Database,
        admission: Admission,
        *,
        idle_seconds: float,
        voice_memory: bool = True,
    ) -> None:
        """Without `voice_memory`, no recording has it, whatever its request says."""
        self._database = database
        self._admission = admission
        self._idle_seconds = idle_seconds
        self._voice_memory = voice_memory

    async def create(
        self,
        owner: Owner,
        request: UploadRequest,
        *,
        title: str,
        media_type: str,
        live: LiveSound | None = None,
    ) -> Capture:
        """Create a capture. A repeated request id returns the first one.

        That of a `live` session has its transcription from now on.

        Raises:
            ValidationError: the title or the media type is not accepted.
            ResourceExhaustedError: no storage is left, or too many captures are unfinished.
        """
        title, media_type = checked_title(title), media_types.check(media_type)
        async with self._database.transaction() as connection:
            captures = Captures(connection)
            # Two creations with one request id must not both add a capture.
            await locks.acquire(connection, locks.storage_of(owner.workspace_id))
            earlier = None
            if request.request_id is not None:
                earlier = await captures.find_by_request(owner.workspace_id, request.request_id)
            capture_id = earlier or secrets.token_urlsafe(24)
            if earlier is None:
                await self._check(connection, owner)
                await captures.add(
                    owner,
                    capture_id=capture_id,
                    request_id=request.request_id,
                    title=title,
                    media_type=media_type,
                    request=request_to_json(request),
                    origin=self._admission.origin(),
                    idle=self._idle_seconds,
                    live=live,
                )
            capture = await captures.find(capture_id, owner.workspace_id)
            if capture is not None and earlier is None and live is not None:
                await self._add_transcription(connection, capture, request)
        if capture is None:
            raise UnavailableError("The capture of this request_id is being removed. Try again.")
        return capture

    async def _check(self, connection: Connection, owner: Owner) -> None:
        if await Captures(connection).receiving(owner.workspace_id) >= MOST_RECEIVING:
            raise ResourceExhaustedError(
                f"At most {MOST_RECEIVING} of your captures can be unfinished. Finish or discard "
                "one first."
            )
        # Nothing is held for sound of unknown length. This only tells early that there is no room.
        await self._admission.reserve(connection, owner.workspace_id, least=1, most=1)

    async def _add_transcription(
        self, connection: Connection, capture: Capture, request: UploadRequest
    ) -> None:
        extension = media_types.extension_of(capture.media_type) or ""
        file = AudioFile(
            filename=media_types.filename(capture.title, capture.created_at, extension),
            size_bytes=0,
            duration=0.0,
            format=extension,
            codec="",
            sample_rate=0,
            channels=0,
        )
        transcriptions = Transcriptions(connection)
        voice_memory = request.options.voice_memory if self._voice_memory else False
        await transcriptions.add(
            transcription_id=capture.transcription_id,
            owner=capture,
            request_id=request_id(capture),
            file=file,
            source_key=capture.source_key,
            options=replace(request.options, voice_memory=voice_memory),
            channel_plan=None,
            origin=capture.origin,
        )
        await transcriptions.begin_live(capture.transcription_id)
        if capture.title:
            await Titles(connection).give(capture.transcription_id, capture.title)


def request_id(capture: Capture) -> str:
    """Return the idempotency key of a capture's transcription."""
    return f"capture {capture.capture_id}"
