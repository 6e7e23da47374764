"""ReprocessingService: processing recordings again, and conflicts with edits."""

import datetime as dt
from dataclasses import replace
from typing import Any, Literal

from common.errors import ValidationError
from common.postgres import Database
from common.rights import Right
from common.times import duration, timestamp
from securetranscribe.v1 import reprocessing_pb2, reprocessing_pb2_grpc
from transcriber.api import edit_requests, requests, responses
from transcriber.api.priorities import PriorityRule
from transcriber.api.speech_models import SpeechModels
from transcriber.domain.jobs import WORKER_STAGES
from transcriber.editing.conflicts import ConflictKind
from transcriber.queue.job_start import JobStarter, StartRequest
from transcriber.queue.queue_status import QueueMonitor
from transcriber.recordings import sources
from transcriber.sharing.access import TranscriptionAccess
from transcriber.store.conflicts import ListedConflict
from transcriber.store.tasks import Tasks
from transcriber.transcripts.conflict_resolution import MACHINE, MINE, ConflictResolver, Place

#: Options that a request may leave out. Others run only the stages that they change.
_OPTIONS: "tuple[Literal['language', 'diarization', 'phrases', 'diarize', 'model'], ...]" = (
    "language",
    "diarization",
    "phrases",
    "diarize",
    "model",
)
_MOST_CONFLICTS = 1000
_DEFAULT_CONFLICTS = 200
_SIDES = {
    reprocessing_pb2.CONFLICT_SIDE_MINE: MINE,
    reprocessing_pb2.CONFLICT_SIDE_MACHINE: MACHINE,
}
_RESOLVED = {side: number for number, side in _SIDES.items()}
_KINDS = {
    ConflictKind.WORDS: reprocessing_pb2.CONFLICT_KIND_WORDS,
    ConflictKind.REVIEW: reprocessing_pb2.CONFLICT_KIND_REVIEW,
    ConflictKind.STAR: reprocessing_pb2.CONFLICT_KIND_STAR,
    ConflictKind.EDGES: reprocessing_pb2.CONFLICT_KIND_EDGES,
    ConflictKind.NOTE: reprocessing_pb2.CONFLICT_KIND_NOTE,
    ConflictKind.NAME: reprocessing_pb2.CONFLICT_KIND_NAME,
    ConflictKind.SPEAKERS: reprocessing_pb2.CONFLICT_KIND_SPEAKERS,
}


class ReprocessingServicer(reprocessing_pb2_grpc.ReprocessingServiceServicer):
    """Serves ReprocessingService. Only the owning workspace processes a recording again."""

    def __init__(
        self,
        database: Database,
        starter: JobStarter,
        resolver: ConflictResolver,
        priorities: PriorityRule,
        monitor: QueueMonitor,
        *,
        models: SpeechModels,
        access: TranscriptionAccess,
    ) -> None:
        self._database = database
        self._starter = starter
        self._resolver = resolver
        self._priorities = priorities
        self._monitor = monitor
        self._models = models
        self._access = access

    async def ReprocessTranscript(
        self, request: reprocessing_pb2.ReprocessTranscriptRequest, context: Any
    ) -> reprocessing_pb2.ReprocessTranscriptResponse:
        """Queue a job for a recording with a transcript."""
        wanted = _start(request)
        self._priorities.check(wanted.priority, context)
        self._models.check(wanted.model)
        caller = await self._access.owner(request.transcription_id, Right.CHANGE)
        job = await self._starter.start(request.transcription_id, caller, wanted)
        async with self._database.transaction() as connection:
            snapshot = await self._monitor.shown(connection, job.job_id)
            tasks = await Tasks(connection).of_job(job.job_id)
        copied = sources.reads_copy(tasks)
        return reprocessing_pb2.ReprocessTranscriptResponse(
            job=responses.job(job, snapshot, dt.datetime.now(dt.UTC)),
            source=reprocessing_pb2.RECORDING_SOURCE_PLAYBACK
            if copied
            else reprocessing_pb2.RECORDING_SOURCE_ORIGINAL,
        )

    async def ListConflicts(
        self, request: reprocessing_pb2.ListConflictsRequest, _context: Any
    ) -> reprocessing_pb2.ListConflictsResponse:
        """Return a page of conflicts."""
        access = await self._access.find(request.transcription_id, Right.READ)
        if not 0 <= request.limit <= _MOST_CONFLICTS:
            raise ValidationError.of("limit", f"limit must be from 1 to {_MOST_CONFLICTS}.")
        if request.offset < 0:
            raise ValidationError.of("offset", "offset must not be negative.")
        page = await self._resolver.page(
            request.transcription_id,
            access.workspace_id,
            resolved=not request.open_only,
            limit=request.limit or _DEFAULT_CONFLICTS,
            offset=request.offset,
        )
        return reprocessing_pb2.ListConflictsResponse(
            conflicts=[_conflict(item, access.author) for item in page.conflicts],
            total=page.total,
            open=page.open,
        )

    async def ResolveConflict(
        self, request: reprocessing_pb2.ResolveConflictRequest, _context: Any
    ) -> reprocessing_pb2.ResolveConflictResponse:
        """Resolve a conflict."""
        access = await self._access.find(request.transcription_id, Right.CHANGE)
        side = _SIDES.get(request.use)
        if side is None:
            raise ValidationError.of("use", "use must be mine or machine.")
        after, segment = request.after_word_id, request.segment_id
        resolved = await self._resolver.resolve(
            request.transcription_id,
            request.conflict_id,
            access.workspace_id,
            access.author,
            use=side,
            place=Place(
                after=edit_requests.item(after) if after else None,
                segment=edit_requests.item(segment) if segment else None,
            ),
        )
        return reprocessing_pb2.ResolveConflictResponse(
            conflict=_conflict(resolved.conflict, access.author), revision=resolved.revision
        )


def _start(request: reprocessing_pb2.ReprocessTranscriptRequest) -> StartRequest:
    """Convert a request to process a recording again. Without stages and options, all stages run.

    Raises:
        ValidationError: a field is invalid.
    """
    wanted = requests.again(request, requests.stages(request.stages))
    changed = wanted.channels is not None or any(map(request.HasField, _OPTIONS))
    stages = wanted.stages or (frozenset() if changed else frozenset(WORKER_STAGES))
    return replace(wanted, again=True, stages=stages)


def _conflict(listed: ListedConflict, author: str) -> reprocessing_pb2.Conflict:
    conflict = listed.conflict
    return reprocessing_pb2.Conflict(
        conflict_id=listed.conflict_id,
        kind=_KINDS[conflict.kind],
        was=conflict.was,
        mine=conflict.mine,
        machine=conflict.machine,
        start=duration(conflict.start),
        end=duration(conflict.end),
        placed=conflict.placed,
        word_ids=map(str, conflict.written),
        source_revision=conflict.source,
        machine_revision=listed.machine_revision,
        own=listed.author == author,
        resolved=_RESOLVED.get(listed.resolved, reprocessing_pb2.CONFLICT_SIDE_UNSPECIFIED),
        resolve_time=timestamp(listed.resolved_at),
    )
