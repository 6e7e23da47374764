"""Comparison of the voices of one recording with clips given for one call. Nothing is stored."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common import sizes
from common.audio.decoding import read_window
from common.audio.pcm import as_pcm16
from common.audio.resampling import SAMPLE_RATE
from common.errors import AudioProcessingError, SpeakerError, ValidationError
from common.limits import MAX_CLIP_BYTES
from speakers.diarizer_client import SpeechEmbedder
from speakers.domain.matching import Candidate, Match, MatchPolicy, ScoredVoice, match
from speakers.domain.observation import Voice
from speakers.domain.voice_space import VoiceSpaces, similarity
from speakers.domain.voiceprint import Voiceprint

#: Shortest and longest sound, in seconds, of which the diarizer computes a voiceprint.
_SHORTEST, _LONGEST = 0.5, 60.0
#: Loudest sample of a clip that is as good as silent.
_SILENCE = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedClip:
    """The voiceprint of a clip, and the clip's length in seconds, at most a minute."""

    voiceprint: Voiceprint
    seconds: float


class VoiceComparison:
    """Embeds clips and matches voices, in memory and without profiles."""

    def __init__(
        self,
        embedder: SpeechEmbedder,
        spaces: VoiceSpaces,
        policy: MatchPolicy,
        *,
        voice_memory: bool = True,
    ) -> None:
        """Without `voice_memory`, every call is refused: no voices are compared then."""
        self._embedder = embedder
        self._spaces = spaces
        self._policy = policy
        self._voice_memory = voice_memory

    async def embed(self, content: bytes) -> EmbeddedClip:
        """Return the voiceprint of the person in an encoded clip.

        Raises:
            ValidationError: The clip is empty or too large.
            SpeakerError: Voices are not compared on this system.
            AudioProcessingError: The clip cannot be decoded, is silent or too short.
            ApplicationError: The diarizer does not answer, or is busy.
        """
        self._check_memory()
        if not content:
            raise ValidationError.of("content", "The clip is empty.")
        if len(content) > MAX_CLIP_BYTES:
            raise ValidationError.of(
                "content", f"A clip must not exceed {sizes.compact(MAX_CLIP_BYTES)}."
            )
        samples = await asyncio.to_thread(read_window, io.BytesIO(content), 0.0, _LONGEST)
        seconds = len(samples) / SAMPLE_RATE
        if seconds < _SHORTEST:
            raise AudioProcessingError(f"This clip has less than {_SHORTEST} s of sound.")
        if float(np.abs(samples).max()) < _SILENCE:
            raise AudioProcessingError("Nobody speaks in this clip.")
        voiceprint = await self._embedder.embed(as_pcm16(samples))
        return EmbeddedClip(voiceprint=voiceprint, seconds=seconds)

    def match(self, references: Sequence[Voiceprint], voices: Sequence[Voice]) -> list[Match]:
        """Match the voices of one recording with references, each used at most once.

        The result has the order of the voices. Its profile ids are the numbers of references, from
        1. Voiceprints of different models are never matched.

        Raises:
            ValidationError: Labels are repeated.
            SpeakerError: Voices are not compared on this system.
        """
        self._check_memory()
        if len({voice.label for voice in voices}) != len(voices):
            raise ValidationError.of("voices", "Every voice needs a label of its own.")
        return match([self._scored(voice, references) for voice in voices], self._policy)

    def _scored(self, voice: Voice, references: Sequence[Voiceprint]) -> ScoredVoice:
        heard = voice.voiceprint
        candidates: tuple[Candidate, ...] = ()
        if heard is not None:
            space = self._spaces.of(heard.model)
            place = space.place(heard.vector)
            candidates = tuple(
                Candidate(
                    profile_id=number,
                    log_odds=space.log_odds.of(similarity(place, space.place(reference.vector))),
                )
                for number, reference in enumerate(references, 1)
                if reference.model == heard.model
            )
        return ScoredVoice(
            label=voice.label,
            seconds=0.0 if heard is None else heard.seconds,
            candidates=candidates,
            profiles=len(candidates),
        )

    def _check_memory(self) -> None:
        if not self._voice_memory:
            raise SpeakerError(
                "Voices are not compared on this system.", {"reason": "voice_memory_off"}
            )
