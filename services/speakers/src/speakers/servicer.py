"""SpeakerService: protobuf in and out; the books of profiles, decisions and voices behind it."""

from dataclasses import dataclass
from typing import Any

from google.api import httpbody_pb2

from common import identity
from common.auth import Access
from common.grpc_server import method_names
from securetranscribe.v1 import speaker_pb2, speaker_pb2_grpc
from speakers import conversion
from speakers.decisions import DecisionBook
from speakers.domain.profile import Page
from speakers.enrollment import Enrolment
from speakers.ledger import Ledger
from speakers.profiles import ProfileBook, request_key
from speakers.recognition import Recogniser

#: What only other services may call; everything else asks for a session.
ACCESS = dict.fromkeys(
    method_names("SpeakerService", ["RecognizeVoices", "SetVoiceDecisions"]), Access.SERVICE
)


@dataclass(frozen=True, kw_only=True)
class SpeakerBooks:
    """What the service works with."""

    profiles: ProfileBook
    decisions: DecisionBook
    ledger: Ledger
    enrolment: Enrolment
    recogniser: Recogniser


class SpeakerServicer(speaker_pb2_grpc.SpeakerServiceServicer):
    """The service as the gateway, the transcriber and native clients call it."""

    def __init__(self, books: SpeakerBooks) -> None:
        self._books = books

    async def CreateSpeaker(  # noqa: N802 - the name is the contract's
        self, request: speaker_pb2.CreateSpeakerRequest, _context: Any
    ) -> speaker_pb2.CreateSpeakerResponse:
        """Creates a profile."""
        key = request_key(_caller(), request.request_id)
        profile = await self._books.profiles.create(conversion.description_of(request), key)
        return speaker_pb2.CreateSpeakerResponse(speaker=conversion.speaker(profile))

    async def GetSpeaker(  # noqa: N802
        self, request: speaker_pb2.GetSpeakerRequest, _context: Any
    ) -> speaker_pb2.GetSpeakerResponse:
        """Returns one profile."""
        profile = await self._books.profiles.get(request.speaker_id)
        return speaker_pb2.GetSpeakerResponse(speaker=conversion.speaker(profile))

    async def ListSpeakers(  # noqa: N802
        self, request: speaker_pb2.ListSpeakersRequest, _context: Any
    ) -> speaker_pb2.ListSpeakersResponse:
        """Lists profiles in order of name."""
        profiles, total = await self._books.profiles.page(
            active_only=request.active_only if request.HasField("active_only") else True,
            verified_only=request.verified_only,
            page=Page.of(request.page, request.page_size),
        )
        return speaker_pb2.ListSpeakersResponse(
            speakers=map(conversion.speaker, profiles), total=total
        )

    async def UpdateSpeaker(  # noqa: N802
        self, request: speaker_pb2.UpdateSpeakerRequest, _context: Any
    ) -> speaker_pb2.UpdateSpeakerResponse:
        """Changes a profile."""
        profile = await self._books.profiles.update(
            request.speaker_id, conversion.changes_of(request)
        )
        return speaker_pb2.UpdateSpeakerResponse(speaker=conversion.speaker(profile))

    async def DeleteSpeaker(  # noqa: N802
        self, request: speaker_pb2.DeleteSpeakerRequest, _context: Any
    ) -> speaker_pb2.DeleteSpeakerResponse:
        """Deactivates a profile or deletes it for good."""
        await self._books.profiles.delete(request.speaker_id, permanent=request.permanent)
        return speaker_pb2.DeleteSpeakerResponse()

    async def GetSpeakerStatistics(  # noqa: N802
        self, request: speaker_pb2.GetSpeakerStatisticsRequest, _context: Any
    ) -> speaker_pb2.GetSpeakerStatisticsResponse:
        """Returns figures over the recordings of a speaker."""
        figures = await self._books.profiles.statistics(request.speaker_id)
        return speaker_pb2.GetSpeakerStatisticsResponse(statistics=conversion.statistics(figures))

    async def SearchSpeakers(  # noqa: N802
        self, request: speaker_pb2.SearchSpeakersRequest, _context: Any
    ) -> speaker_pb2.SearchSpeakersResponse:
        """Finds profiles by words of name or description."""
        profiles = await self._books.profiles.search(
            request.query,
            active_only=request.active_only if request.HasField("active_only") else True,
            limit=request.limit,
        )
        return speaker_pb2.SearchSpeakersResponse(speakers=map(conversion.speaker, profiles))

    async def SearchVoices(  # noqa: N802
        self, request: speaker_pb2.SearchVoicesRequest, _context: Any
    ) -> speaker_pb2.SearchVoicesResponse:
        """Finds the profiles whose voice is nearest to a voiceprint."""
        voiceprint = conversion.voiceprint_of(request.voiceprint)
        found = await self._books.recogniser.search(voiceprint, request.limit)
        return speaker_pb2.SearchVoicesResponse(candidates=map(conversion.voice_candidate, found))

    async def MergeSpeakers(  # noqa: N802
        self, request: speaker_pb2.MergeSpeakersRequest, _context: Any
    ) -> speaker_pb2.MergeSpeakersResponse:
        """Moves all observations of one profile to another."""
        profile = await self._books.ledger.merge(request.speaker_id, request.source_speaker_id)
        return speaker_pb2.MergeSpeakersResponse(speaker=conversion.speaker(profile))

    async def SplitSpeaker(  # noqa: N802
        self, request: speaker_pb2.SplitSpeakerRequest, _context: Any
    ) -> speaker_pb2.SplitSpeakerResponse:
        """Moves some observations of a profile to another."""
        profile, target = await self._books.ledger.split(
            request.speaker_id, request.observation_ids, request.name
        )
        return speaker_pb2.SplitSpeakerResponse(
            speaker=conversion.speaker(profile), target=conversion.speaker(target)
        )

    async def EnrollSpeaker(  # noqa: N802
        self, request: speaker_pb2.EnrollSpeakerRequest, _context: Any
    ) -> speaker_pb2.EnrollSpeakerResponse:
        """Teaches a profile from a clip."""
        profile, observation = await self._books.enrolment.enroll(
            request.speaker_id,
            request.content,
            session_id=identity.current().session_id,
            request_key=request_key(_caller(), request.request_id),
        )
        return speaker_pb2.EnrollSpeakerResponse(
            speaker=conversion.speaker(profile), observation=conversion.observation(observation)
        )

    async def ListObservations(  # noqa: N802
        self, request: speaker_pb2.ListObservationsRequest, _context: Any
    ) -> speaker_pb2.ListObservationsResponse:
        """Lists the ledger of a profile, newest first."""
        rows, total = await self._books.ledger.page(
            request.speaker_id, Page.of(request.page, request.page_size)
        )
        return speaker_pb2.ListObservationsResponse(
            observations=map(conversion.observation, rows), total=total
        )

    async def DeleteObservation(  # noqa: N802
        self, request: speaker_pb2.DeleteObservationRequest, _context: Any
    ) -> speaker_pb2.DeleteObservationResponse:
        """Removes one observation and what was learnt from it."""
        profile = await self._books.ledger.remove(request.speaker_id, request.observation_id)
        return speaker_pb2.DeleteObservationResponse(speaker=conversion.speaker(profile))

    async def GetProfileClip(  # noqa: N802
        self, request: speaker_pb2.GetProfileClipRequest, _context: Any
    ) -> httpbody_pb2.HttpBody:
        """Returns a short clip of the profile's voice."""
        clip = await self._books.ledger.clip(request.speaker_id, identity.current().session_id)
        return conversion.body(clip)

    async def RecognizeVoices(  # noqa: N802
        self, request: speaker_pb2.RecognizeVoicesRequest, _context: Any
    ) -> speaker_pb2.RecognizeVoicesResponse:
        """Names the speakers of one recording whose voices are known."""
        results = await self._books.recogniser.recognise(
            request.transcription_id, [conversion.voice_of(voice) for voice in request.voices]
        )
        return speaker_pb2.RecognizeVoicesResponse(matches=map(conversion.voice_match, results))

    async def SetVoiceDecisions(  # noqa: N802
        self, request: speaker_pb2.SetVoiceDecisionsRequest, _context: Any
    ) -> speaker_pb2.SetVoiceDecisionsResponse:
        """Replaces all that was decided about the voices of one recording."""
        links = await self._books.decisions.replace(
            request.transcription_id,
            [conversion.decision_of(decision) for decision in request.decisions],
            session_id=identity.current().session_id,
        )
        return speaker_pb2.SetVoiceDecisionsResponse(links=map(conversion.voice_link, links))


def _caller() -> str:
    """Whose idempotency keys a request uses."""
    caller = identity.current()
    return f"session {caller.session_id}" if caller.session_id else f"service {caller.service}"
