"""Speaker profile endpoints."""

from typing import Annotated

from fastapi import Query

from gateway.api.parameters import MAX_OFFSET, Caller, SpeakerId
from gateway.api.speaker_models import (
    DeletedSpeaker,
    SearchBody,
    SpeakerBody,
    SpeakerChange,
    SpeakerData,
    SpeakerStatisticsData,
)
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Paginated, Pagination, Success
from securetranscribe.v1 import speaker_pb2

_TAG = "Speakers"
_MOST_FOUND = 50


class SpeakerApi:
    """Speaker profiles, shared by all sessions of a deployment."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.speakers

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/speakers",
                handler=self.list_speakers,
                summary="List speakers",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/speakers",
                handler=self.create_speaker,
                summary="Create speaker",
                tag=_TAG,
                status=201,
                errors=(409,),
            ),
            Endpoint(
                method="GET",
                path="/speakers/{speaker_id}",
                handler=self.get_speaker,
                summary="Get speaker",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="PUT",
                path="/speakers/{speaker_id}",
                handler=self.update_speaker,
                summary="Update speaker",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path="/speakers/{speaker_id}/statistics",
                handler=self.get_speaker_statistics,
                summary="Get speaker statistics",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/speakers/search",
                handler=self.search_speakers,
                summary="Search speakers",
                tag=_TAG,
            ),
            Endpoint(
                method="DELETE",
                path="/speakers/{speaker_id}",
                handler=self.delete_speaker,
                summary="Delete speaker",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def list_speakers(
        self,
        caller: Caller,
        active_only: Annotated[bool, Query()] = True,
        verified_only: Annotated[bool, Query()] = False,
        page: Annotated[int, Query(ge=1, le=MAX_OFFSET)] = 1,
        per_page: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Paginated[list[SpeakerData]]:
        """List profiles ordered by name."""
        answer = await self._backends.ask(
            self._service.ListSpeakers,
            speaker_pb2.ListSpeakersRequest(
                active_only=active_only,
                verified_only=verified_only,
                page=page,
                page_size=per_page,
            ),
            caller,
        )
        return Paginated[list[SpeakerData]](
            data=[SpeakerData.of(speaker) for speaker in answer.speakers],
            message="Speakers retrieved",
            pagination=Pagination.of(page=page, per_page=per_page, total=answer.total),
        )

    async def create_speaker(self, caller: Caller, body: SpeakerBody) -> Success[SpeakerData]:
        """Create a profile."""
        answer = await self._backends.ask(self._service.CreateSpeaker, body.request(), caller)
        data = SpeakerData.of(answer.speaker)
        return Success[SpeakerData].of(data, "Speaker created successfully")

    async def get_speaker(self, speaker_id: SpeakerId, caller: Caller) -> Success[SpeakerData]:
        """Return one profile."""
        answer = await self._backends.ask(
            self._service.GetSpeaker,
            speaker_pb2.GetSpeakerRequest(speaker_id=speaker_id),
            caller,
        )
        return Success[SpeakerData].of(SpeakerData.of(answer.speaker), "Speaker retrieved")

    async def update_speaker(
        self, speaker_id: SpeakerId, caller: Caller, body: SpeakerChange
    ) -> Success[SpeakerData]:
        """Update a profile."""
        answer = await self._backends.ask(
            self._service.UpdateSpeaker, body.request(speaker_id), caller
        )
        data = SpeakerData.of(answer.speaker)
        return Success[SpeakerData].of(data, "Speaker updated successfully")

    async def get_speaker_statistics(
        self, speaker_id: SpeakerId, caller: Caller
    ) -> Success[SpeakerStatisticsData]:
        """Return statistics of a speaker over all recordings."""
        answer = await self._backends.ask(
            self._service.GetSpeakerStatistics,
            speaker_pb2.GetSpeakerStatisticsRequest(speaker_id=speaker_id),
            caller,
        )
        data = SpeakerStatisticsData.of(answer.statistics)
        return Success[SpeakerStatisticsData].of(data, "Speaker statistics retrieved")

    async def search_speakers(self, caller: Caller, body: SearchBody) -> Success[list[SpeakerData]]:
        """Search profiles by name and description, best match first."""
        answer = await self._backends.ask(
            self._service.SearchSpeakers,
            speaker_pb2.SearchSpeakersRequest(
                query=body.query, active_only=body.active_only, limit=_MOST_FOUND
            ),
            caller,
        )
        found = [SpeakerData.of(speaker) for speaker in answer.speakers]
        return Success[list[SpeakerData]].of(found, "Search completed")

    async def delete_speaker(
        self,
        speaker_id: SpeakerId,
        caller: Caller,
        permanent: Annotated[bool, Query()] = False,
    ) -> Success[DeletedSpeaker]:
        """Deactivate a profile, or with `permanent` delete it and its voice data."""
        await self._backends.ask(
            self._service.DeleteSpeaker,
            speaker_pb2.DeleteSpeakerRequest(speaker_id=speaker_id, permanent=permanent),
            caller,
        )
        said = f"Speaker {'deleted' if permanent else 'deactivated'} successfully"
        data = DeletedSpeaker(message=said, speaker_id=speaker_id, permanent=permanent)
        return Success[DeletedSpeaker].of(data, said)
