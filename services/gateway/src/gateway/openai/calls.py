"""Calls: from the form of a request to its finished transcript."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

from common import logging, rights, times
from common.errors import (
    ApplicationError,
    AudioProcessingError,
    ConflictError,
    NotFoundError,
    ResourceExhaustedError,
    StateError,
    TimedOutError,
    TranscriptionError,
    UnavailableError,
    ValidationError,
)
from common.identity import Grant
from common.least_rate import LeastRate
from common.rights import Right
from common.upload_places import UploadPlaces
from gateway.backends import Backends
from gateway.openai.form import AudioForm
from gateway.openai.known_speakers import KnownVoice, KnownVoices
from gateway.openai.parameters import AudioParameters, Task
from gateway.openai.visitors import Visitor
from gateway.uploads.body import FormBudget, UploadBody
from gateway.uploads.multipart import MultipartStream
from securetranscribe.v1 import queue_pb2, transcription_pb2

#: Longest watch in one piece, in seconds. Jobs may take longer.
_WATCH_SECONDS = 3600.0
_AGAIN_SECONDS = 1.0
_ATTEMPTS = 5
_LEAST_RETRY_SECONDS = 5
#: Without one of them, the recording would be processed in vain, or stay.
_RIGHTS = (Right.CREATE, Right.READ, Right.DELETE)
_REASONS = {
    kind.code: kind for kind in (ValidationError, AudioProcessingError, ResourceExhaustedError)
}
_log = logging.get(__name__)

State = transcription_pb2.WatchTranscriptionResponse


@dataclass(frozen=True, kw_only=True)
class AudioCall:
    """A call with a stored recording and a queued job."""

    visitor: Visitor
    parameters: AudioParameters
    transcription_id: int
    job_id: str
    known_voices: tuple[KnownVoice, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether the transcription is kept after the answer."""
        return self.parameters.store and not self.visitor.guest


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """A finished transcript. Segments have their words.

    `known_names` are the names of speakers with known voices, by label. The `reserved` names are
    all names of the call, also those of people who do not speak.
    """

    transcription: transcription_pb2.Transcription
    segments: tuple[transcription_pb2.Segment, ...]
    known_names: Mapping[str, str] = field(default_factory=dict)
    reserved: frozenset[str] = frozenset()


class AudioCalls:
    """Runs calls by the same uploads, queue and workers as everything else."""

    def __init__(
        self, backends: Backends, *, max_bytes: int, rate: LeastRate, places: UploadPlaces
    ) -> None:
        self._backends = backends
        self._max_bytes = max_bytes
        self._rate = rate
        self._places = places
        self._known_voices = KnownVoices(backends)

    async def begin(self, visitor: Visitor, body: UploadBody, task: Task) -> AudioCall:
        """Store the recording of a form and queue its job.

        Raises:
            AuthorizationError: the caller may not store a recording, read it and delete it.
            ResourceExhaustedError: the queue is full. In both cases the body has not been read.
            ApplicationError: the form, a parameter or the recording is rejected.
        """
        grant = Grant.copy(visitor.session)
        for right in _RIGHTS:
            rights.require(grant, grant.own_role, right)
        await self._check_queue(visitor)
        with self._places.place(visitor.session.session_id, body.address):
            return await self._receive(visitor, body, task)

    async def watch(self, call: AudioCall) -> AsyncGenerator[State, None]:
        """Yield the states of a call's job until it has ended.

        Raises:
            ApplicationError: the job failed or was cancelled.
        """
        request = transcription_pb2.WatchTranscriptionRequest(
            transcription_id=call.transcription_id
        )
        failures = 0
        while True:
            states = self._backends.read(
                self._backends.transcriptions.WatchTranscription,
                request,
                call.visitor.session,
                seconds=_WATCH_SECONDS,
            )
            try:
                async for state in states:
                    failures = 0
                    yield state
                    if _has_ended(state.transcription):
                        _check(state.transcription)
                        return
            except (UnavailableError, TimedOutError) as error:
                # The transcriber restarts, or the watch took its longest time.
                failures += 1
                if failures > _ATTEMPTS:
                    raise
                _log.info("watching a job again", job_id=call.job_id, reason=str(error))
                await asyncio.sleep(_AGAIN_SECONDS * failures)
            finally:
                await states.aclose()

    async def transcript(self, call: AudioCall) -> Transcript:
        """Return the transcript of a call after its job.

        Raises:
            ApplicationError: a service does not respond.
        """
        transcription = transcription_pb2.Transcription()
        segments: list[transcription_pb2.Segment] = []
        pieces = self._backends.read(
            self._backends.transcriptions.StreamTranscript,
            transcription_pb2.StreamTranscriptRequest(
                transcription_id=call.transcription_id, include_words=True
            ),
            call.visitor.session,
        )
        async for piece in pieces:
            if piece.HasField("transcription"):
                transcription = piece.transcription
            segments += piece.segments
        return Transcript(
            transcription=transcription,
            segments=tuple(segments),
            known_names=await self._known_names(call, segments),
            reserved=frozenset(voice.name for voice in call.known_voices),
        )

    async def cancel(self, call: AudioCall) -> None:
        """Cancel the job of a call, unless it has ended."""
        request = queue_pb2.CancelJobRequest(job_id=call.job_id)
        try:
            await self._backends.ask(self._backends.queue.CancelJob, request, call.visitor.session)
        except (StateError, ConflictError, NotFoundError):
            return

    async def erase(self, call: AudioCall) -> None:
        """Delete the transcription of a call with its files. A running job is cancelled first.

        Raises:
            ApplicationError: the transcriber does not respond, even after some attempts.
        """
        request = transcription_pb2.DeleteTranscriptionRequest(
            transcription_id=call.transcription_id
        )
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._backends.ask(
                    self._backends.transcriptions.DeleteTranscription,
                    request,
                    call.visitor.session,
                )
            except NotFoundError:
                return
            except ApplicationError:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(_AGAIN_SECONDS * attempt)
            else:
                return

    async def _known_names(
        self, call: AudioCall, segments: Sequence[transcription_pb2.Segment]
    ) -> Mapping[str, str]:
        if not call.known_voices:
            return {}
        labels = dict.fromkeys(segment.speaker_label for segment in segments)
        return await self._known_voices.names(
            call.known_voices,
            [label for label in labels if label],
            call.transcription_id,
            call.visitor.session,
        )

    async def _check_queue(self, visitor: Visitor) -> None:
        answer = await self._backends.ask(
            self._backends.queue.GetQueueStatus,
            queue_pb2.GetQueueStatusRequest(),
            visitor.session,
        )
        status, quota = answer.status, answer.status.caller_quota
        full = status.capacity and status.queued_jobs >= status.capacity
        used = quota.max_queue_places and quota.queue_places >= quota.max_queue_places
        if full or used:
            seconds = max(_LEAST_RETRY_SECONDS, round(times.seconds(status.estimated_wait)))
            raise ResourceExhaustedError(
                f"The queue is full. Try again in {seconds} seconds.",
                {"retry_after_seconds": str(seconds)},
            )

    async def _receive(self, visitor: Visitor, body: UploadBody, task: Task) -> AudioCall:
        form = AudioForm(
            self._backends,
            visitor,
            body,
            task=task,
            max_bytes=self._max_bytes,
            known_voices=self._known_voices,
        )
        parser = MultipartStream(body.content_type)
        budget = FormBudget()
        try:
            async for piece in body.arriving(self._rate):
                for event in parser.feed(piece):
                    await form.take(event)
                budget.note(piece, file_bytes=form.size)
            parser.finish()
            received = await form.finish()
        except BaseException:
            form.abort()
            raise
        return AudioCall(
            visitor=visitor,
            parameters=received.parameters,
            transcription_id=received.stored.transcription.transcription_id,
            job_id=received.stored.job.job_id,
            known_voices=received.known_voices,
        )


def _has_ended(transcription: transcription_pb2.Transcription) -> bool:
    return transcription.status != transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING


def _check(transcription: transcription_pb2.Transcription) -> None:
    """Raise the reason of a failed or cancelled job."""
    if transcription.status == transcription_pb2.TRANSCRIPTION_STATUS_FAILED:
        failure = transcription.failure
        raise _REASONS.get(failure.code, TranscriptionError)(failure.message)
    if transcription.status != transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED:
        raise ConflictError("The job was cancelled.")
