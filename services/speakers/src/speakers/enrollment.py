"""Teaching a profile from an uploaded clip."""

import asyncio

from common.errors import ApplicationError, SpeakerError, ValidationError
from common.postgres import Database
from speakers.clips import cut
from speakers.diarizer_client import ClipListener, HeardClip
from speakers.domain.observation import Clip, Observation
from speakers.domain.profile import Profile
from speakers.profile_refresh import Learning
from speakers.store import locks
from speakers.store.observations import Observations, Source
from speakers.store.profiles import Profiles

LARGEST_CLIP = 16 * 1024 * 1024


class Enrolment:
    """Teaches profiles from clips in which only the person speaks."""

    def __init__(
        self,
        database: Database,
        learning: Learning,
        listener: ClipListener,
        *,
        min_seconds: float,
    ) -> None:
        """Clips with less than `min_seconds` of clean speech are refused."""
        self._database = database
        self._learning = learning
        self._listener = listener
        self._min_seconds = min_seconds

    async def enroll(
        self, profile_id: int, content: bytes, *, session_id: str, request_key: str | None
    ) -> tuple[Profile, Observation]:
        """Adds what is heard in a clip to a profile's ledger, or returns what the same request did.

        Raises:
            NotFoundError: there is no such profile.
            ValidationError: the clip is empty or too large.
            SpeakerError: the profile is inactive, or the clip has several voices or too little
                speech; the message says which.
            AudioProcessingError: the clip cannot be decoded, or nobody speaks in it.
            UnavailableError: no diarizer answers.
        """
        if not content:
            raise ValidationError.of("content", "The request carries no audio.")
        if len(content) > LARGEST_CLIP:
            raise ValidationError.of("content", "A clip has at most 16 MiB.")
        async with self._database.transaction() as connection:
            _must_be_active(await Profiles(connection).get(profile_id))
            known = request_key and await Observations(connection).by_request(request_key)
        if not known:
            heard = await self._listener.listen(content)
            self._check(heard)
            clip = await _preview(content, heard)
            return await self._add(profile_id, heard, clip, session_id, request_key)
        return await self._done_before(*known)

    def _check(self, heard: HeardClip) -> None:
        if heard.speakers > 1:
            raise SpeakerError(
                f"{heard.speakers} voices speak in this clip; send one with only this person.",
                {"reason": "several_speakers", "speakers": str(heard.speakers)},
            )
        if heard.voiceprint.seconds < self._min_seconds:
            raise SpeakerError(
                f"There are only {heard.voiceprint.seconds:.1f} s of clean speech in this clip; "
                f"at least {self._min_seconds:g} s are needed.",
                {"reason": "too_little_speech", "seconds": f"{heard.voiceprint.seconds:.1f}"},
            )

    async def _add(
        self,
        profile_id: int,
        heard: HeardClip,
        clip: Clip | None,
        session_id: str,
        request_key: str | None,
    ) -> tuple[Profile, Observation]:
        async with locks.ledger(self._database) as connection:
            observations = Observations(connection)
            _must_be_active(await Profiles(connection).get(profile_id))
            # Two equal requests at once: the other one may have been here in the meantime.
            known = request_key and await observations.by_request(request_key)
            if not known:
                source = Source(session_id=session_id, request_key=request_key)
                observation_id = await observations.add(profile_id, heard.voiceprint, source, clip)
                renewed = await self._learning.renew(connection, [profile_id], kept=True)
                observation = await observations.get(profile_id, observation_id)
                return renewed[profile_id], observation
        return await self._done_before(*known)

    async def _done_before(
        self, observation_id: int, profile_id: int
    ) -> tuple[Profile, Observation]:
        async with self._database.transaction() as connection:
            profile = await Profiles(connection).get(profile_id)
            return profile, await Observations(connection).get(profile_id, observation_id)


def _must_be_active(profile: Profile) -> None:
    if not profile.active:
        raise SpeakerError("This speaker is deactivated; activate it first.")


async def _preview(content: bytes, heard: HeardClip) -> Clip | None:
    try:
        return await asyncio.to_thread(cut, content, heard.start, heard.end)
    except ApplicationError:
        # The voiceprint was taken, so the clip serves; it only cannot be listened to.
        return None
