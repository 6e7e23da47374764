"""Fake transcriber over real gRPC, with transcriptions and jobs in memory."""

import asyncio
import datetime as dt
import hashlib
import itertools
from dataclasses import dataclass, field
from typing import Any

from google.api import httpbody_pb2

from common import identity, times
from common.errors import (
    ConflictError,
    NotFoundError,
    ResourceExhaustedError,
    SpeakerError,
    StateError,
    UnavailableError,
)
from securetranscribe.v1 import (
    queue_pb2,
    queue_pb2_grpc,
    session_pb2,
    speech_pb2,
    transcription_pb2,
    transcription_pb2_grpc,
    upload_pb2,
    upload_pb2_grpc,
)
from tests.integration.gateway.sounds import BEGUN, DURATION, check_head

#: Prefix of filenames whose check does not finish before the caller gives up.
GIVEN_UP = "given-up"
_LOOK_SECONDS = 60.0


@dataclass
class StoredUpload:
    """A received upload."""

    config: transcription_pb2.UploadConfig
    size: int = 0
    head: bytes = b""
    largest_chunk: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def amend(self, options: transcription_pb2.UploadOptions) -> None:
        """Apply the options that came after the file."""
        if options.HasField("language"):
            self.config.language = options.language
        if options.HasField("auto_start"):
            self.config.auto_start = options.auto_start
        if options.channels:
            self.config.channels = options.channels
        if options.HasField("diarization"):
            self.config.diarization.CopyFrom(options.diarization)
        if options.HasField("allow_truncated"):
            self.config.allow_truncated = options.allow_truncated
        if options.HasField("voice_memory"):
            self.config.voice_memory = options.voice_memory
        if options.HasField("translate"):
            self.config.translate = options.translate
        if options.phrases:
            self.config.phrases[:] = options.phrases
        if options.HasField("diarize"):
            self.config.diarize = options.diarize
        if options.HasField("priority"):
            self.config.priority = options.priority
        if options.HasField("model"):
            self.config.model = options.model


@dataclass
class FakeTranscriber(
    transcription_pb2_grpc.TranscriptionServiceServicer,
    queue_pb2_grpc.QueueServiceServicer,
    upload_pb2_grpc.UploadServiceServicer,
):
    """Transcriptions and jobs in dictionaries. Jobs never progress by themselves."""

    transcriptions: dict[int, transcription_pb2.Transcription] = field(default_factory=dict)
    jobs: dict[str, queue_pb2.Job] = field(default_factory=dict)
    uploads: dict[int, StoredUpload] = field(default_factory=dict)
    starts: list[transcription_pb2.StartTranscriptionRequest] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    """Filenames of started uploads."""

    known_versions: list[str] = field(default_factory=list)
    """Versions of statuses that callers already had, by call."""

    aborted: list[str] = field(default_factory=list)
    """Filenames of uploads cancelled by the caller."""

    queue_full: bool = False
    partial: transcription_pb2.PartialTranscript | None = None
    """Text of every recording that is being processed."""

    statistics: session_pb2.SessionStatistics = field(default_factory=session_pb2.SessionStatistics)
    revision: int = 3
    """Revision of all transcripts."""

    broken: bool = False
    """Whether recordings cannot be read to their end."""

    erased: list[tuple[str, str]] = field(default_factory=list)
    workspaces: set[str] = field(default_factory=set)
    failure: Exception | None = None
    """Raised by every method if set."""

    upload_delay: float = 0.0
    """Seconds to sleep before processing each chunk of an upload."""

    deletion_delay: float = 0.0
    """Seconds that a deletion takes."""

    undeletable: bool = False
    """Whether deletions fail."""

    go_on: asyncio.Event | None = None
    """If set, queue status calls wait for it. `waiting` counts them."""

    waiting: int = 0

    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def UploadTranscription(self, requests: Any, context: Any) -> Any:
        self._maybe_fail()
        upload: StoredUpload | None = None
        try:
            async for request in requests:
                if request.HasField("config"):
                    upload = StoredUpload(config=request.config)
                    self.begun.append(request.config.filename)
                    continue
                assert upload is not None
                if request.HasField("options"):
                    upload.amend(request.options)
                    continue
                await asyncio.sleep(self.upload_delay)
                if not upload.size:
                    check_head(request.chunk)
                    upload.head = request.chunk[:64]
                upload.size += len(request.chunk)
                upload.digest.update(request.chunk)
                upload.largest_chunk = max(upload.largest_chunk, len(request.chunk))
            assert upload is not None
            if upload.config.filename.startswith(GIVEN_UP):
                # A stream abandoned by the client ends like a complete one. The cancellation
                # arrives a moment later, while the real service is still checking the file.
                await asyncio.sleep(_LOOK_SECONDS)
        except asyncio.CancelledError:
            if upload is not None:
                self.aborted.append(upload.config.filename)
            raise
        for number, earlier in self.uploads.items():
            if upload.config.request_id and earlier.config.request_id == upload.config.request_id:
                return transcription_pb2.UploadTranscriptionResponse(
                    transcription=self.transcriptions[number]
                )
        if upload.config.auto_start:
            self._check_room()
        transcription = self._store(upload)
        response = transcription_pb2.UploadTranscriptionResponse(transcription=transcription)
        if upload.config.auto_start:
            response.job.CopyFrom(self._queue(transcription))
        return response

    async def ListDuplicates(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        return upload_pb2.ListDuplicatesResponse(
            transcription_ids=[
                number
                for number, upload in self.uploads.items()
                if number in self.transcriptions and upload.digest.hexdigest() == request.sha256
            ]
        )

    async def StartTranscription(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        self.starts.append(request)
        transcription = self._own(request.transcription_id)
        if transcription.status == transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING:
            raise ConflictError("The transcription is being processed already.")
        return transcription_pb2.StartTranscriptionResponse(job=self._queue(transcription))

    async def GetTranscription(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        found = self._own(request.transcription_id)
        answer = transcription_pb2.GetTranscriptionResponse(
            transcription=found, version=version_of(found)
        )
        if request.view != transcription_pb2.TRANSCRIPTION_VIEW_FULL:
            answer.transcription.ClearField("full_text")
            answer.transcription.ClearField("segments")
        self.known_versions.append(request.known_version)
        if answer.version and answer.version == request.known_version:
            answer.ClearField("transcription")
        return answer

    async def ListTranscriptions(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        found = [
            transcription
            for transcription in reversed(self.transcriptions.values())
            if transcription.session_id == identity.session_id()
            and request.status in (0, transcription.status)
        ]
        before = int(request.cursor or 2**63)
        rest = [one for one in found if one.transcription_id < before][request.offset :]
        page = rest[: request.limit]
        return transcription_pb2.ListTranscriptionsResponse(
            transcriptions=page,
            total=len(found),
            next_cursor=str(page[-1].transcription_id) if len(rest) > len(page) else "",
        )

    async def DeleteTranscription(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        self._own(request.transcription_id)
        if self.undeletable:
            raise UnavailableError("The object store does not answer.")
        await asyncio.sleep(self.deletion_delay)
        del self.transcriptions[request.transcription_id]
        return transcription_pb2.DeleteTranscriptionResponse()

    async def WatchTranscription(self, request: Any, context: Any) -> Any:
        """Yield each state that differs from the one before, until the job has ended."""
        self._maybe_fail()
        shown = None
        while True:
            current = self._own(request.transcription_id)
            if current.status != shown:
                shown = current.status
                yield transcription_pb2.WatchTranscriptionResponse(
                    transcription=current, partial_transcript=self.partial
                )
            if shown != transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING:
                return
            await asyncio.sleep(0.01)

    async def StreamTranscript(self, request: Any, context: Any) -> Any:
        """Yield a transcription, and its segments one by one."""
        self._maybe_fail()
        current = self._own(request.transcription_id)
        yield transcription_pb2.StreamTranscriptResponse(transcription=current)
        for segment in current.segments:
            yield transcription_pb2.StreamTranscriptResponse(segments=[segment])

    async def AssignSpeakers(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        transcription = self._own(request.transcription_id)
        if transcription.status != transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED:
            raise StateError("The transcription is not complete.")
        if request.revision not in {0, self.revision}:
            raise StateError("Revision 4 changed it.", {"reason": "EDIT_CONFLICT"})
        known = {speaker.name: speaker for speaker in transcription.speakers}
        for label, name in request.names.items():
            if label not in known:
                raise SpeakerError("There is no such speaker.", {"field": label})
            known[label].name = name
        return transcription_pb2.AssignSpeakersResponse(
            transcription=transcription,
            speakers_assigned=len(request.names),
            revision=self.revision,
        )

    async def GetSpeakerClip(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        transcription = self._own(request.transcription_id)
        if transcription.status != transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED:
            raise StateError("The transcription is not complete.")
        if request.speaker_label not in {one.speaker_label for one in transcription.speakers}:
            raise NotFoundError("There is no such speaker in this transcription.")
        return httpbody_pb2.HttpBody(content_type="audio/flac", data=b"fLaC of one voice")

    async def DownloadRecording(self, request: Any, context: Any) -> Any:
        self._own(request.transcription_id)
        yield transcription_pb2.DownloadRecordingResponse(chunk=b"RIFF")
        if self.broken:
            raise UnavailableError("The object store does not answer.")
        yield transcription_pb2.DownloadRecordingResponse(chunk=b" and more")

    async def EraseWorkspace(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        assert identity.current().service == "gateway"
        self.erased.append((request.workspace_id, request.reason))
        return transcription_pb2.EraseWorkspaceResponse(transcriptions=1)

    async def ListWorkspaces(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        found = sorted(found for found in self.workspaces if found > request.after)
        return transcription_pb2.ListWorkspacesResponse(workspace_ids=found[:2])

    async def GetSessionStatistics(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        identity.session_id()
        return transcription_pb2.GetSessionStatisticsResponse(statistics=self.statistics)

    async def GetQueueStatus(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        if self.go_on is not None:
            self.waiting += 1
            await self.go_on.wait()
        waiting = [job for job in self.jobs.values() if job.status == queue_pb2.JOB_STATUS_QUEUED]
        own = [job.queue_position for job in waiting if job.session_id == identity.session_id()]
        return queue_pb2.GetQueueStatusResponse(
            status=queue_pb2.QueueStatus(
                total_jobs=len(self.jobs),
                queued_jobs=len(waiting),
                transcribe_workers=1,
                diarize_workers=2,
                running=True,
                caller_position=min(own, default=0),
                estimated_wait=times.duration(12.5),
                average_processing_duration=times.duration(180.5),
                success_rate_percent=92.0,
                capacity=len(waiting) if self.queue_full else 10_000,
                speech_models=["moonshine-base", "whisper-base"],
            )
        )

    async def GetJob(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        return queue_pb2.GetJobResponse(job=self._own_job(request.job_id))

    async def ListJobs(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        found = [
            job
            for job in reversed(self.jobs.values())
            if job.session_id == identity.session_id() and request.status in (0, job.status)
        ]
        return queue_pb2.ListJobsResponse(
            jobs=found[request.offset : request.offset + request.limit], total=len(found)
        )

    async def UpdateJobPriority(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        job = self._own_job(request.job_id)
        if job.status != queue_pb2.JOB_STATUS_QUEUED:
            raise StateError("The job is no longer queued.")
        job.priority = request.priority
        return queue_pb2.UpdateJobPriorityResponse(job=job)

    async def CancelJob(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        job = self._own_job(request.job_id)
        if job.status not in (queue_pb2.JOB_STATUS_QUEUED, queue_pb2.JOB_STATUS_PROCESSING):
            raise StateError("The job has ended.")
        job.status = queue_pb2.JOB_STATUS_CANCELLED
        job.queue_position = 0
        pending = transcription_pb2.TRANSCRIPTION_STATUS_PENDING
        self.transcriptions[job.transcription_id].status = pending
        return queue_pb2.CancelJobResponse(job=job)

    def complete(self, transcription_id: int) -> None:
        """Mark a transcription as completed."""
        transcription = self.transcriptions[transcription_id]
        transcription.MergeFrom(finished())

    def _maybe_fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _own(self, transcription_id: int) -> transcription_pb2.Transcription:
        transcription = self.transcriptions.get(transcription_id)
        if transcription is None or transcription.session_id != identity.session_id():
            raise NotFoundError("There is no such transcription.")
        return transcription

    def _own_job(self, job_id: str) -> queue_pb2.Job:
        job = self.jobs.get(job_id)
        if job is None or job.session_id != identity.session_id():
            raise NotFoundError("There is no such job.")
        return job

    def _store(self, upload: StoredUpload) -> transcription_pb2.Transcription:
        number = next(self._numbers)
        transcription = transcription_pb2.Transcription(
            transcription_id=number,
            session_id=identity.session_id(),
            file=transcription_pb2.AudioFile(
                filename=upload.config.filename,
                size_bytes=upload.size,
                duration=times.duration(DURATION),
                format=upload.config.filename.rpartition(".")[2] or "wav",
                available=True,
            ),
            status=transcription_pb2.TRANSCRIPTION_STATUS_PENDING,
            current_step="Uploaded",
            create_time=times.timestamp(BEGUN),
            language_requested=upload.config.language,
            channel_plan=plan(upload.config.channels),
        )
        self.transcriptions[number] = transcription
        self.uploads[number] = upload
        return transcription

    def _check_room(self) -> None:
        if self.queue_full:
            raise ResourceExhaustedError(
                "The queue is full. Try again in 42 seconds.", {"retry_after_seconds": "42"}
            )

    def _queue(self, transcription: transcription_pb2.Transcription) -> queue_pb2.Job:
        self._check_room()
        number = len(self.jobs) + 1
        job = queue_pb2.Job(
            id=number,
            job_id=f"job_{number:032x}",
            transcription_id=transcription.transcription_id,
            session_id=transcription.session_id,
            queue_position=number,
            priority=5,
            status=queue_pb2.JOB_STATUS_QUEUED,
            current_step="Waiting",
            create_time=times.timestamp(BEGUN),
            filename=transcription.file.filename,
            file_size_bytes=transcription.file.size_bytes,
            file_duration=transcription.file.duration,
        )
        self.jobs[job.job_id] = job
        transcription.status = transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING
        transcription.job_id = job.job_id
        return job


def plan(mode: "transcription_pb2.ChannelMode.ValueType") -> transcription_pb2.ChannelPlan:
    """Return the plan of a telephone call with one party on each channel."""
    separate = mode != transcription_pb2.CHANNEL_MODE_MIX
    descriptions = ("left channel", "right channel") if separate else ("both channels",)
    return transcription_pb2.ChannelPlan(
        requested=mode,
        decided=(
            transcription_pb2.CHANNEL_MODE_SEPARATE
            if separate
            else transcription_pb2.CHANNEL_MODE_MIX
        ),
        reason="This recording is a test.",
        channels=[
            transcription_pb2.RecordingChannel(number=number, description=description)
            for number, description in enumerate(descriptions, start=1)
        ],
    )


def finished() -> transcription_pb2.Transcription:
    """Return the fields of a completed transcription that an uploaded one lacks."""
    labels = ("Speaker_1", "Speaker_2")
    return transcription_pb2.Transcription(
        status=transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED,
        progress_percent=100.0,
        current_step="Completed",
        start_time=times.timestamp(BEGUN + dt.timedelta(minutes=1)),
        complete_time=times.timestamp(BEGUN + dt.timedelta(minutes=3.5)),
        processing_duration=times.duration(150.5),
        language_detected="en",
        languages=[
            speech_pb2.LanguageSpan(
                start=times.duration(0), end=times.duration(10.4), language="en", probability=0.97
            )
        ],
        confidence=0.95,
        full_text="Hello everyone, welcome.",
        speech_model="base",
        speakers=[
            transcription_pb2.TranscriptSpeaker(
                speaker_label=label,
                name=label,
                segment_count=5,
                total_duration=times.duration(60.2),
                average_confidence=0.94,
                channel=channel,
            )
            for channel, label in enumerate(labels, start=1)
        ],
        segments=[
            transcription_pb2.Segment(
                index=index,
                speaker_label=label,
                speaker_name=label,
                text="Hello everyone, welcome.",
                start=times.duration(index * 5.2),
                end=times.duration(index * 5.2 + 5.2),
                confidence=0.96,
                channel=index + 1,
            )
            for index, label in enumerate(labels)
        ],
    )


def version_of(transcription: transcription_pb2.Transcription) -> str:
    """Return the version of a status, empty while it is processed."""
    if transcription.status == transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING:
        return ""
    return hashlib.sha256(transcription.SerializeToString(deterministic=True)).hexdigest()
