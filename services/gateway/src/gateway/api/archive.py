"""Archive of everything that a session owns, streamed as one ZIP."""

import contextlib
import datetime as dt
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from common import logging, rights
from common.errors import ApplicationError, NotFoundError
from common.export_formats import FORMAT_VALUES
from common.identity import Grant
from common.rights import Right
from common.zip_stream import ZipStream
from gateway.api.parameters import Caller
from gateway.backends import Backends
from gateway.sessions.registry import Clock
from gateway.sessions.session import Session
from gateway.web.endpoint import Endpoint
from gateway.web.rate_limits import ARCHIVE_PATH
from securetranscribe.v1 import (
    export_pb2,
    library_pb2,
    playback_pb2,
    transcription_pb2,
    vocabulary_pb2,
)

MANIFEST = "manifest.json"
VOCABULARY = "vocabulary.csv"
_FORMATS = ("json", "txt")
_COMPRESSED = (*_FORMATS, "csv")
_PAGE = 200
#: A recording may be large and a client slow.
_RECORDING_SECONDS = 6 * 3600.0
_NAME = "securetranscribe-archive.zip"
_ZIP = "application/zip"
_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The archive.",
        "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}},
    }
}
_log = logging.get(__name__)

_Transcription = transcription_pb2.Transcription
_Page = transcription_pb2.ListTranscriptionsResponse


class ArchiveApi:
    """Download of everything in the caller's workspace."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._backends = backends
        self._clock = clock

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definition."""
        return [
            Endpoint(
                method="GET",
                path=ARCHIVE_PATH,
                handler=self.download_archive,
                summary="Download everything",
                tag="Sessions",
                response_class=Response,
                responses=_DOCUMENT,
            )
        ]

    async def download_archive(self, caller: Caller, request: Request) -> Response:
        """Return a ZIP with all kept recordings, transcripts, clips, vocabulary, and a manifest.

        In place of a recording that is not kept any more there is its playback copy, if any.
        The manifest lists the files, and the items that could not be read.
        """
        grant = Grant.copy(caller)
        rights.require(grant, grant.own_role, Right.EXPORT)
        archive = _Archive(self._backends, caller, self._clock())
        # Read the first page before the response starts, so that an outage is an error.
        first = await archive.page("")
        return StreamingResponse(
            () if request.method == "HEAD" else archive.chunks(first),
            media_type=_ZIP,
            headers={"Content-Disposition": f'attachment; filename="{_NAME}"'},
        )


class _Archive:
    """One archive while it is made. A failure of one item does not end it."""

    def __init__(self, backends: Backends, caller: Session, moment: dt.datetime) -> None:
        self._backends = backends
        self._caller = caller
        self._moment = moment
        self._zip = ZipStream(moment=moment)
        self._listed: list[dict[str, Any]] = []
        self._workspace: dict[str, Any] = {"files": [], "problems": []}
        self._folders: dict[int, str] | None = None

    async def page(self, cursor: str) -> _Page:
        """Return a page of the session's transcriptions, without transcripts."""
        request = transcription_pb2.ListTranscriptionsRequest(limit=_PAGE, cursor=cursor)
        service = self._backends.transcriptions
        return await self._backends.ask(service.ListTranscriptions, request, self._caller)

    async def chunks(self, first: _Page) -> AsyncIterator[bytes]:
        """Yield the archive, beginning with the transcriptions of the first page."""
        page: _Page | None = first
        problem = ""
        while page is not None:
            for transcription in page.transcriptions:
                async for chunk in self._transcription(transcription):
                    yield chunk
            try:
                page = await self.page(page.next_cursor) if page.next_cursor else None
            except ApplicationError as error:
                page, problem = None, error.message
        async for chunk in self._member(self._workspace, VOCABULARY, self._vocabulary()):
            yield chunk
        yield self._zip.begin(MANIFEST)
        yield self._zip.write(self._manifest(problem))
        yield self._zip.end()
        yield self._zip.finish()

    async def _transcription(self, transcription: _Transcription) -> AsyncIterator[bytes]:
        folder = str(transcription.transcription_id)
        entry: dict[str, Any] = {
            "transcription_id": transcription.transcription_id,
            "filename": transcription.file.filename,
            "title": transcription.title,
            "folder": await self._folder(transcription.folder_id),
            "tags": [tag.name for tag in transcription.tags],
            "favorite": transcription.favorite,
            "created_at": transcription.create_time.ToJsonString(),
            "status": _status(transcription),
            "recording_kept": transcription.file.available,
            "files": [],
            "problems": [],
        }
        self._listed.append(entry)
        if transcription.file.available:
            name = f"{folder}/recording/{transcription.file.filename}"
            async for chunk in self._member(
                entry, name, self._recording(transcription), size=transcription.file.size_bytes
            ):
                yield chunk
        if transcription.status != transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED:
            return
        for extension in _FORMATS:
            content = self._document(transcription, extension)
            async for chunk in self._member(entry, f"{folder}/transcript.{extension}", content):
                yield chunk
        if not transcription.file.available:
            copy = self._copy(transcription)
            async for chunk in self._member(entry, f"{folder}/playback.webm", copy):
                yield chunk
        for speaker in transcription.speakers:
            label = speaker.speaker_label
            name = f"{folder}/clips/{_plain(label)}.flac"
            async for chunk in self._member(entry, name, self._clip(transcription, label)):
                yield chunk

    async def _member(
        self,
        entry: dict[str, Any],
        name: str,
        content: AsyncGenerator[bytes, None],
        *,
        size: int = 0,
    ) -> AsyncIterator[bytes]:
        """Yield one member. Nothing is added if its content fails before the first bytes."""
        begun = False
        compressed = name.endswith(_COMPRESSED)
        try:
            async for chunk in content:
                if not begun:
                    yield self._zip.begin(name, compressed=compressed, size=size)
                    begun = True
                yield self._zip.write(chunk)
        except ApplicationError as error:
            _log.warning("item missing in an archive", item=name, reason=error.message)
            entry["problems"].append({"file": name, "reason": error.message, "incomplete": begun})
        finally:
            await content.aclose()
        if begun:
            yield self._zip.end()
            entry["files"].append(name)

    async def _recording(self, transcription: _Transcription) -> AsyncGenerator[bytes, None]:
        request = transcription_pb2.DownloadRecordingRequest(
            transcription_id=transcription.transcription_id
        )
        method = self._backends.transcriptions.DownloadRecording
        async for piece in self._backends.read(
            method, request, self._caller, seconds=_RECORDING_SECONDS
        ):
            yield piece.chunk

    async def _copy(self, transcription: _Transcription) -> AsyncGenerator[bytes, None]:
        request = playback_pb2.ReadPlaybackRequest(transcription_id=transcription.transcription_id)
        method = self._backends.playback.ReadPlayback
        # Transcripts of earlier versions have no copy.
        with contextlib.suppress(NotFoundError):
            async for piece in self._backends.read(
                method, request, self._caller, seconds=_RECORDING_SECONDS
            ):
                yield piece.chunk

    async def _document(
        self, transcription: _Transcription, extension: str
    ) -> AsyncGenerator[bytes, None]:
        request = export_pb2.ExportTranscriptionRequest(
            transcription_id=transcription.transcription_id, format=FORMAT_VALUES[extension]
        )
        method = self._backends.exports.ExportTranscription
        async for piece in self._backends.read(method, request, self._caller):
            yield piece.data

    async def _clip(self, transcription: _Transcription, label: str) -> AsyncGenerator[bytes, None]:
        request = transcription_pb2.GetSpeakerClipRequest(
            transcription_id=transcription.transcription_id, speaker_label=label
        )
        method = self._backends.transcriptions.GetSpeakerClip
        # A voice without enough speech has no clip.
        with contextlib.suppress(NotFoundError):
            yield (await self._backends.ask(method, request, self._caller)).data

    async def _vocabulary(self) -> AsyncGenerator[bytes, None]:
        request = vocabulary_pb2.ExportVocabularyRequest()
        method = self._backends.vocabulary.ExportVocabulary
        table = (await self._backends.ask(method, request, self._caller)).csv
        # The first line has the names of the columns.
        if len(table.splitlines()) > 1:
            yield table.encode()

    async def _folder(self, folder_id: int) -> str:
        """Return the path of a folder, empty outside of all folders."""
        if not folder_id:
            return ""
        if self._folders is None:
            try:
                self._folders = await self._folder_paths()
            except ApplicationError as error:
                self._folders = {}
                self._workspace["problems"].append(
                    {"file": "folders", "reason": error.message, "incomplete": True}
                )
        return self._folders.get(folder_id, "")

    async def _folder_paths(self) -> dict[int, str]:
        method = self._backends.library.ListFolders
        answer = await self._backends.ask(method, library_pb2.ListFoldersRequest(), self._caller)
        names = {one.folder_id: one.name for one in answer.folders}
        return {
            one.folder_id: f"{names[one.parent_id]}/{one.name}"
            if one.parent_id in names
            else one.name
            for one in answer.folders
        }

    def _manifest(self, problem: str) -> bytes:
        content = {
            "session_id": self._caller.session_id,
            "created_at": self._moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "complete": not problem
            and not any(entry["problems"] for entry in (self._workspace, *self._listed)),
            "workspace": self._workspace,
            "transcriptions": self._listed,
        }
        if problem:
            content["problem"] = f"Further transcriptions could not be listed: {problem}"
        return json.dumps(content, ensure_ascii=False, indent=2).encode()


def _status(transcription: _Transcription) -> str:
    name = transcription_pb2.TranscriptionStatus.Name(transcription.status)
    return name.removeprefix("TRANSCRIPTION_STATUS_").lower()


def _plain(label: str) -> str:
    """Return a label as the name of a file."""
    return "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in label)
