"""Fake speakers service over real gRPC, with profiles and ledgers in memory."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from google.api import httpbody_pb2

from common import times
from common.errors import (
    AudioProcessingError,
    ConflictError,
    NotFoundError,
    SpeakerError,
    UnavailableError,
)
from securetranscribe.v1 import diarization_pb2, speaker_pb2, speaker_pb2_grpc
from tests.integration.gateway.sounds import BEGUN, check_head


@dataclass
class FakeSpeakers(speaker_pb2_grpc.SpeakerServiceServicer):
    """Profiles and observations in dictionaries."""

    speakers: dict[int, speaker_pb2.Speaker] = field(default_factory=dict)
    rows: dict[int, speaker_pb2.Observation] = field(default_factory=dict)
    clips: dict[int, bytes] = field(default_factory=dict)
    trash: dict[int, speaker_pb2.TrashedSpeaker] = field(default_factory=dict)
    erased: list[str] = field(default_factory=list)
    compared: list[speaker_pb2.MatchVoicesRequest] = field(default_factory=list)
    away: bool = False
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def EraseWorkspaceVoices(self, request: Any, context: Any) -> Any:
        if self.away:
            raise UnavailableError("The database does not answer.")
        self.erased.append(request.workspace_id)
        return speaker_pb2.EraseWorkspaceVoicesResponse(voices=1)

    async def EmbedClip(self, request: Any, context: Any) -> Any:
        if not request.content.startswith((b"RIFF", b"fLaC")):
            raise AudioProcessingError("This is no audio.")
        return speaker_pb2.EmbedClipResponse(
            voiceprint=diarization_pb2.Voiceprint(values=[1.0], model="fake"),
            duration=times.duration(3.0),
        )

    async def MatchVoices(self, request: Any, context: Any) -> Any:
        self.compared.append(request)
        matches = [
            speaker_pb2.ReferenceMatch(speaker_label=voice.speaker_label, reference=number)
            for number, voice in enumerate(request.voices, 1)
            if number <= len(request.references)
        ]
        return speaker_pb2.MatchVoicesResponse(matches=matches)

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

    async def ListTrashedSpeakers(self, request: Any, context: Any) -> Any:
        return speaker_pb2.ListTrashedSpeakersResponse(
            trashed=list(self.trash.values()), total=len(self.trash)
        )

    async def RestoreSpeaker(self, request: Any, context: Any) -> Any:
        entry = self.trash.pop(request.trash_id, None)
        if entry is None:
            raise NotFoundError("There is no such entry in the trash.")
        return speaker_pb2.RestoreSpeakerResponse(speaker=self.speakers[entry.speaker_id])

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
        check_head(request.content)
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
