"""Clients of the same session over REST and gRPC, with the same calls and errors."""

import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
import grpc.aio

from securetranscribe import AsyncSecureTranscribeClient
from securetranscribe.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    NotFoundError,
)
from securetranscribe.v1 import (
    queue_pb2,
    queue_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
    transcript_pb2,
    transcript_pb2_grpc,
    transcription_pb2,
    transcription_pb2_grpc,
)

_CALL_SECONDS = 60.0
_CHUNK_BYTES = 64 * 1024
_STATES: Mapping[int, str] = {
    queue_pb2.JOB_STATUS_QUEUED: "queued",
    queue_pb2.JOB_STATUS_PROCESSING: "processing",
    queue_pb2.JOB_STATUS_COMPLETED: "completed",
    queue_pb2.JOB_STATUS_FAILED: "failed",
    queue_pb2.JOB_STATUS_CANCELLED: "cancelled",
}


class RefusedError(Exception):
    """The call had no effect."""


class GoneError(RefusedError):
    """The object does not exist."""


class DeniedError(RefusedError):
    """The session was not accepted, although it is valid."""


class LostError(Exception):
    """The call may have had an effect, because there was no answer."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word of a transcript."""

    id: str
    text: str


@dataclass(frozen=True, kw_only=True)
class TranscriptPage:
    """The newest revision of a short transcript."""

    revision: int
    words: tuple[Word, ...]
    names: Mapping[str, str]
    """Display names of speakers by label."""


class Client(Protocol):
    """Calls of one session. They raise RefusedError, GoneError or LostError."""

    name: str

    async def upload(self, recording: bytes, filename: str) -> tuple[int, str]:
        """Upload and start. Return the ids of the transcription and of the job."""
        ...

    async def job_state(self, job_id: str) -> str:
        """Return the state of a job."""
        ...

    async def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        ...

    async def page(self, transcription_id: int) -> TranscriptPage:
        """Return a transcript."""
        ...

    async def replace(
        self, transcription_id: int, word: str, text: str, *, revision: int, request_id: str
    ) -> int:
        """Replace a word of a revision. Return the new revision."""
        ...

    async def name_speaker(self, transcription_id: int, label: str, name: str) -> None:
        """Name a speaker."""
        ...

    async def delete(self, transcription_id: int) -> None:
        """Delete a transcription."""
        ...

    async def search(self, word: str) -> set[int]:
        """Return the transcriptions that have exactly this word."""
        ...


@contextmanager
def rest_errors() -> Iterator[None]:
    """Turn errors of the Python client into those of this module."""
    try:
        yield
    except NotFoundError as error:
        raise GoneError(str(error)) from error
    except AuthenticationError as error:
        raise DeniedError(str(error)) from error
    except ConflictError as error:
        # The first attempt of the same call may still be carried out.
        kind = RefusedError if error.retry_after is None else LostError
        raise kind(str(error)) from error
    except ApiError as error:
        kind = RefusedError if error.status < 500 else LostError
        raise kind(f"{error.status} {error}") from error
    except ConnectionFailedError as error:
        raise LostError(str(error)) from error


@dataclass(kw_only=True)
class RestClient:
    """The documented JSON API, by the Python client with its retries."""

    api: AsyncSecureTranscribeClient
    name: str = "rest"

    async def upload(self, recording: bytes, filename: str) -> tuple[int, str]:
        """Upload as a form."""
        with rest_errors():
            uploaded = await self.api.upload_audio(
                io.BytesIO(recording), filename=filename, auto_start=True, language="en"
            )
        return int(uploaded["transcription_id"]), str(uploaded["job_id"])

    async def job_state(self, job_id: str) -> str:
        """Read the job."""
        with rest_errors():
            return str((await self.api.get_job(job_id))["status"])

    async def cancel(self, job_id: str) -> None:
        """Cancel the job."""
        with rest_errors():
            await self.api.cancel_job(job_id)

    async def page(self, transcription_id: int) -> TranscriptPage:
        """Read the transcript with its words."""
        with rest_errors():
            page = await self.api.read_transcript(transcription_id)
        return TranscriptPage(
            revision=page["revision"],
            words=tuple(
                Word(id=word["id"], text=word["text"])
                for segment in page["segments"]
                for word in segment["words"]
            ),
            names={one["speaker_label"]: one["speaker"] for one in page["segments"]},
        )

    async def replace(
        self, transcription_id: int, word: str, text: str, *, revision: int, request_id: str
    ) -> int:
        """Send a batch with one operation."""
        operation = {"type": "replace_words", "first": word, "last": word, "text": text}
        with rest_errors():
            edited = await self.api.edit_transcript(
                transcription_id, [operation], revision=revision, request_id=request_id
            )
        return int(edited["revision"])

    async def name_speaker(self, transcription_id: int, label: str, name: str) -> None:
        """Assign one name."""
        with rest_errors():
            await self.api.assign_speakers(transcription_id, {label: name})

    async def delete(self, transcription_id: int) -> None:
        """Delete for good."""
        with rest_errors():
            await self.api.delete_transcription(transcription_id)

    async def search(self, word: str) -> set[int]:
        """Search for a phrase."""
        with rest_errors():
            page = await self.api.search_page(f'"{word}"')
        return {hit["transcription_id"] for hit in page["hits"]}


@contextmanager
def grpc_errors() -> Iterator[None]:
    """Turn statuses into errors of this module."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        text = f"{error.code().name}: {error.details()}"
        match error.code():
            case grpc.StatusCode.NOT_FOUND:
                raise GoneError(text) from error
            case grpc.StatusCode.UNAUTHENTICATED:
                raise DeniedError(text) from error
            case (
                grpc.StatusCode.FAILED_PRECONDITION
                | grpc.StatusCode.INVALID_ARGUMENT
                | grpc.StatusCode.RESOURCE_EXHAUSTED
                | grpc.StatusCode.ALREADY_EXISTS
                | grpc.StatusCode.PERMISSION_DENIED
            ):
                raise RefusedError(text) from error
            case _:
                raise LostError(text) from error


@dataclass(kw_only=True)
class GrpcClient:
    """The published contracts, without retries."""

    channel: grpc.aio.Channel
    token: str
    name: str = "grpc"

    def __post_init__(self) -> None:
        """Make the stubs."""
        self._options: dict[str, Any] = {
            "metadata": (("authorization", f"Bearer {self.token}"),),
            "timeout": _CALL_SECONDS,
        }
        self._transcriptions = transcription_pb2_grpc.TranscriptionServiceStub(self.channel)
        self._transcripts = transcript_pb2_grpc.TranscriptServiceStub(self.channel)
        self._search = search_pb2_grpc.SearchServiceStub(self.channel)
        self._queue = queue_pb2_grpc.QueueServiceStub(self.channel)

    async def upload(self, recording: bytes, filename: str) -> tuple[int, str]:
        """Upload as a stream."""

        async def requests() -> AsyncIterator[transcription_pb2.UploadTranscriptionRequest]:
            config = transcription_pb2.UploadConfig(
                filename=filename, language="en", auto_start=True, request_id=filename
            )
            yield transcription_pb2.UploadTranscriptionRequest(config=config)
            for start in range(0, len(recording), _CHUNK_BYTES):
                chunk = recording[start : start + _CHUNK_BYTES]
                yield transcription_pb2.UploadTranscriptionRequest(chunk=chunk)

        with grpc_errors():
            uploaded = await self._transcriptions.UploadTranscription(requests(), **self._options)
        return uploaded.transcription.transcription_id, uploaded.job.job_id

    async def job_state(self, job_id: str) -> str:
        """Read the job."""
        request = queue_pb2.GetJobRequest(job_id=job_id)
        with grpc_errors():
            return _STATES[(await self._queue.GetJob(request, **self._options)).job.status]

    async def cancel(self, job_id: str) -> None:
        """Cancel the job."""
        with grpc_errors():
            await self._queue.CancelJob(queue_pb2.CancelJobRequest(job_id=job_id), **self._options)

    async def page(self, transcription_id: int) -> TranscriptPage:
        """Read the transcript with its words."""
        request = transcript_pb2.ReadTranscriptRequest(
            transcription_id=transcription_id, include_words=True
        )
        with grpc_errors():
            page = await self._transcripts.ReadTranscript(request, **self._options)
        return TranscriptPage(
            revision=page.revision,
            words=tuple(
                Word(id=word.word_id, text=word.text)
                for segment in page.segments
                for word in segment.words
            ),
            names={one.speaker_label: one.speaker_name for one in page.segments},
        )

    async def replace(
        self, transcription_id: int, word: str, text: str, *, revision: int, request_id: str
    ) -> int:
        """Send a batch with one operation."""
        operation = transcript_pb2.EditOperation(
            replace_words=transcript_pb2.ReplaceWords(
                first_word_id=word, last_word_id=word, text=text
            )
        )
        request = transcript_pb2.EditTranscriptRequest(
            transcription_id=transcription_id,
            revision=revision,
            operations=[operation],
            request_id=request_id,
        )
        with grpc_errors():
            return int((await self._transcripts.EditTranscript(request, **self._options)).revision)

    async def name_speaker(self, transcription_id: int, label: str, name: str) -> None:
        """Assign one name."""
        request = transcription_pb2.AssignSpeakersRequest(
            transcription_id=transcription_id, names={label: name}
        )
        with grpc_errors():
            await self._transcriptions.AssignSpeakers(request, **self._options)

    async def delete(self, transcription_id: int) -> None:
        """Delete for good."""
        request = transcription_pb2.DeleteTranscriptionRequest(transcription_id=transcription_id)
        with grpc_errors():
            await self._transcriptions.DeleteTranscription(request, **self._options)

    async def search(self, word: str) -> set[int]:
        """Search for a phrase."""
        with grpc_errors():
            page = await self._search.Search(
                search_pb2.SearchRequest(query=f'"{word}"'), **self._options
            )
        return {hit.transcription_id for hit in page.hits}
