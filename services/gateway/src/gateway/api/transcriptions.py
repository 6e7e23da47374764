"""Transcription endpoints, except upload and export."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Body, Query
from starlette.responses import Response

from common.errors import ValidationError
from gateway.api import transcription_conversion as conversion
from gateway.api.library_filters import SORTS, Cursor, FilterByQuery
from gateway.api.parameters import (
    Caller,
    EmptyIsNone,
    Limit,
    Name,
    Offset,
    RequestId,
    TranscriptionId,
)
from gateway.api.stages import STAGES
from gateway.api.status_reads import StatusReader
from gateway.api.transcription_models import (
    AssignData,
    DeletedTranscription,
    SortWord,
    StartBody,
    StartData,
    StatusData,
    TranscriptionList,
    TranscriptionWord,
)
from gateway.backends import Backends
from gateway.channel_modes import MODES
from gateway.web.direct_reads import STATUS_PATH
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.preconditions import IfMatch, IfNoneMatch, etag, matched_revision
from securetranscribe.v1 import transcription_pb2

_TAG = "Transcription"

WithTranscript = Annotated[
    bool, Query(description="Without it, `full_transcript` is null and `segments` is empty.")
]
WithWords = Annotated[
    bool, Query(description="With it, `segments` have their `words` with times and confidences.")
]


class TranscriptionApi:
    """Starting, status, speaker assignment, listing, and deletion of transcriptions."""

    def __init__(self, backends: Backends, statuses: StatusReader) -> None:
        self._backends = backends
        self._statuses = statuses
        self._service = backends.transcriptions

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="POST",
                path="/transcription/start/{transcription_id}",
                handler=self.start_transcription,
                summary="Start transcription",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path=STATUS_PATH,
                handler=self.get_transcription_status,
                summary="Get transcription status",
                tag=_TAG,
                errors=(404,),
                responses={
                    200: {"model": Success[StatusData]},
                    304: {"description": "The status has the `ETag` in `If-None-Match`."},
                },
            ),
            Endpoint(
                method="POST",
                path="/transcription/speakers/assign/{transcription_id}",
                handler=self.assign_speakers,
                summary="Assign speakers",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path="/transcription/list",
                handler=self.list_transcriptions,
                summary="List transcriptions",
                tag=_TAG,
            ),
            Endpoint(
                method="DELETE",
                path="/transcription/{transcription_id}",
                handler=self.delete_transcription,
                summary="Delete transcription",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def start_transcription(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        request_id: RequestId,
        body: StartBody | None = None,
    ) -> Success[StartData]:
        """Queue an uploaded recording for processing, or stages of a complete one."""
        options = body or StartBody()
        mode = transcription_pb2.CHANNEL_MODE_UNSPECIFIED
        if options.channels is not None:
            mode = MODES[options.channels]
        answer = await self._backends.ask(
            self._service.StartTranscription,
            transcription_pb2.StartTranscriptionRequest(
                transcription_id=transcription_id,
                language=options.language,
                priority=options.priority,
                request_id=request_id,
                stages=[STAGES[name] for name in options.stages],
                channels=mode,
                diarization=options.speaker_numbers().config(),
                phrases=options.phrase_list(),
                diarize=options.diarize,
                model=options.requested_model(),
            ),
            caller,
        )
        said = "Transcription started and added to queue"
        data = StartData(
            job_id=answer.job.job_id,
            transcription_id=transcription_id,
            status=conversion.JOB_STATUS[answer.job.status],
            message=said,
        )
        return Success[StartData].of(data, said)

    async def get_transcription_status(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        *,
        transcript: WithTranscript = True,
        words: WithWords = False,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return the status of a transcription, and its transcript once complete.

        While no job waits or runs, the answer has an `ETag`. With it in `If-None-Match`, the answer
        is 304 until anything in the status changes.
        """
        if words:
            if not transcript:
                raise ValidationError.of("words", "words needs the transcript.")
            return await self._statuses.read_with_words(
                transcription_id, caller, if_none_match=if_none_match or ""
            )
        return await self._statuses.read(
            transcription_id, caller, transcript=transcript, if_none_match=if_none_match or ""
        )

    async def assign_speakers(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        response: Response,
        names: Annotated[Mapping[Name, Name], Body(min_length=1, max_length=200)],
        if_match: IfMatch = None,
    ) -> Success[AssignData]:
        """Assign names to speakers. Keys are labels or current names.

        The names make a revision of the transcript, which can be taken back. With `If-Match`, the
        answer is 409 if one of the names has changed since that revision.
        """
        answer = await self._backends.ask(
            self._service.AssignSpeakers,
            transcription_pb2.AssignSpeakersRequest(
                transcription_id=transcription_id,
                names=dict(names),
                revision=matched_revision(if_match, required=False),
            ),
            caller,
        )
        response.headers["ETag"] = etag(answer.revision)
        return Success[AssignData].of(
            conversion.assign_data(answer), "Speakers assigned successfully"
        )

    async def list_transcriptions(
        self,
        caller: Caller,
        limit: Limit = 50,
        offset: Offset = 0,
        status_filter: Annotated[TranscriptionWord | None, EmptyIsNone, Query()] = None,
        *,
        wanted: FilterByQuery,
        sort: Annotated[SortWord, Query(description="Order.")] = "newest",
        cursor: Cursor = None,
    ) -> Success[TranscriptionList]:
        """List the session's transcriptions, newest first unless another order is given.

        Pages by `cursor` stay in step while transcriptions are added and deleted.
        """
        answer = await self._backends.ask(
            self._service.ListTranscriptions,
            transcription_pb2.ListTranscriptionsRequest(
                status=conversion.STATUS_BY_WORD[status_filter],
                limit=limit,
                offset=offset,
                filter=wanted,
                sort=SORTS[sort],
                cursor=cursor or "",
            ),
            caller,
        )
        data = TranscriptionList(
            transcriptions=[conversion.item(one) for one in answer.transcriptions],
            total=answer.total,
            limit=limit,
            offset=offset,
            next_cursor=answer.next_cursor or None,
        )
        return Success[TranscriptionList].of(data, "Transcriptions retrieved")

    async def delete_transcription(
        self, transcription_id: TranscriptionId, caller: Caller
    ) -> Success[DeletedTranscription]:
        """Delete a transcription and its files. A running job is cancelled first."""
        await self._backends.ask(
            self._service.DeleteTranscription,
            transcription_pb2.DeleteTranscriptionRequest(transcription_id=transcription_id),
            caller,
        )
        said = "Transcription deleted successfully"
        data = DeletedTranscription(message=said, transcription_id=transcription_id)
        return Success[DeletedTranscription].of(data, said)
