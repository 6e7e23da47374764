"""Comparison of repeated imports with the first ones, by the digests of their files."""

import hashlib

from common.least_rate import LeastRate
from common.upload_places import UploadPlaces
from gateway.sessions.session import Session
from gateway.uploads.body import FormBudget, UploadBody
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData, PartEvent

_FORM = "multipart/form-data"


class ImportDigest:
    """Digest of the body of an import. The order of the files in a form does not matter."""

    def __init__(self) -> None:
        self._parts = [hashlib.sha256()]
        self.file_bytes = 0

    def take(self, event: PartEvent) -> None:
        """Add the next event of a form."""
        match event:
            case PartBegun():
                self._parts.append(hashlib.sha256(f"{event.name}\n{event.filename}\n".encode()))
            case PartData():
                self.add(event.data)

    def add(self, data: bytes) -> None:
        """Add a piece of a file."""
        self.file_bytes += len(data)
        self._parts[-1].update(data)

    def content(self) -> str:
        """Return the content of the body, to compare repetitions with."""
        parts = sorted(part.hexdigest() for part in self._parts)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class ImportRepetitions:
    """Tells repeated imports from others with the same idempotency key."""

    def __init__(self, *, max_bytes: int, rate: LeastRate, places: UploadPlaces) -> None:
        """`max_bytes` limits all files of an import together."""
        self._max_bytes = max_bytes
        self._rate = rate
        self._places = places

    async def is_same(self, session: Session, body: UploadBody, content: str) -> bool:
        """Read an import, and return whether it is the one with a content.

        One over the limit is another, and is not read to its end.

        Raises:
            ValidationError: the form is malformed.
            FileUploadError: the upload stalled.
            ResourceExhaustedError: too many uploads are in progress.
        """
        digest = ImportDigest()
        with self._places.place(session.session_id, body.address):
            if body.content_type.lower().startswith(_FORM):
                complete = await self._read_form(body, digest)
            else:
                complete = await self._read_file(body, digest)
        return complete and digest.content() == content

    async def _read_form(self, body: UploadBody, digest: ImportDigest) -> bool:
        parser, budget = MultipartStream(body.content_type), FormBudget()
        async for piece in body.arriving(self._rate):
            for event in parser.feed(piece):
                digest.take(event)
            budget.note(piece, file_bytes=digest.file_bytes)
            if digest.file_bytes > self._max_bytes:
                return False
        parser.finish()
        return True

    async def _read_file(self, body: UploadBody, digest: ImportDigest) -> bool:
        async for piece in body.arriving(self._rate):
            digest.add(piece)
            if digest.file_bytes > self._max_bytes:
                return False
        return True
