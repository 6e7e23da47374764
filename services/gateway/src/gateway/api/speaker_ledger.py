"""Endpoints for the ledger of a speaker profile: listing and correcting its observations."""

from typing import Annotated

from fastapi import Path, Query

from gateway.api.parameters import MAX_ID, MAX_OFFSET, Caller, SpeakerId
from gateway.api.speaker_ledger_models import MergeBody, ObservationData, SplitBody, SplitData
from gateway.api.speaker_models import SpeakerData
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Paginated, Pagination, Success
from securetranscribe.v1 import speaker_pb2

_TAG = "Speakers"
ObservationId = Annotated[int, Path(ge=1, le=MAX_ID, description="Observation ID.")]


class SpeakerLedgerApi:
    """Observations of speaker profiles, and merging and splitting of profiles."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.speakers

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="POST",
                path="/speakers/{speaker_id}/merge",
                handler=self.merge_speakers,
                summary="Merge speakers",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/speakers/{speaker_id}/split",
                handler=self.split_speaker,
                summary="Split speaker",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path="/speakers/{speaker_id}/observations",
                handler=self.list_observations,
                summary="List observations",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="DELETE",
                path="/speakers/{speaker_id}/observations/{observation_id}",
                handler=self.delete_observation,
                summary="Delete observation",
                tag=_TAG,
                errors=(404,),
            ),
        ]

    async def merge_speakers(
        self, speaker_id: SpeakerId, caller: Caller, body: MergeBody
    ) -> Success[SpeakerData]:
        """Move all observations of another profile to this one, and delete the other profile."""
        answer = await self._backends.ask(
            self._service.MergeSpeakers,
            speaker_pb2.MergeSpeakersRequest(
                speaker_id=speaker_id, source_speaker_id=body.source_speaker_id
            ),
            caller,
        )
        data = SpeakerData.of(answer.speaker)
        return Success[SpeakerData].of(data, "Speakers merged successfully")

    async def split_speaker(
        self, speaker_id: SpeakerId, caller: Caller, body: SplitBody
    ) -> Success[SplitData]:
        """Move observations, and the voice data learned from them, to the profile with a name.

        The profile is created if it does not exist.
        """
        answer = await self._backends.ask(
            self._service.SplitSpeaker,
            speaker_pb2.SplitSpeakerRequest(
                speaker_id=speaker_id, observation_ids=body.observation_ids, name=body.name
            ),
            caller,
        )
        data = SplitData(
            speaker=SpeakerData.of(answer.speaker), target=SpeakerData.of(answer.target)
        )
        return Success[SplitData].of(data, "Speaker split successfully")

    async def list_observations(
        self,
        speaker_id: SpeakerId,
        caller: Caller,
        page: Annotated[int, Query(ge=1, le=MAX_OFFSET)] = 1,
        per_page: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Paginated[list[ObservationData]]:
        """List the observations of a profile, newest first."""
        answer = await self._backends.ask(
            self._service.ListObservations,
            speaker_pb2.ListObservationsRequest(
                speaker_id=speaker_id, page=page, page_size=per_page
            ),
            caller,
        )
        return Paginated[list[ObservationData]](
            data=[ObservationData.of(row) for row in answer.observations],
            message="Observations retrieved",
            pagination=Pagination.of(page=page, per_page=per_page, total=answer.total),
        )

    async def delete_observation(
        self, speaker_id: SpeakerId, observation_id: ObservationId, caller: Caller
    ) -> Success[SpeakerData]:
        """Delete an observation and the voice data learned from it. Returns the profile."""
        answer = await self._backends.ask(
            self._service.DeleteObservation,
            speaker_pb2.DeleteObservationRequest(
                speaker_id=speaker_id, observation_id=observation_id
            ),
            caller,
        )
        data = SpeakerData.of(answer.speaker)
        return Success[SpeakerData].of(data, "Observation deleted successfully")
