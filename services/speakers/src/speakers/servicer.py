"""Implementation of `SpeakerService`: converts messages and calls the domain."""

from typing import Any

from google.api import httpbody_pb2

from common import identity
from common.auth import Access
from common.grpc_server import method_names
from common.times import duration, moment
from securetranscribe.v1 import speaker_pb2, speaker_pb2_grpc
from speakers import conversion
from speakers.comparison import VoiceComparison
from speakers.decisions import VoiceDecisions
from speakers.domain.pool import Pools
from speakers.domain.profile import Page
from speakers.enrollment import Enrollment
from speakers.erasure import VoiceEraser
from speakers.ledger import Ledger
from speakers.profiles import ProfileCatalog, request_key
from speakers.recognition import VoiceRecognizer
from speakers.trash import ProfileTrash

#: Methods reserved for other services. All others require a session.
ACCESS = dict.fromkeys(
    method_names(
        "SpeakerService",
        [
            *("RecognizeVoices", "SetVoiceDecisions", "EraseVoices", "EraseWorkspaceVoices"),
            *("EmbedClip", "MatchVoices"),
        ],
    ),
    Access.SERVICE,
)


class SpeakerServicer(speaker_pb2_grpc.SpeakerServiceServicer):
    """gRPC methods called by the gateway, the transcriber and native clients."""

    def __init__(
        self,
        *,
        profiles: ProfileCatalog,
        decisions: VoiceDecisions,
        ledger: Ledger,
        trash: ProfileTrash,
        enrollment: Enrollment,
        recognizer: VoiceRecognizer,
        comparison: VoiceComparison,
        eraser: VoiceEraser,
        pools: Pools,
    ) -> None:
        self._profiles = profiles
        self._decisions = decisions
        self._ledger = ledger
        self._trash = trash
        self._enrollment = enrollment
        self._recognizer = recognizer
        self._comparison = comparison
        self._eraser = eraser
        self._pools = pools

    async def CreateSpeaker(
        self, request: speaker_pb2.CreateSpeakerRequest, _context: Any
    ) -> speaker_pb2.CreateSpeakerResponse:
        """Create a profile."""
        key = request_key(_caller(), request.request_id)
        profile = await self._profiles.create(
            conversion.description_of(request),
            key,
            workspace_id=identity.current().workspace_id,
            pool=self._pool(),
        )
        return speaker_pb2.CreateSpeakerResponse(speaker=conversion.speaker(profile))

    async def GetSpeaker(
        self, request: speaker_pb2.GetSpeakerRequest, _context: Any
    ) -> speaker_pb2.GetSpeakerResponse:
        """Return one profile."""
        profile = await self._profiles.get(request.speaker_id, pool=self._pool())
        return speaker_pb2.GetSpeakerResponse(speaker=conversion.speaker(profile))

    async def ListSpeakers(
        self, request: speaker_pb2.ListSpeakersRequest, _context: Any
    ) -> speaker_pb2.ListSpeakersResponse:
        """List profiles ordered by name."""
        profiles, total = await self._profiles.page(
            active_only=request.active_only if request.HasField("active_only") else True,
            verified_only=request.verified_only,
            page=Page.of(request.page, request.page_size),
            pool=self._pool(),
        )
        return speaker_pb2.ListSpeakersResponse(
            speakers=map(conversion.speaker, profiles), total=total
        )

    async def UpdateSpeaker(
        self, request: speaker_pb2.UpdateSpeakerRequest, _context: Any
    ) -> speaker_pb2.UpdateSpeakerResponse:
        """Change a profile."""
        profile = await self._profiles.update(
            request.speaker_id, conversion.changes_of(request), pool=self._pool()
        )
        return speaker_pb2.UpdateSpeakerResponse(speaker=conversion.speaker(profile))

    async def DeleteSpeaker(
        self, request: speaker_pb2.DeleteSpeakerRequest, _context: Any
    ) -> speaker_pb2.DeleteSpeakerResponse:
        """Deactivate or permanently delete a profile."""
        await self._profiles.delete(
            request.speaker_id,
            identity.current(),
            permanent=request.permanent,
            pool=self._pool(),
        )
        return speaker_pb2.DeleteSpeakerResponse()

    async def GetSpeakerStatistics(
        self, request: speaker_pb2.GetSpeakerStatisticsRequest, _context: Any
    ) -> speaker_pb2.GetSpeakerStatisticsResponse:
        """Return statistics over the recordings of a speaker."""
        figures = await self._profiles.statistics(request.speaker_id, pool=self._pool())
        return speaker_pb2.GetSpeakerStatisticsResponse(statistics=conversion.statistics(figures))

    async def SearchSpeakers(
        self, request: speaker_pb2.SearchSpeakersRequest, _context: Any
    ) -> speaker_pb2.SearchSpeakersResponse:
        """Search profiles by words of the name or description."""
        profiles = await self._profiles.search(
            request.query,
            active_only=request.active_only if request.HasField("active_only") else True,
            limit=request.limit,
            pool=self._pool(),
        )
        return speaker_pb2.SearchSpeakersResponse(speakers=map(conversion.speaker, profiles))

    async def SearchVoices(
        self, request: speaker_pb2.SearchVoicesRequest, _context: Any
    ) -> speaker_pb2.SearchVoicesResponse:
        """Search the profiles nearest to a voiceprint."""
        voiceprint = conversion.voiceprint_of(request.voiceprint)
        found = await self._recognizer.search(voiceprint, request.limit, pool=self._pool())
        return speaker_pb2.SearchVoicesResponse(candidates=map(conversion.voice_candidate, found))

    async def MergeSpeakers(
        self, request: speaker_pb2.MergeSpeakersRequest, _context: Any
    ) -> speaker_pb2.MergeSpeakersResponse:
        """Merge one profile into another."""
        profile = await self._ledger.merge(
            request.speaker_id, request.source_speaker_id, identity.current(), pool=self._pool()
        )
        return speaker_pb2.MergeSpeakersResponse(speaker=conversion.speaker(profile))

    async def SplitSpeaker(
        self, request: speaker_pb2.SplitSpeakerRequest, _context: Any
    ) -> speaker_pb2.SplitSpeakerResponse:
        """Move some observations of a profile to another."""
        profile, target = await self._ledger.split(
            request.speaker_id,
            request.observation_ids,
            request.name,
            identity.current(),
            pool=self._pool(),
        )
        return speaker_pb2.SplitSpeakerResponse(
            speaker=conversion.speaker(profile), target=conversion.speaker(target)
        )

    async def EnrollSpeaker(
        self, request: speaker_pb2.EnrollSpeakerRequest, _context: Any
    ) -> speaker_pb2.EnrollSpeakerResponse:
        """Add the voiceprint of a clip to a profile."""
        profile, observation = await self._enrollment.enroll(
            request.speaker_id,
            request.content,
            owner=identity.current(),
            pool=self._pool(),
            request_key=request_key(_caller(), request.request_id),
        )
        return speaker_pb2.EnrollSpeakerResponse(
            speaker=conversion.speaker(profile), observation=conversion.observation(observation)
        )

    async def ListObservations(
        self, request: speaker_pb2.ListObservationsRequest, _context: Any
    ) -> speaker_pb2.ListObservationsResponse:
        """List the ledger of a profile, newest first."""
        rows, total = await self._ledger.page(
            request.speaker_id, Page.of(request.page, request.page_size), pool=self._pool()
        )
        return speaker_pb2.ListObservationsResponse(
            observations=map(conversion.observation, rows), total=total
        )

    async def DeleteObservation(
        self, request: speaker_pb2.DeleteObservationRequest, _context: Any
    ) -> speaker_pb2.DeleteObservationResponse:
        """Remove one entry from the ledger of a profile."""
        profile = await self._ledger.remove(
            request.speaker_id, request.observation_id, pool=self._pool()
        )
        return speaker_pb2.DeleteObservationResponse(speaker=conversion.speaker(profile))

    async def GetProfileClip(
        self, request: speaker_pb2.GetProfileClipRequest, _context: Any
    ) -> httpbody_pb2.HttpBody:
        """Return a short clip of a profile's voice."""
        clip = await self._ledger.clip(
            request.speaker_id, identity.current().workspace_id, pool=self._pool()
        )
        return conversion.body(clip)

    async def ListTrashedSpeakers(
        self, request: speaker_pb2.ListTrashedSpeakersRequest, _context: Any
    ) -> speaker_pb2.ListTrashedSpeakersResponse:
        """List what can be undone, newest first."""
        entries, total = await self._trash.page(
            Page.of(request.page, request.page_size), identity.current(), pool=self._pool()
        )
        return speaker_pb2.ListTrashedSpeakersResponse(
            trashed=map(conversion.trashed, entries), total=total
        )

    async def RestoreSpeaker(
        self, request: speaker_pb2.RestoreSpeakerRequest, _context: Any
    ) -> speaker_pb2.RestoreSpeakerResponse:
        """Undo a permanent deletion, a merge or a split."""
        profile = await self._trash.restore(request.trash_id, identity.current(), pool=self._pool())
        return speaker_pb2.RestoreSpeakerResponse(speaker=conversion.speaker(profile))

    async def RecognizeVoices(
        self, request: speaker_pb2.RecognizeVoicesRequest, _context: Any
    ) -> speaker_pb2.RecognizeVoicesResponse:
        """Recognize the known voices of a recording."""
        results = await self._recognizer.recognize(
            request.transcription_id,
            [conversion.voice_of(voice) for voice in request.voices],
            workspace_id=identity.current().workspace_id,
            pool=self._pool(),
            stores=not request.without_storing,
        )
        return speaker_pb2.RecognizeVoicesResponse(matches=map(conversion.voice_match, results))

    async def EmbedClip(
        self, request: speaker_pb2.EmbedClipRequest, _context: Any
    ) -> speaker_pb2.EmbedClipResponse:
        """Compute the voiceprint of a clip for the caller's own comparison."""
        clip = await self._comparison.embed(request.content)
        return speaker_pb2.EmbedClipResponse(
            voiceprint=conversion.voiceprint(clip.voiceprint), duration=duration(clip.seconds)
        )

    async def MatchVoices(
        self, request: speaker_pb2.MatchVoicesRequest, _context: Any
    ) -> speaker_pb2.MatchVoicesResponse:
        """Find given voiceprints among the voices of a recording."""
        matches = self._comparison.match(
            [conversion.voiceprint_of(reference) for reference in request.references],
            [conversion.voice_of(voice) for voice in request.voices],
        )
        return speaker_pb2.MatchVoicesResponse(matches=map(conversion.reference_match, matches))

    async def SetVoiceDecisions(
        self, request: speaker_pb2.SetVoiceDecisionsRequest, _context: Any
    ) -> speaker_pb2.SetVoiceDecisionsResponse:
        """Replace all decisions about the voices of a recording."""
        links = await self._decisions.replace(
            request.transcription_id,
            [conversion.decision_of(decision) for decision in request.decisions],
            owner=identity.current(),
            pool=self._pool(),
        )
        return speaker_pb2.SetVoiceDecisionsResponse(links=map(conversion.voice_link, links))

    async def EraseVoices(
        self, request: speaker_pb2.EraseVoicesRequest, _context: Any
    ) -> speaker_pb2.EraseVoicesResponse:
        """Erase profiles for an administrator, or again after a restore."""
        before = moment(request.created_before) if request.HasField("created_before") else None
        erased = await self._eraser.erase_voices(request.speaker_ids, created_before=before)
        return speaker_pb2.EraseVoicesResponse(erased=erased)

    async def EraseWorkspaceVoices(
        self, request: speaker_pb2.EraseWorkspaceVoicesRequest, _context: Any
    ) -> speaker_pb2.EraseWorkspaceVoicesResponse:
        """Erase what was kept for a workspace, except voices named by a person."""
        voices = await self._eraser.erase_workspace(request.workspace_id)
        return speaker_pb2.EraseWorkspaceVoicesResponse(voices=voices)

    def _pool(self) -> str:
        """Return the pool of the current caller."""
        return self._pools.of(identity.current())


def _caller() -> str:
    """Return the owner of the idempotency keys of the current request."""
    caller = identity.current()
    # Earlier versions hashed the session, whose id its workspace has too.
    return f"session {caller.workspace_id}" if caller.session_id else f"service {caller.service}"
