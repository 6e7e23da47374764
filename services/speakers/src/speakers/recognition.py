"""Whose voices are these? Answers for a whole recording, and for one voiceprint."""

from collections.abc import Sequence
from dataclasses import dataclass

from common import logging, telemetry
from common.errors import ValidationError
from common.postgres import Connection, Database
from speakers.decisions import check_voices
from speakers.domain.matching import Candidate, Caution, Heard, Match, Outcome, match, probabilities
from speakers.domain.observation import Voice
from speakers.domain.profile import Profile
from speakers.domain.voice_space import VoiceSpaces
from speakers.domain.voiceprint import Voiceprint
from speakers.store.observations import Observations
from speakers.store.profiles import Profiles
from speakers.store.prototypes import Neighbour, Prototypes
from speakers.store.recognitions import Recognition, Recognitions

#: Profiles that are looked at for a voice; all others are much less alike.
_CANDIDATES = 20
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognised:
    """What came of a voice; `profile` is None unless it is known."""

    match: Match
    profile: Profile | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Resemblance:
    """A profile and how alike a voiceprint is to it.

    `similarity` is the cosine in the voice space, -1 to 1; `confidence` the probability that it
    is this person, 0 to 1, with all other profiles and strangers taken into account.
    """

    profile: Profile
    similarity: float
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Neighbourhood:
    heard: Heard
    neighbours: tuple[Neighbour, ...]
    model_id: int


class Recogniser:
    """Compares voices with the prototypes of all active profiles. Teaches nothing."""

    def __init__(self, database: Database, spaces: VoiceSpaces, caution: Caution) -> None:
        self._database = database
        self._spaces = spaces
        self._caution = caution

    async def recognise(self, transcription_id: int, voices: Sequence[Voice]) -> list[Recognised]:
        """Decides on all voices of a recording together, and notes what was recognised.

        Raises:
            ValidationError: labels are missing or repeated.
        """
        check_voices(transcription_id, [voice.label for voice in voices])
        async with self._database.transaction() as connection:
            heard = [(voice.label, voice.voiceprint) for voice in voices]
            around = await self._around(connection, heard, _CANDIDATES)
            matches = match([item.heard for item in around], self._caution)
            stand = await Recognitions(connection).replace(
                transcription_id, _recognitions(voices, around, matches)
            )
            known = [item.profile_id for item in matches if item.label in stand]
            profiles = await Profiles(connection).all_with(known)
        results = [_result(item, profiles if item.label in stand else {}) for item in matches]
        for result in results:
            telemetry.VOICE_MATCHES.labels(result.match.outcome.value).inc()
        _log.info(
            "voices recognised",
            transcription_id=transcription_id,
            voices=len(results),
            known=len(stand),
        )
        return results

    async def search(self, voiceprint: Voiceprint, limit: int) -> list[Resemblance]:
        """The profiles nearest to a voiceprint, nearest first; a limit of 0 means 10.

        Raises:
            ValidationError: the limit is out of range.
        """
        if not 0 <= limit <= 100:
            raise ValidationError.of("limit", "The limit is 1 to 100.")
        async with self._database.transaction() as connection:
            [around] = await self._around(connection, [("", voiceprint)], max(_CANDIDATES, limit))
            profiles = await Profiles(connection).all_with(
                [neighbour.profile_id for neighbour in around.neighbours]
            )
        chances = probabilities(around.heard, self._caution.known_prior)
        return [
            Resemblance(
                profile=profiles[neighbour.profile_id],
                similarity=neighbour.similarity,
                confidence=chances[neighbour.profile_id],
            )
            for neighbour in around.neighbours[: limit or 10]
            if neighbour.profile_id in profiles
        ]

    async def _around(
        self, connection: Connection, voices: Sequence[tuple[str, Voiceprint | None]], limit: int
    ) -> list[_Neighbourhood]:
        """The profiles around each voice (label and voiceprint), near or not."""
        prototypes = Prototypes(connection)
        models = {voiceprint.model for _, voiceprint in voices if voiceprint is not None}
        numbers = {model: await Observations(connection).model_id(model) for model in models}
        counts = {
            model: await prototypes.count(number)
            for model, number in numbers.items()
            if number is not None
        }
        around = []
        for label, voiceprint in voices:
            neighbours: list[Neighbour] = []
            number = None if voiceprint is None else numbers[voiceprint.model]
            if voiceprint is not None and number is not None:
                place = self._spaces.of(voiceprint.model).place(voiceprint.vector)
                neighbours = await prototypes.nearest(number, place, limit)
            heard = Heard(
                label=label,
                seconds=0.0 if voiceprint is None else voiceprint.seconds,
                candidates=() if voiceprint is None else self._candidates(voiceprint, neighbours),
                profiles=0 if voiceprint is None else counts.get(voiceprint.model, 0),
            )
            around.append(
                _Neighbourhood(heard=heard, neighbours=tuple(neighbours), model_id=number or 0)
            )
        return around

    def _candidates(
        self, voiceprint: Voiceprint, neighbours: Sequence[Neighbour]
    ) -> tuple[Candidate, ...]:
        odds = self._spaces.of(voiceprint.model).log_odds
        return tuple(
            Candidate(profile_id=item.profile_id, log_odds=odds.of(item.similarity))
            for item in neighbours
        )


def _recognitions(
    voices: Sequence[Voice], around: Sequence[_Neighbourhood], matches: Sequence[Match]
) -> list[Recognition]:
    return [
        Recognition(
            label=item.label,
            profile_id=item.profile_id,
            model_id=where.model_id,
            speech_seconds=voice.speech_seconds,
            voice_seconds=where.heard.seconds,
            confidence=item.confidence,
        )
        for voice, where, item in zip(voices, around, matches, strict=True)
        if item.outcome is Outcome.KNOWN
    ]


def _result(item: Match, profiles: dict[int, Profile]) -> Recognised:
    profile = profiles.get(item.profile_id)
    if item.outcome is Outcome.KNOWN and profile is None:
        # Deleted since it was found.
        return Recognised(match=Match(label=item.label, outcome=Outcome.UNKNOWN), profile=None)
    return Recognised(match=item, profile=profile)
