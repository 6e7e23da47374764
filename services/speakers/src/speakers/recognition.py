"""Recognition of known voices: for a whole recording, and for a single voiceprint."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from common import logging, telemetry
from common.errors import ValidationError
from common.postgres import Connection, Database
from speakers.decisions import check_voices
from speakers.domain.matching import (
    Candidate,
    Match,
    MatchPolicy,
    Outcome,
    ScoredVoice,
    match,
    probabilities,
)
from speakers.domain.observation import Voice
from speakers.domain.profile import Profile
from speakers.domain.voice_space import VoiceSpaces
from speakers.domain.voiceprint import Voiceprint
from speakers.store.observations import Observations
from speakers.store.profiles import Profiles
from speakers.store.prototypes import Neighbor, Prototypes
from speakers.store.recognitions import Recognitions, VoiceRecognition

#: Number of nearest profiles considered per voice. All others are much less similar.
_CANDIDATES = 20
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognizedVoice:
    """A recognition result. `profile` is None unless the voice is known."""

    match: Match
    profile: Profile | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceCandidate:
    """A profile resembling a voiceprint.

    `similarity` is the cosine in the voice space, -1 to 1. `confidence` is the probability of this
    person, 0 to 1, with all other profiles and unknown people taken into account.
    """

    profile: Profile
    similarity: float
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Neighborhood:
    voice: ScoredVoice
    neighbors: tuple[Neighbor, ...]
    model_id: int


class VoiceRecognizer:
    """Compares voices with the prototypes of a pool's active profiles, without changing them."""

    def __init__(self, database: Database, spaces: VoiceSpaces, policy: MatchPolicy) -> None:
        self._database = database
        self._spaces = spaces
        self._policy = policy

    async def recognize(
        self,
        transcription_id: int,
        voices: Sequence[Voice],
        *,
        workspace_id: str,
        pool: str,
        stores: bool = True,
    ) -> list[RecognizedVoice]:
        """Match all voices of a recording together and store the recognitions, if it `stores`.

        Return one result per voice, in order.

        Raises:
            ValidationError: Labels are missing or repeated.
        """
        check_voices(transcription_id, [voice.label for voice in voices])
        async with self._database.transaction() as connection:
            voiceprints = [(voice.label, voice.voiceprint) for voice in voices]
            neighborhoods = await self._neighborhoods(connection, voiceprints, _CANDIDATES, pool)
            matches = match([item.voice for item in neighborhoods], self._policy)
            found = _recognitions(voices, neighborhoods, matches)
            stored: Collection[str] = [item.label for item in found]
            if stores:
                stored = await Recognitions(connection).replace(
                    transcription_id, workspace_id, found, pool=pool
                )
            known = [item.profile_id for item in matches if item.label in stored]
            profiles = await Profiles(connection, pool).all_with(known)
        if not stores:
            return [_result(item, profiles) for item in matches]
        results = [_result(item, profiles if item.label in stored else {}) for item in matches]
        for result in results:
            telemetry.VOICE_MATCHES.labels(result.match.outcome.value).inc()
        _log.info(
            "voices recognized",
            transcription_id=transcription_id,
            voices=len(results),
            known=len(stored),
        )
        return results

    async def search(
        self, voiceprint: Voiceprint, limit: int, *, pool: str
    ) -> list[VoiceCandidate]:
        """Return the profiles of a pool nearest to a voiceprint, nearest first.

        A limit of 0 selects the default of 10.

        Raises:
            ValidationError: The limit is out of range.
        """
        if not 0 <= limit <= 100:
            raise ValidationError.of("limit", "The limit must be between 1 and 100.")
        async with self._database.transaction() as connection:
            [nearby] = await self._neighborhoods(
                connection, [("", voiceprint)], max(_CANDIDATES, limit), pool
            )
            profiles = await Profiles(connection, pool).all_with(
                [neighbor.profile_id for neighbor in nearby.neighbors]
            )
        confidences = probabilities(nearby.voice, self._policy.known_prior)
        return [
            VoiceCandidate(
                profile=profiles[neighbor.profile_id],
                similarity=neighbor.similarity,
                confidence=confidences[neighbor.profile_id],
            )
            for neighbor in nearby.neighbors[: limit or 10]
            if neighbor.profile_id in profiles
        ]

    async def _neighborhoods(
        self,
        connection: Connection,
        voices: Sequence[tuple[str, Voiceprint | None]],
        limit: int,
        pool: str,
    ) -> list[_Neighborhood]:
        """Return the nearest profiles of each voice, given as label and voiceprint."""
        prototypes = Prototypes(connection)
        models = {voiceprint.model for _, voiceprint in voices if voiceprint is not None}
        numbers = {model: await Observations(connection).model_id(model) for model in models}
        counts = {
            model: await prototypes.count(number, pool)
            for model, number in numbers.items()
            if number is not None
        }
        found = []
        for label, voiceprint in voices:
            neighbors: list[Neighbor] = []
            number = None if voiceprint is None else numbers[voiceprint.model]
            if voiceprint is not None and number is not None:
                place = self._spaces.of(voiceprint.model).place(voiceprint.vector)
                neighbors = await prototypes.nearest(number, place, limit, pool)
            voice = ScoredVoice(
                label=label,
                seconds=0.0 if voiceprint is None else voiceprint.seconds,
                candidates=() if voiceprint is None else self._candidates(voiceprint, neighbors),
                profiles=0 if voiceprint is None else counts.get(voiceprint.model, 0),
            )
            found.append(
                _Neighborhood(voice=voice, neighbors=tuple(neighbors), model_id=number or 0)
            )
        return found

    def _candidates(
        self, voiceprint: Voiceprint, neighbors: Sequence[Neighbor]
    ) -> tuple[Candidate, ...]:
        odds = self._spaces.of(voiceprint.model).log_odds
        return tuple(
            Candidate(profile_id=item.profile_id, log_odds=odds.of(item.similarity))
            for item in neighbors
        )


def _recognitions(
    voices: Sequence[Voice], neighborhoods: Sequence[_Neighborhood], matches: Sequence[Match]
) -> list[VoiceRecognition]:
    return [
        VoiceRecognition(
            label=item.label,
            profile_id=item.profile_id,
            model_id=nearby.model_id,
            speech_seconds=voice.speech_seconds,
            voice_seconds=nearby.voice.seconds,
            confidence=item.confidence,
        )
        for voice, nearby, item in zip(voices, neighborhoods, matches, strict=True)
        if item.outcome is Outcome.KNOWN
    ]


def _result(item: Match, profiles: dict[int, Profile]) -> RecognizedVoice:
    profile = profiles.get(item.profile_id)
    if item.outcome is Outcome.KNOWN and profile is None:
        # The profile was deleted after it had been found.
        return RecognizedVoice(match=Match(label=item.label, outcome=Outcome.UNKNOWN), profile=None)
    return RecognizedVoice(match=item, profile=profile)
