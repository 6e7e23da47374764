"""TranscriptionService: uploads, transcripts, speakers and deletion."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from google.api import httpbody_pb2

from common import identity, rights, sizes
from common.audio.clips import CLIP_TYPE
from common.auth import Access
from common.errors import ConflictError, NotFoundError, StateError, ValidationError
from common.grpc_server import method_names
from common.postgres import Database
from common.rights import Right
from securetranscribe.v1 import transcription_pb2, transcription_pb2_grpc
from transcriber.api import library_requests, requests, responses, watch
from transcriber.api.preferences import Preferences, SessionPreferences
from transcriber.api.priorities import PriorityRule
from transcriber.api.speech_models import SpeechModels
from transcriber.api.watch import ChangeHub
from transcriber.domain.retention import Retention
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import Segment, same_name
from transcriber.names.assignment import SpeakerNames
from transcriber.names.clips import ClipStore
from transcriber.names.rules import as_merged, group_by_name
from transcriber.outbox import messages
from transcriber.queue.job_start import JobStarter
from transcriber.queue.queue_status import QueueMonitor
from transcriber.recordings.acceptance import Uploaded, UploadRequest
from transcriber.recordings.deletion import Deleter
from transcriber.recordings.reading import RecordingReader
from transcriber.recordings.upload import Uploader
from transcriber.recordings.workspaces import WorkspaceEraser
from transcriber.sharing.access import Access as Reached
from transcriber.sharing.access import TranscriptionAccess
from transcriber.store.attribution import voices_of
from transcriber.store.jobs import Jobs
from transcriber.store.listing import Listing
from transcriber.store.status_versions import StatusVersions
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Transcripts
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.shown_text import shown_text
from transcriber.transcripts.stretches import Window

_LARGEST_CHUNK = 1024 * 1024
_BATCH = 200
_MOST_WORKSPACES = 1000
#: Methods reserved for other services. All others require a session.
ACCESS = dict.fromkeys(
    method_names("TranscriptionService", ["EraseWorkspace", "ListWorkspaces"]), Access.SERVICE
)
_UploadRequests = AsyncIterator[transcription_pb2.UploadTranscriptionRequest]


@dataclass(frozen=True, kw_only=True)
class TranscriptionDependencies:
    """Dependencies of the servicer."""

    database: Database
    uploader: Uploader
    starter: JobStarter
    deleter: Deleter
    names: SpeakerNames
    clips: ClipStore
    monitor: QueueMonitor
    hub: ChangeHub
    preferences: SessionPreferences
    retention: Retention
    workspaces: WorkspaceEraser
    recordings: RecordingReader
    priorities: PriorityRule
    models: SpeechModels
    editor: TranscriptEditor
    versions: StatusVersions
    access: TranscriptionAccess


class TranscriptionServicer(transcription_pb2_grpc.TranscriptionServiceServicer):
    """Serves TranscriptionService. Callers see only what their workspace owns or others share."""

    def __init__(self, dependencies: TranscriptionDependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database
        self._retention = dependencies.retention
        self._access = dependencies.access

    async def UploadTranscription(
        self, request_iterator: _UploadRequests, context: Any
    ) -> transcription_pb2.UploadTranscriptionResponse:
        """Store a recording."""
        owner = rights.caller(Right.CREATE)
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("upload") != "config":
            raise ValidationError.of("config", "The first request must describe the upload.")
        preferences = Preferences()
        if requests.needs_preferences(first.config):
            preferences = await self._dependencies.preferences.of(identity.current())
        request = requests.upload(first.config, preferences)
        self._check(request, context)
        body = _Body(request_iterator)

        def amended(described: UploadRequest) -> UploadRequest:
            complete = requests.amended(described, body.options, preferences)
            self._check(complete, context)
            return complete

        chunks = body.chunks()
        uploaded = await self._dependencies.uploader.earlier(owner.workspace_id, request.request_id)
        if uploaded is None:
            uploaded = await self._dependencies.uploader.upload(
                owner, request, chunks, amend=amended
            )
        else:
            async for _ in chunks:
                # A client that repeats an upload expects the server to read it.
                pass
        return await self._uploaded(uploaded)

    async def StartTranscription(
        self, request: transcription_pb2.StartTranscriptionRequest, context: Any
    ) -> transcription_pb2.StartTranscriptionResponse:
        """Queue a transcription."""
        wanted = requests.start(request)
        self._dependencies.priorities.check(wanted.priority, context)
        self._dependencies.models.check(wanted.model)
        owner = await self._access.owner(request.transcription_id, Right.CHANGE)
        job = await self._dependencies.starter.start(request.transcription_id, owner, wanted)
        async with self._database.transaction() as connection:
            snapshot = await self._dependencies.monitor.shown(connection, job.job_id)
        return transcription_pb2.StartTranscriptionResponse(
            job=responses.job(job, snapshot, _now())
        )

    async def GetTranscription(
        self, request: transcription_pb2.GetTranscriptionRequest, _context: Any
    ) -> transcription_pb2.GetTranscriptionResponse:
        """Return one transcription, or only its version if the caller has the current one."""
        access = await self._access.find(request.transcription_id, Right.READ)
        workspace_id = access.workspace_id
        # Read first, so that the transcription is at least as new as its version.
        version = await self._dependencies.versions.find(request.transcription_id, workspace_id)
        if version is None:
            raise NotFoundError("There is no such transcription.")
        if version and version == request.known_version:
            return transcription_pb2.GetTranscriptionResponse(version=version)
        async with self._database.snapshot() as connection:
            found = await Transcriptions(connection).find(request.transcription_id, workspace_id)
            if found is None:
                raise NotFoundError("There is no such transcription.")
            if request.view == transcription_pb2.TRANSCRIPTION_VIEW_FULL:
                segments = []
                if found.transcript_at is not None:
                    segments = await Transcripts(connection).segments(found.id)
                message = responses.full_transcription(found, segments, _now(), self._retention)
                partial = await shown_text(connection, found)
                if partial is not None:
                    message.partial_transcript.CopyFrom(messages.partial_transcript(partial))
            else:
                message = responses.transcription(found, _now(), self._retention)
        if not access.own:
            responses.shared(message)
        return transcription_pb2.GetTranscriptionResponse(transcription=message, version=version)

    async def ListTranscriptions(
        self, request: transcription_pb2.ListTranscriptionsRequest, _context: Any
    ) -> transcription_pb2.ListTranscriptionsResponse:
        """Return a page of the workspace's transcriptions."""
        limit, offset = requests.page(request.limit, request.offset)
        wanted = library_requests.wanted(request.filter, status=request.status)
        sort = library_requests.sort(request.sort)
        after = library_requests.place_of(sort, request.cursor)
        if after and offset:
            raise ValidationError.of("cursor", "cursor cannot be combined with an offset.")
        async with self._database.transaction() as connection:
            page = await Listing(connection, rights.workspace(Right.READ)).page(
                wanted, sort=sort, limit=limit, offset=offset, after=after
            )
            found = await Transcriptions(connection).get_all(page.ids)
        now = _now()
        return transcription_pb2.ListTranscriptionsResponse(
            transcriptions=[responses.transcription(item, now, self._retention) for item in found],
            total=page.total,
            next_cursor=library_requests.cursor_of(sort, page.end),
        )

    async def DeleteTranscription(
        self, request: transcription_pb2.DeleteTranscriptionRequest, _context: Any
    ) -> transcription_pb2.DeleteTranscriptionResponse:
        """Delete a transcription with its results."""
        owner = await self._access.owner(request.transcription_id, Right.DELETE, trashed=True)
        await self._dependencies.deleter.delete(request.transcription_id, owner.workspace_id)
        return transcription_pb2.DeleteTranscriptionResponse()

    async def StreamTranscript(
        self, request: transcription_pb2.StreamTranscriptRequest, _context: Any
    ) -> AsyncIterator[transcription_pb2.StreamTranscriptResponse]:
        """Stream a finished transcript. No transaction stays open between batches."""
        requests.check_revision(request)
        right = Right.EXPORT if request.for_export else Right.READ
        access = await self._access.find(request.transcription_id, right)
        parts = self._access.guarded(
            access, self._transcript(request, access), request.transcription_id, right
        )
        async for part in parts:
            yield part

    async def _transcript(
        self, request: transcription_pb2.StreamTranscriptRequest, access: Reached
    ) -> AsyncIterator[transcription_pb2.StreamTranscriptResponse]:
        async with self._database.snapshot() as connection:
            found = _with_transcript(
                await Transcriptions(connection).find(request.transcription_id, access.workspace_id)
            )
        read = partial(self._batch, found)
        wanted = found.machine_revision if request.machine_version else request.revision
        if wanted not in {0, found.revision}:
            past = await self._dependencies.editor.past(
                found.id,
                found.workspace_id,
                wanted,
                Window(words=request.include_words),
            )
            found = replace(found, revision=wanted, speakers=as_merged(found.speakers, past.merges))
            read = partial(_past_batch, past.segments)
        message = responses.transcription(found, _now(), self._retention)
        yield transcription_pb2.StreamTranscriptResponse(
            transcription=message if access.own else responses.shared(message)
        )
        speakers = group_by_name(found.speakers)
        number = 0
        while batch := await read(number, words=request.include_words):
            yield transcription_pb2.StreamTranscriptResponse(
                segments=responses.transcript(batch, speakers, first=number)
            )
            number += len(batch)

    async def WatchTranscription(
        self, request: transcription_pb2.WatchTranscriptionRequest, _context: Any
    ) -> AsyncIterator[transcription_pb2.WatchTranscriptionResponse]:
        """Stream the state of a transcription."""
        states = watch.states(
            self._database, self._dependencies.hub, request.transcription_id, self._access
        )
        async for state in states:
            message = responses.transcription(state.transcription, _now(), self._retention)
            yield transcription_pb2.WatchTranscriptionResponse(
                transcription=message if state.own else responses.shared(message),
                partial_transcript=None
                if state.partial is None
                else messages.partial_transcript(state.partial),
            )

    async def AssignSpeakers(
        self, request: transcription_pb2.AssignSpeakersRequest, _context: Any
    ) -> transcription_pb2.AssignSpeakersResponse:
        """Assign names to speakers."""
        if request.revision < 0:
            raise ValidationError.of("revision", "revision must not be negative.")
        access = await self._access.find(request.transcription_id, Right.CHANGE)
        assigned = await self._dependencies.names.assign(
            request.transcription_id,
            access.workspace_id,
            dict(request.names),
            base=request.revision,
            author=access.author,
        )
        message = responses.transcription(assigned.transcription, _now(), self._retention)
        return transcription_pb2.AssignSpeakersResponse(
            transcription=message if access.own else responses.shared(message),
            speakers_assigned=len(request.names),
            revision=assigned.revision,
        )

    async def GetSpeakerClip(
        self, request: transcription_pb2.GetSpeakerClipRequest, _context: Any
    ) -> httpbody_pb2.HttpBody:
        """Return a clip of one speaker."""
        access = await self._access.find(request.transcription_id, Right.READ, audio=True)
        async with self._database.transaction() as connection:
            found = _with_transcript(
                await Transcriptions(connection).find(request.transcription_id, access.workspace_id)
            )
            voices = await voices_of(connection, found)
        wanted = same_name(request.speaker_label)
        for speaker in voices:
            if wanted in {same_name(speaker.label), same_name(speaker.display_name)}:
                clip = await self._dependencies.clips.get(found, speaker)
                return httpbody_pb2.HttpBody(content_type=CLIP_TYPE, data=clip)
        raise NotFoundError("There is no such speaker in this transcription.")

    async def DownloadRecording(
        self, request: transcription_pb2.DownloadRecordingRequest, _context: Any
    ) -> AsyncIterator[transcription_pb2.DownloadRecordingResponse]:
        """Stream the recording of a transcription, as long as it is kept."""
        access = await self._access.find(request.transcription_id, Right.READ, audio=True)
        async with self._database.transaction() as connection:
            found = await Transcriptions(connection).find(
                request.transcription_id, access.workspace_id
            )
        if found is None:
            raise NotFoundError("There is no such transcription.")
        chunks = self._access.guarded(
            access,
            self._dependencies.recordings.read(found),
            request.transcription_id,
            Right.READ,
            audio=True,
        )
        async for chunk in chunks:
            yield transcription_pb2.DownloadRecordingResponse(chunk=chunk)

    async def EraseWorkspace(
        self, request: transcription_pb2.EraseWorkspaceRequest, _context: Any
    ) -> transcription_pb2.EraseWorkspaceResponse:
        """Erase everything owned by a workspace."""
        erased = await self._dependencies.workspaces.erase(request.workspace_id, request.reason)
        return transcription_pb2.EraseWorkspaceResponse(transcriptions=erased)

    async def ListWorkspaces(
        self, request: transcription_pb2.ListWorkspacesRequest, _context: Any
    ) -> transcription_pb2.ListWorkspacesResponse:
        """List the workspaces owning transcriptions."""
        if not 0 <= request.limit <= _MOST_WORKSPACES:
            raise ValidationError.of("limit", f"limit must be from 1 to {_MOST_WORKSPACES}.")
        async with self._database.transaction() as connection:
            found = await Transcriptions(connection).workspaces(
                request.after, request.limit or _MOST_WORKSPACES
            )
        return transcription_pb2.ListWorkspacesResponse(workspace_ids=found)

    async def GetSessionStatistics(
        self, _request: transcription_pb2.GetSessionStatisticsRequest, _context: Any
    ) -> transcription_pb2.GetSessionStatisticsResponse:
        """Return statistics of the workspace's jobs."""
        workspace_id = rights.workspace(Right.READ)
        async with self._database.transaction() as connection:
            statistics = await Jobs(connection).statistics(workspace_id)
            snapshot = await self._dependencies.monitor.shown(connection)
        place = snapshot.places.get(workspace_id)
        return transcription_pb2.GetSessionStatisticsResponse(
            statistics=responses.session_statistics(statistics, place.position if place else 0)
        )

    def _check(self, request: UploadRequest, context: Any) -> None:
        self._dependencies.priorities.check(request.priority, context)
        self._dependencies.models.check(request.options.model)

    async def _uploaded(self, uploaded: Uploaded) -> transcription_pb2.UploadTranscriptionResponse:
        now = _now()
        answer = transcription_pb2.UploadTranscriptionResponse(
            transcription=responses.transcription(uploaded.transcription, now, self._retention)
        )
        if uploaded.job is not None:
            async with self._database.transaction() as connection:
                snapshot = await self._dependencies.monitor.shown(connection, uploaded.job.job_id)
            answer.job.CopyFrom(responses.job(uploaded.job, snapshot, now))
        return answer

    async def _batch(self, of: Transcription, first: int, *, words: bool) -> list[Segment]:
        async with self._database.snapshot() as connection:
            transcripts = Transcripts(connection)
            if await transcripts.version(of.id) != (of.transcript_at, of.revision):
                raise ConflictError("The transcript has changed. Read it again.")
            return await transcripts.batch(of.id, words=words, first=first, limit=_BATCH)


async def _past_batch(
    segments: Sequence[Segment],
    first: int,
    *,
    words: bool,  # noqa: ARG001
) -> list[Segment]:
    """Return the next segments of an earlier revision. All have been read already."""
    return list(segments[first : first + _BATCH])


def _with_transcript(found: Transcription | None) -> Transcription:
    if found is None:
        raise NotFoundError("There is no such transcription.")
    if found.transcript_at is None:
        raise StateError("The transcription has no transcript yet.", {"status": found.status})
    return found


class _Body:
    """The requests of an upload after the first."""

    def __init__(self, incoming: _UploadRequests) -> None:
        self._incoming = incoming
        self.options = transcription_pb2.UploadOptions()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the file. The options are known once it is exhausted."""
        ended = False
        async for request in self._incoming:
            kind = request.WhichOneof("upload")
            if ended or kind not in {"chunk", "options"}:
                raise ValidationError.of("chunk", "Requests after the first must carry bytes.")
            if kind == "options":
                self.options = request.options
                ended = True
                continue
            chunk = request.chunk  # each read of the field copies it
            if len(chunk) > _LARGEST_CHUNK:
                raise ValidationError.of(
                    "chunk", f"A request must carry at most {sizes.compact(_LARGEST_CHUNK)}."
                )
            yield chunk


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
