"""Endpoints for permanent deletions, merges and splits of profiles that can be undone."""

from typing import Annotated, Literal, Self

from fastapi import Path, Query
from pydantic import Field

from common import times
from gateway.api.parameters import MAX_ID, MAX_OFFSET, Caller
from gateway.api.speaker_models import SpeakerData
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import ApiModel, Moment, Paginated, Pagination, Success
from securetranscribe.v1 import speaker_pb2

_TAG = "Speakers"
TrashId = Annotated[int, Path(ge=1, le=MAX_ID, description="ID of the entry in the trash.")]
TrashKindWord = Literal["deletion", "merge", "split"]
_KINDS: dict[int, TrashKindWord] = {
    speaker_pb2.TRASH_KIND_DELETION: "deletion",
    speaker_pb2.TRASH_KIND_MERGE: "merge",
    speaker_pb2.TRASH_KIND_SPLIT: "split",
}


class TrashedSpeakerData(ApiModel):
    """A permanent deletion, a merge or a split that can be undone."""

    id: int
    kind: TrashKindWord
    speaker_id: int = Field(description="The profile that it was done to.")
    name: str = Field(description="Its name at that time.")
    into_speaker_id: int | None = Field(
        description="The profile that received its observations, null for a deletion."
    )
    into_name: str | None
    observation_count: int
    trashed_at: Moment
    kept_until: Moment

    @classmethod
    def of(cls, entry: speaker_pb2.TrashedSpeaker) -> Self:
        """Convert an entry."""
        return cls(
            id=entry.trash_id,
            kind=_KINDS[entry.kind],
            speaker_id=entry.speaker_id,
            name=entry.name,
            into_speaker_id=entry.into_speaker_id or None,
            into_name=entry.into_name or None,
            observation_count=entry.observation_count,
            trashed_at=times.moment(entry.trash_time),
            kept_until=times.moment(entry.keep_until_time),
        )


class SpeakerTrashApi:
    """Trash of speaker profiles."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.speakers

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions. They go before those with the id of a profile."""
        return [
            Endpoint(
                method="GET",
                path="/speakers/trash",
                handler=self.list_trashed_speakers,
                summary="List deleted, merged and split speakers",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/speakers/trash/{trash_id}/restore",
                handler=self.restore_speaker,
                summary="Restore speaker",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def list_trashed_speakers(
        self,
        caller: Caller,
        page: Annotated[int, Query(ge=1, le=MAX_OFFSET)] = 1,
        per_page: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Paginated[list[TrashedSpeakerData]]:
        """List permanent deletions, merges and splits of the last 30 days, newest first."""
        answer = await self._backends.ask(
            self._service.ListTrashedSpeakers,
            speaker_pb2.ListTrashedSpeakersRequest(page=page, page_size=per_page),
            caller,
        )
        return Paginated[list[TrashedSpeakerData]](
            data=[TrashedSpeakerData.of(entry) for entry in answer.trashed],
            message="Trash retrieved",
            pagination=Pagination.of(page=page, per_page=per_page, total=answer.total),
        )

    async def restore_speaker(self, trash_id: TrashId, caller: Caller) -> Success[SpeakerData]:
        """Undo a permanent deletion, a merge or a split. Returns the profile."""
        answer = await self._backends.ask(
            self._service.RestoreSpeaker,
            speaker_pb2.RestoreSpeakerRequest(trash_id=trash_id),
            caller,
        )
        data = SpeakerData.of(answer.speaker)
        return Success[SpeakerData].of(data, "Speaker restored successfully")
