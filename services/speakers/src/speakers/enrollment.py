"""Enrollment: observations added from uploaded clips."""

import asyncio
import io

from common import sizes
from common.audio.clips import CLIP_TYPE, cut_clip
from common.errors import ApplicationError, SpeakerError, ValidationError
from common.identity import Owner
from common.limits import MAX_CLIP_BYTES
from common.postgres import Database
from speakers.diarizer_client import ExtractedVoiceprint, VoiceprintExtractor
from speakers.domain.observation import Clip, Observation
from speakers.domain.profile import Profile
from speakers.profile_refresh import ProfileRefresher
from speakers.store import locks
from speakers.store.observations import ObservationOrigin, Observations
from speakers.store.profiles import Profiles


class Enrollment:
    """Adds voiceprints of uploaded clips to profiles."""

    def __init__(
        self,
        database: Database,
        refresher: ProfileRefresher,
        extractor: VoiceprintExtractor,
        *,
        min_seconds: float,
        voice_memory: bool = True,
    ) -> None:
        """Clips with less than `min_seconds` of clean speech are rejected.

        Without `voice_memory`, all are.
        """
        self._database = database
        self._refresher = refresher
        self._extractor = extractor
        self._min_seconds = min_seconds
        self._voice_memory = voice_memory

    async def enroll(
        self, profile_id: int, content: bytes, *, owner: Owner, pool: str, request_key: str | None
    ) -> tuple[Profile, Observation]:
        """Add the voiceprint of a clip to a profile's ledger.

        Return the profile and the new observation, or those of the same request before.

        Raises:
            NotFoundError: The profile does not exist.
            ValidationError: The clip is empty or too large.
            SpeakerError: Voices are not remembered, the profile is inactive, or the clip has
                several voices or too little speech. The details give the reason.
            AudioProcessingError: The clip cannot be decoded, or nobody speaks in it.
            UnavailableError: No diarizer is reachable.
        """
        if not self._voice_memory:
            raise SpeakerError(
                "Voices are not remembered on this system, so none can be enrolled.",
                {"reason": "voice_memory_off"},
            )
        if not content:
            raise ValidationError.of("content", "The clip is empty.")
        if len(content) > MAX_CLIP_BYTES:
            raise ValidationError.of(
                "content", f"A clip must not exceed {sizes.compact(MAX_CLIP_BYTES)}."
            )
        async with self._database.transaction() as connection:
            _must_be_active(await Profiles(connection, pool).get(profile_id))
            known = request_key and await Observations(connection).by_request(request_key)
        if not known:
            extracted = await self._extractor.extract(content)
            self._check(extracted)
            clip = await _preview(content, extracted)
            return await self._add(
                profile_id, extracted, clip, owner=owner, pool=pool, request_key=request_key
            )
        return await self._earlier_result(*known, pool)

    def _check(self, extracted: ExtractedVoiceprint) -> None:
        if extracted.speakers > 1:
            raise SpeakerError(
                f"This clip has {extracted.speakers} voices. Send a clip of this person alone.",
                {"reason": "several_speakers", "speakers": str(extracted.speakers)},
            )
        seconds = extracted.voiceprint.seconds
        if seconds < self._min_seconds:
            raise SpeakerError(
                f"This clip has only {seconds:.1f} s of clean speech. "
                f"Send at least {self._min_seconds:g} s.",
                {"reason": "too_little_speech", "seconds": f"{seconds:.1f}"},
            )

    async def _add(
        self,
        profile_id: int,
        extracted: ExtractedVoiceprint,
        clip: Clip | None,
        *,
        owner: Owner,
        pool: str,
        request_key: str | None,
    ) -> tuple[Profile, Observation]:
        async with locks.ledger(self._database) as connection:
            observations = Observations(connection)
            _must_be_active(await Profiles(connection, pool).get(profile_id))
            # An identical concurrent request may have finished in the meantime.
            known = request_key and await observations.by_request(request_key)
            if not known:
                origin = ObservationOrigin(owner=owner, request_key=request_key)
                observation_id = await observations.add(
                    profile_id, extracted.voiceprint, origin, clip
                )
                refreshed = await self._refresher.refresh(connection, [profile_id], kept=True)
                observation = await observations.get(profile_id, observation_id)
                return refreshed[profile_id], observation
        return await self._earlier_result(*known, pool)

    async def _earlier_result(
        self, observation_id: int, profile_id: int, pool: str
    ) -> tuple[Profile, Observation]:
        async with self._database.transaction() as connection:
            profile = await Profiles(connection, pool).get(profile_id)
            return profile, await Observations(connection).get(profile_id, observation_id)


def _must_be_active(profile: Profile) -> None:
    if not profile.active:
        raise SpeakerError("This speaker is inactive. Activate it first.")


async def _preview(content: bytes, extracted: ExtractedVoiceprint) -> Clip | None:
    try:
        flac = await asyncio.to_thread(
            cut_clip, io.BytesIO(content), extracted.start, extracted.end
        )
    except ApplicationError:
        # The diarizer could decode the clip, so its voiceprint counts. It only has no preview.
        return None
    return Clip(content=flac, content_type=CLIP_TYPE)
