"""Simulated recordings against profiles, matched with the code of the service."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.speakers_conditions import CONDITIONS, TELEPHONE
from bench.speakers_corpus import FIRST, SECOND, SECONDS, WHOLE, Corpus
from speakers.domain.matching import Candidate, Match, MatchPolicy, Outcome, ScoredVoice, match
from speakers.domain.prototype import Sample, summarize
from speakers.domain.voice_space import Place, VoiceSpace

Key = tuple[str, str, str, int]
_WIDEBAND = [name for name in CONDITIONS if name != TELEPHONE]


@dataclass(kw_only=True)
class Tally:
    """Counts of results for voices with a profile and for strangers.

    `claims` are pairs (stated probability, whether the name was correct).
    """

    known: Counter[str] = field(default_factory=Counter)
    strangers: Counter[str] = field(default_factory=Counter)
    claims: list[tuple[float, bool]] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add the counts of another tally."""
        self.known.update(other.known)
        self.strangers.update(other.strangers)
        self.claims += other.claims


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Parameters of a simulation.

    `profiles` people are enrolled with `enrolled_seconds` of speech each. In the recordings, people
    speak for `heard_seconds`. `family` selects the conditions of profiles and recordings.
    """

    profiles: int
    enrolled_seconds: int
    heard_seconds: int
    family: str


class Simulation:
    """Recordings of up to two people with a profile and one stranger, drawn at random."""

    def __init__(
        self,
        corpus: Corpus,
        space: VoiceSpace,
        people: Sequence[str],
        policy: MatchPolicy,
        seed: int,
    ) -> None:
        self._corpus = corpus
        self._space = space
        self._people = sorted(people)
        self._policy = policy
        self._random = np.random.default_rng(seed)
        self._index = corpus.index()

    def run(self, setting: Setting, recordings: int) -> Tally:
        """Simulate recordings, each against newly drawn profiles."""
        tally = Tally()
        for _ in range(recordings):
            enrolled, heard = self._conditions(setting.family)
            speaking = self._known(setting, enrolled, heard)
            keys = [*speaking, *self._others(setting, enrolled, speaking)]
            names = [key[0] for key in keys]
            voices = [(who, SECOND, heard, setting.heard_seconds) for who, *_ in speaking]
            voices += self._stranger(setting, heard, names)
            profiles = [self._profile(key) for key in keys]
            for result in match([self._hear(key, profiles) for key in voices], self._policy):
                _count(result, names, tally)
        return tally

    def _conditions(self, family: str) -> tuple[str, str]:
        """Draw the conditions of profiles and of recordings."""
        one, other = (str(name) for name in self._random.choice(_WIDEBAND, 2))
        if family == "wideband":
            return one, other
        if family == "telephone":
            return TELEPHONE, TELEPHONE
        return (one, TELEPHONE) if self._random.random() < 0.5 else (TELEPHONE, one)

    def _known(self, setting: Setting, enrolled: str, heard: str) -> list[Key]:
        """Draw up to two people with enough speech in both halves. Return their enrollments."""
        able = [
            (who, FIRST, enrolled, setting.enrolled_seconds)
            for who in self._people
            if (who, FIRST, enrolled, setting.enrolled_seconds) in self._index
            and (who, SECOND, heard, setting.heard_seconds) in self._index
        ]
        return self._some(able)[: min(2, setting.profiles)]

    def _others(self, setting: Setting, enrolled: str, speaking: list[Key]) -> list[Key]:
        """Draw enrollments of people not in the recording, with the longest speech allowed."""
        taken = {key[0] for key in speaking}
        able = [
            self._longest(who, (FIRST,), enrolled, setting.enrolled_seconds)
            for who in self._people
            if who not in taken
        ]
        return self._some([key for key in able if key])[: setting.profiles - len(speaking)]

    def _stranger(self, setting: Setting, heard: str, names: list[str]) -> list[Key]:
        """Draw a person without a profile, with the longest speech allowed."""
        able = [
            self._longest(who, (WHOLE, SECOND), heard, setting.heard_seconds)
            for who in self._people
            if who not in names
        ]
        return self._some([key for key in able if key])[:1]

    def _longest(self, who: str, parts: Sequence[str], how: str, most: int) -> Key | None:
        keys = [(who, part, how, seconds) for seconds in SECONDS[::-1] for part in parts]
        return next((key for key in keys if key[3] <= most and key in self._index), None)

    def _some(self, keys: list[Key]) -> list[Key]:
        return [keys[number] for number in self._random.permutation(len(keys))]

    def _profile(self, key: Key) -> Place:
        """Return the prototype of a person enrolled with one recording."""
        vector = self._corpus.vectors[self._index[key]].astype(np.float32)
        data = summarize([Sample(vector=vector, seconds=float(key[3]))], self._space)
        assert data.place is not None
        return data.place

    def _hear(self, key: Key, profiles: Sequence[Place]) -> ScoredVoice:
        place = self._space.place(self._corpus.vectors[self._index[key]].astype(np.float32))
        odds = self._space.log_odds
        candidates = tuple(
            Candidate(profile_id=number, log_odds=odds.of(float(place @ other)))
            for number, other in enumerate(profiles, 1)
        )
        return ScoredVoice(
            label=key[0], seconds=float(key[3]), candidates=candidates, profiles=len(profiles)
        )


def _count(result: Match, profiles: list[str], tally: Tally) -> None:
    named = profiles[result.profile_id - 1] if result.outcome is Outcome.KNOWN else None
    right = named == result.label
    if named is not None:
        tally.claims.append((result.confidence, right))
    if result.label in profiles:
        outcome = "missed" if named is None else "right" if right else "wrong"
        tally.known[outcome] += 1
    else:
        tally.strangers["unknown" if named is None else "wrong"] += 1
