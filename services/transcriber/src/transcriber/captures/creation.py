"""Creation of captures."""

import secrets

from common.errors import ResourceExhaustedError, UnavailableError
from common.identity import Owner
from common.postgres import Connection, Database
from transcriber.captures import media_types
from transcriber.library.changes import checked_title
from transcriber.queue.admission import Admission
from transcriber.recordings.acceptance import UploadRequest
from transcriber.resumable.encoding import request_to_json
from transcriber.store import locks
from transcriber.store.captures import Capture, Captures

#: Captures of one workspace that receive chunks.
MOST_RECEIVING = 100


class CaptureCreator:
    """Creates captures. Wrong descriptions are refused before anything is recorded."""

    def __init__(self, database: Database, admission: Admission, *, idle_seconds: float) -> None:
        self._database = database
        self._admission = admission
        self._idle_seconds = idle_seconds

    async def create(
        self, owner: Owner, request: UploadRequest, *, title: str, media_type: str
    ) -> Capture:
        """Create a capture. A repeated request id returns the first one.

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
                )
            capture = await captures.find(capture_id, owner.workspace_id)
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
