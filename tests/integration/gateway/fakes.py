"""The services behind the gateway, small and in memory, over real gRPC.

They keep to the contracts where the gateway depends on them: who owns what, which error when, and
what an upload stream looks like. Speech is not involved.
"""

# ruff: noqa: N802 - methods are named by the contracts

import asyncio
import datetime as dt
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from google.api import httpbody_pb2
from google.protobuf import any_pb2

from common import identity, times
from common.auth import CallAuthenticator
from common.errors import (
    ApplicationError,
    AudioProcessingError,
    ConflictError,
    ExportError,
    FileUploadError,
    NotFoundError,
    ResourceExhaustedError,
    SpeakerError,
    StateError,
    UnimplementedError,
    ValidationError,
)
from common.grpc_server import GrpcServer
from common.identity import ServiceSigner
from common.settings import ServiceSettings
from securetranscribe.v1 import (
    export_pb2,
    export_pb2_grpc,
    queue_pb2,
    queue_pb2_grpc,
    session_pb2,
    speaker_pb2,
    speaker_pb2_grpc,
    transcription_pb2,
    transcription_pb2_grpc,
)

BEGUN = dt.datetime(2024, 1, 1, 12, 0, tzinfo=dt.UTC)
DURATION = 120.5
NOT_AUDIO = b"NOT AUDIO"
BROKEN_AUDIO = b"BROKEN"


@dataclass
class StoredUpload:
    """What an upload brought."""

    config: transcription_pb2.UploadConfig
    size: int = 0
    head: bytes = b""
    largest_chunk: int = 0


@dataclass
class FakeTranscriber(
    transcription_pb2_grpc.TranscriptionServiceServicer, queue_pb2_grpc.QueueServiceServicer
):
    """Transcriptions and jobs in dictionaries. Nothing happens by itself."""

    transcriptions: dict[int, transcription_pb2.Transcription] = field(default_factory=dict)
    jobs: dict[str, queue_pb2.Job] = field(default_factory=dict)
    uploads: dict[int, StoredUpload] = field(default_factory=dict)
    starts: list[transcription_pb2.StartTranscriptionRequest] = field(default_factory=list)
    aborted: int = 0
    queue_full: bool = False
    statistics: session_pb2.SessionStatistics = field(default_factory=session_pb2.SessionStatistics)
    failure: Exception | None = None
    """Raised by every method when set."""

    upload_delay: float = 0.0
    """Seconds to sleep before each chunk of an upload is taken."""

    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def UploadTranscription(self, requests: Any, context: Any) -> Any:
        self._maybe_fail()
        upload: StoredUpload | None = None
        try:
            async for request in requests:
                if request.HasField("config"):
                    upload = StoredUpload(config=request.config)
                    continue
                assert upload is not None
                await asyncio.sleep(self.upload_delay)
                if not upload.size:
                    _check_head(request.chunk)
                    upload.head = request.chunk[:64]
                upload.size += len(request.chunk)
                upload.largest_chunk = max(upload.largest_chunk, len(request.chunk))
            # A stream that the client gives up ends like a complete one; the cancel comes a moment
            # later, while the real service is still looking at the file.
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        assert upload is not None
        transcription = self._store(upload)
        response = transcription_pb2.UploadTranscriptionResponse(transcription=transcription)
        if upload.config.auto_start:
            response.job.CopyFrom(self._queue(transcription))
        return response

    async def StartTranscription(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        self.starts.append(request)
        transcription = self._own(request.transcription_id)
        if transcription.status == transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING:
            raise ConflictError("The transcription is being processed already.")
        return transcription_pb2.StartTranscriptionResponse(job=self._queue(transcription))

    async def GetTranscription(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        return transcription_pb2.GetTranscriptionResponse(
            transcription=self._own(request.transcription_id)
        )

    async def ListTranscriptions(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        found = [
            transcription
            for transcription in reversed(self.transcriptions.values())
            if transcription.session_id == identity.session_id()
            and request.status in (0, transcription.status)
        ]
        return transcription_pb2.ListTranscriptionsResponse(
            transcriptions=found[request.offset : request.offset + request.limit],
            total=len(found),
        )

    async def DeleteTranscription(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        self._own(request.transcription_id)
        del self.transcriptions[request.transcription_id]
        return transcription_pb2.DeleteTranscriptionResponse()

    async def AssignSpeakers(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        transcription = self._own(request.transcription_id)
        if transcription.status != transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED:
            raise StateError("The transcription is not complete.")
        known = {speaker.name: speaker for speaker in transcription.speakers}
        for label, name in request.names.items():
            if label not in known:
                raise SpeakerError("There is no such speaker.", {"field": label})
            known[label].name = name
        return transcription_pb2.AssignSpeakersResponse(
            transcription=transcription, speakers_assigned=len(request.names)
        )

    async def GetSpeakerClip(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        transcription = self._own(request.transcription_id)
        if transcription.status != transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED:
            raise StateError("The transcription is not complete.")
        if request.speaker_label not in {one.speaker_label for one in transcription.speakers}:
            raise NotFoundError("There is no such speaker in this transcription.")
        return httpbody_pb2.HttpBody(content_type="audio/flac", data=b"fLaC of one voice")

    async def GetSessionStatistics(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
        identity.session_id()
        return transcription_pb2.GetSessionStatisticsResponse(statistics=self.statistics)

    async def GetQueueStatus(self, request: Any, context: Any) -> Any:
        self._maybe_fail()
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
                capacity=50,
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
        """Makes a transcription look finished."""
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
        )
        self.transcriptions[number] = transcription
        self.uploads[number] = upload
        return transcription

    def _queue(self, transcription: transcription_pb2.Transcription) -> queue_pb2.Job:
        if self.queue_full:
            raise ResourceExhaustedError(
                "The queue is full; try again in 42 seconds.", {"retry_after_seconds": "42"}
            )
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


def finished() -> transcription_pb2.Transcription:
    """What a finished transcription has more than an uploaded one."""
    labels = ("Speaker_1", "Speaker_2")
    return transcription_pb2.Transcription(
        status=transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED,
        progress_percent=100.0,
        current_step="Completed",
        start_time=times.timestamp(BEGUN + dt.timedelta(minutes=1)),
        complete_time=times.timestamp(BEGUN + dt.timedelta(minutes=3.5)),
        processing_duration=times.duration(150.5),
        language_detected="en",
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
            )
            for label in labels
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
            )
            for index, label in enumerate(labels)
        ],
    )


def _check_head(chunk: bytes) -> None:
    if chunk.startswith(NOT_AUDIO):
        raise FileUploadError("This is not audio.", {"file_name": "x"})
    if chunk.startswith(BROKEN_AUDIO):
        raise AudioProcessingError("This cannot be decoded.")


@dataclass
class FakeSpeakers(speaker_pb2_grpc.SpeakerServiceServicer):
    """Profiles in a dictionary."""

    speakers: dict[int, speaker_pb2.Speaker] = field(default_factory=dict)
    rows: dict[int, speaker_pb2.Observation] = field(default_factory=dict)
    clips: dict[int, bytes] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def CreateSpeaker(self, request: Any, context: Any) -> Any:
        self._check_name(request.name)
        number = next(self._numbers)
        speaker = speaker_pb2.Speaker(
            speaker_id=number,
            name=request.name,
            display_name=request.name,
            gender=request.gender,
            age_range=request.age_range,
            language=request.language,
            accent=request.accent,
            description=request.description,
            confidence_level=speaker_pb2.CONFIDENCE_LEVEL_VERY_LOW,
            active=True,
            create_time=times.timestamp(BEGUN),
            update_time=times.timestamp(BEGUN),
        )
        self.speakers[number] = speaker
        return speaker_pb2.CreateSpeakerResponse(speaker=speaker)

    async def ListSpeakers(self, request: Any, context: Any) -> Any:
        found = [
            speaker
            for speaker in self.speakers.values()
            if (speaker.active or not request.active_only)
            and (speaker.verified or not request.verified_only)
        ]
        begin = (request.page - 1) * request.page_size
        return speaker_pb2.ListSpeakersResponse(
            speakers=found[begin : begin + request.page_size], total=len(found)
        )

    async def UpdateSpeaker(self, request: Any, context: Any) -> Any:
        speaker = self._get(request.speaker_id)
        if request.HasField("name") and request.name != speaker.name:
            self._check_name(request.name)
        for name in ("name", "gender", "age_range", "language", "accent", "description"):
            if request.HasField(name):
                setattr(speaker, name, getattr(request, name))
        for name in ("verified", "active"):
            if request.HasField(name):
                setattr(speaker, name, getattr(request, name))
        speaker.display_name = speaker.name
        return speaker_pb2.UpdateSpeakerResponse(speaker=speaker)

    async def DeleteSpeaker(self, request: Any, context: Any) -> Any:
        speaker = self._get(request.speaker_id)
        if request.permanent:
            del self.speakers[request.speaker_id]
        elif not speaker.active:
            raise SpeakerError("The speaker is inactive already.")
        else:
            speaker.active = False
        return speaker_pb2.DeleteSpeakerResponse()

    async def GetSpeaker(self, request: Any, context: Any) -> Any:
        return speaker_pb2.GetSpeakerResponse(speaker=self._get(request.speaker_id))

    async def MergeSpeakers(self, request: Any, context: Any) -> Any:
        kept, source = self._get(request.speaker_id), self._get(request.source_speaker_id)
        if kept is source:
            raise SpeakerError("A speaker cannot be merged with itself.")
        for row in self.rows.values():
            if row.speaker_id == source.speaker_id:
                row.speaker_id = kept.speaker_id
        del self.speakers[source.speaker_id]
        return speaker_pb2.MergeSpeakersResponse(speaker=self._counted(kept))

    async def SplitSpeaker(self, request: Any, context: Any) -> Any:
        speaker = self._get(request.speaker_id)
        rows = [self.rows.get(number) for number in request.observation_ids]
        if any(row is None or row.speaker_id != speaker.speaker_id for row in rows):
            raise SpeakerError("Some of these observations are not of this speaker.")
        wanted = speaker_pb2.CreateSpeakerRequest(name=request.name)
        target = (await self.CreateSpeaker(wanted, context)).speaker
        for row in filter(None, rows):
            row.speaker_id = target.speaker_id
        return speaker_pb2.SplitSpeakerResponse(
            speaker=self._counted(speaker), target=self._counted(target)
        )

    async def EnrollSpeaker(self, request: Any, context: Any) -> Any:
        speaker = self._get(request.speaker_id)
        _check_head(request.content)
        self.clips[speaker.speaker_id] = request.content
        row = speaker_pb2.Observation(
            observation_id=next(self._numbers),
            speaker_id=speaker.speaker_id,
            speech_duration=times.duration(6.5),
            decided_by=speaker_pb2.DECISION_SOURCE_ENROLLMENT,
            model="voices",
            create_time=times.timestamp(BEGUN),
            confidence=1.0,
        )
        self.rows[row.observation_id] = row
        return speaker_pb2.EnrollSpeakerResponse(speaker=self._counted(speaker), observation=row)

    async def ListObservations(self, request: Any, context: Any) -> Any:
        self._get(request.speaker_id)
        found = [row for row in self.rows.values() if row.speaker_id == request.speaker_id]
        begin = (request.page - 1) * request.page_size
        return speaker_pb2.ListObservationsResponse(
            observations=found[::-1][begin : begin + request.page_size], total=len(found)
        )

    async def DeleteObservation(self, request: Any, context: Any) -> Any:
        speaker = self._get(request.speaker_id)
        row = self.rows.get(request.observation_id)
        if row is None or row.speaker_id != speaker.speaker_id:
            raise NotFoundError("This speaker has no such observation.")
        del self.rows[request.observation_id]
        return speaker_pb2.DeleteObservationResponse(speaker=self._counted(speaker))

    async def GetProfileClip(self, request: Any, context: Any) -> Any:
        self._get(request.speaker_id)
        if request.speaker_id not in self.clips:
            raise NotFoundError("There is no clip of this speaker.")
        return httpbody_pb2.HttpBody(
            content_type="audio/flac", data=self.clips[request.speaker_id][:64]
        )

    async def GetSpeakerStatistics(self, request: Any, context: Any) -> Any:
        return speaker_pb2.GetSpeakerStatisticsResponse(
            statistics=speaker_pb2.SpeakerStatistics(
                speaker=self._get(request.speaker_id),
                total_transcriptions=15,
                total_audio_duration=times.duration(1800.5),
                average_confidence=0.92,
                high_count=10,
                medium_count=4,
                low_count=1,
            )
        )

    async def SearchSpeakers(self, request: Any, context: Any) -> Any:
        wanted = request.query.lower()
        return speaker_pb2.SearchSpeakersResponse(
            speakers=[
                speaker for speaker in self.speakers.values() if wanted in speaker.name.lower()
            ][: request.limit]
        )

    def _get(self, speaker_id: int) -> speaker_pb2.Speaker:
        if speaker_id not in self.speakers:
            raise NotFoundError("There is no such speaker.")
        return self.speakers[speaker_id]

    def _counted(self, speaker: speaker_pb2.Speaker) -> speaker_pb2.Speaker:
        rows = [row for row in self.rows.values() if row.speaker_id == speaker.speaker_id]
        speaker.sample_count, speaker.has_voice_data = len(rows), bool(rows)
        return speaker

    def _check_name(self, name: str) -> None:
        if any(
            speaker.active and speaker.name.lower() == name.lower()
            for speaker in self.speakers.values()
        ):
            raise ConflictError("A speaker of that name exists.")


@dataclass
class FakeExporter(export_pb2_grpc.ExportServiceServicer):
    """Documents that repeat the request."""

    transcriber: FakeTranscriber
    requests: list[export_pb2.ExportTranscriptionRequest] = field(default_factory=list)
    failure: ApplicationError | None = None

    async def ExportTranscription(
        self, request: Any, context: Any
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        owner = self.transcriber.transcriptions.get(request.transcription_id)
        if owner is None or owner.session_id != identity.session_id():
            raise NotFoundError("There is no such transcription.")
        if owner.status != transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED:
            raise StateError("The transcription is not complete.")
        if request.format == export_pb2.EXPORT_FORMAT_ZIP:
            raise UnimplementedError("Not here.")
        if request.format == export_pb2.EXPORT_FORMAT_RTTM:
            raise ExportError("Rendering failed.")
        name = export_pb2.ExportFormat.Name(request.format).rpartition("_")[2].lower()
        packed = any_pb2.Any()
        packed.Pack(export_pb2.ExportMetadata(filename=f"größe.{name}", content_type="text/plain"))
        kinds = {"pdf": "application/pdf", "json": "application/json", "csv": "text/csv"}
        kind = kinds.get(name, "text/plain")
        yield httpbody_pb2.HttpBody(content_type=kind, data=b"%first ", extensions=[packed])
        yield httpbody_pb2.HttpBody(data=b"second")


class Peers:
    """The three services on ports of their own."""

    def __init__(self, secret_key: str) -> None:
        self.transcriber = FakeTranscriber()  # type: ignore[abstract]
        self.speakers = FakeSpeakers()  # type: ignore[abstract]
        self.exporter = FakeExporter(self.transcriber)  # type: ignore[abstract]
        package = "securetranscribe.v1"
        add_queue = queue_pb2_grpc.add_QueueServiceServicer_to_server
        add_transcriptions = transcription_pb2_grpc.add_TranscriptionServiceServicer_to_server
        add_speakers = speaker_pb2_grpc.add_SpeakerServiceServicer_to_server
        add_exports = export_pb2_grpc.add_ExportServiceServicer_to_server
        self._servers = {
            "transcriber": _server(
                secret_key,
                {
                    f"{package}.TranscriptionService": lambda server: add_transcriptions(
                        self.transcriber, server
                    ),
                    f"{package}.QueueService": lambda server: add_queue(self.transcriber, server),
                },
            ),
            "speakers": _server(
                secret_key,
                {f"{package}.SpeakerService": lambda server: add_speakers(self.speakers, server)},
            ),
            "exporter": _server(
                secret_key,
                {f"{package}.ExportService": lambda server: add_exports(self.exporter, server)},
            ),
        }

    async def start(self) -> None:
        for server in self._servers.values():
            await server.start()
            await server.ready()

    async def stop(self) -> None:
        for server in self._servers.values():
            await server.stop(0.1)

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self._servers[name].port}"


class _NoTokens:
    """The gateway signs its calls; a token would be a surprise."""

    async def authenticate(self, token: str) -> str:
        raise ValidationError("no token was expected")


def _server(secret_key: str, services: Any) -> GrpcServer:
    settings = ServiceSettings(secret_key=secret_key, grpc_port=0)
    authenticator = CallAuthenticator(
        tokens=_NoTokens(), signer=ServiceSigner(secret_key, "fake"), access={}
    )
    return GrpcServer(settings, services=services, authenticator=authenticator)
