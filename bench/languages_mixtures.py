"""Recordings in several languages, composed of speech that the model gets right by itself.

The mixtures of the two halves share no sentence and no telephone prompt. Decisions are tuned on
`tuning`, and `held-out` shows how well they carry over.
"""

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bench.languages_cache import digest, kept
from bench.languages_voices import Saying, joined, prompts, spoken, utterances
from bench.metrics import count_errors
from common.audio.resampling import SAMPLE_RATE, Samples

Half = Literal["tuning", "held-out"]
HALVES: tuple[Half, ...] = ("tuning", "held-out")

#: Voices per half: language and name. `real` is a person on the telephone or reading a book.
VOICES: dict[Half, tuple[tuple[str, str], ...]] = {
    "tuning": (
        ("en", "real"), ("es", "real"), ("fr", "real"), ("it", "real"), ("ru", "real"),
        ("de", "ff_siwis"), ("fr", "ff_siwis"), ("it", "ff_siwis"), ("en", "ff_siwis"),
        ("de", "bm_george"), ("en", "bm_george"),
        ("pt", "pf_dora"), ("es", "im_nicola"), ("it", "im_nicola"), ("zh", "zf_xiaoxiao"),
    ),
    "held-out": (
        ("en", "real"), ("es", "real"), ("fr", "real"), ("it", "real"), ("ru", "real"),
        ("de", "ef_dora"), ("es", "ef_dora"), ("it", "ef_dora"), ("pt", "ef_dora"),
        ("de", "bm_george"), ("en", "bm_george"), ("en", "am_adam"),
        ("fr", "ff_siwis"), ("de", "ff_siwis"), ("pt", "pf_dora"), ("zh", "zf_xiaoxiao"),
    ),
}  # fmt: skip
#: Shortest and longest part, in seconds.
_SHORTEST, _LONGEST = 5.0, 40.0
#: How often a part is composed again before its voice is given up.
_TRIES = 6
#: Highest error rate at which the model gets a part right by itself.
_RIGHT = 0.2
#: Chinese characters in the texts whose traditional forms the model may write.
_TRADITIONAL = (
    "个個书書于於们們会會关關几幾划劃医醫单單历歷发發变變后後周週园園场場应應开開气氣点點给給觉覺计計该該说說请請"
    "读讀谈談账賬车車边邊这這里裏问問面麪饭飯鲜鮮"
)
_SIMPLIFIED = str.maketrans(_TRADITIONAL[1::2], _TRADITIONAL[::2])


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Speech in one language by one voice, from `start` to `end` (seconds) of its mixture."""

    language: str
    voice: str
    text: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixture:
    """A recording in several languages. `kind` says how it was made."""

    name: str
    kind: str
    parts: tuple[Part, ...]
    samples: Samples

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE

    def language_at(self, moment: float) -> str:
        """Return the language spoken at a moment, or nearest to it."""
        return min(
            self.parts, key=lambda part: max(part.start - moment, moment - part.end, 0.0)
        ).language


def words_of(text: str, language: str) -> list[str]:
    """Return comparable words of a text, or characters where a language writes no blanks."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    words = re.sub(r"[^\w]+", " ", bare).split()
    return list("".join(words).translate(_SIMPLIFIED)) if language == "zh" else words


def sayings(half: Half, language: str, voice: str, data: Path | None) -> list[Saying]:
    """Return the sayings of a voice in one half of the benchmark."""
    if voice != "real":
        return spoken(language, voice)[HALVES.index(half) :: 2]
    if language != "en":
        found = [one for one in prompts(language) if 2.5 < one.seconds < 14 and _plain(one.text)]
    else:
        found = list(utterances(data)) if data else []
    return [one for one in found if _half_of(one) == half]


def _half_of(one: Saying) -> Half:
    """Return the half of a saying. English readers are in one half only."""
    key = one.voice if one.language == "en" else one.text
    return HALVES[hashlib.sha256(key.encode()).digest()[0] % 2]


def _plain(text: str) -> bool:
    return not any(sign.isdigit() for sign in text)


class Checker:
    """Plain Whisper, which decides whether a part is recognized rightly by itself."""

    def __init__(self, model: Path) -> None:
        """Load the model from its directory."""
        from faster_whisper import WhisperModel  # noqa: PLC0415 - takes seconds

        self._model = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)

    def recognize(self, samples: Samples) -> tuple[str, str]:
        """Return the language and the text found by Whisper."""
        found: tuple[str, str] = kept(("plain", digest(samples)), lambda: self._recognized(samples))
        return found

    def _recognized(self, samples: Samples) -> tuple[str, str]:
        found, info = self._model.transcribe(
            samples, beam_size=5, condition_on_previous_text=False, vad_filter=True
        )
        return info.language, " ".join(segment.text for segment in found)

    def gets_right(self, samples: Samples, language: str, text: str) -> bool:
        """Return whether language and words are right, but for a few errors."""
        found, words = self.recognize(samples)
        if found != language:
            return False
        errors = count_errors(words_of(text, language), words_of(words, language))
        return errors.rate <= _RIGHT


class Composer:
    """Composition of mixtures from parts that the model gets right by themselves."""

    def __init__(self, half: Half, checker: Checker, data: Path | None) -> None:
        self._half = half
        self._checker = checker
        self._random = np.random.default_rng(HALVES.index(half) + 11)
        self._pool = {
            voice: found for voice in VOICES[half] if (found := sayings(half, *voice, data))
        }

    def mixtures(self, count: int) -> Iterator[Mixture]:
        """Yield mixtures with and without pauses, of one voice and of several."""
        for number in range(count):
            pauses, one_voice, languages = (
                number % 2 == 0,
                number // 2 % 2 == 0,
                2 + number % 3 // 2,
            )
            chosen = self._chosen(one_voice=one_voice, languages=languages)
            kind = (
                f"{languages} languages, {'one voice' if one_voice else 'several voices'},"
                f" {'pauses' if pauses else 'no pauses'}"
            )
            yield self._compose(f"{self._half}-{number:02}", kind, chosen, pauses=pauses)

    def _chosen(self, *, one_voice: bool, languages: int) -> list[Saying]:
        """Return parts in turn by voices in different languages. No saying occurs twice."""
        while True:
            voices = self._voices(one_voice=one_voice, languages=languages)
            if len(voices) < languages:
                continue
            count = int(self._random.integers(languages, 6))
            used: set[str] = set()
            found = [self._part(voices[number % languages], used) for number in range(count)]
            chosen = [part for part in found if part is not None]
            if len(chosen) == count:
                return chosen

    def _voices(self, *, one_voice: bool, languages: int) -> list[tuple[str, str]]:
        """Return voices in different languages. One voice in all of them is synthesized."""
        names = sorted({name for _, name in self._pool})
        name = names[self._random.integers(len(names))] if one_voice else ""
        chosen: list[tuple[str, str]] = []
        for index in self._random.permutation(len(self._pool)):
            language, voice = list(self._pool)[index]
            if language in {other for other, _ in chosen}:
                continue
            if one_voice:
                fits = voice == name != "real"
            else:
                fits = voice == "real" or voice not in {other for _, other in chosen}
            if fits:
                chosen.append((language, voice))
        return chosen[:languages]

    def _part(self, voice: tuple[str, str], used: set[str]) -> Saying | None:
        for _ in range(_TRIES):
            wanted = float(np.exp(self._random.uniform(np.log(_SHORTEST), np.log(_LONGEST))))
            fresh = [one for one in self._pool[voice] if one.text not in used]
            order = [fresh[index] for index in self._random.permutation(len(fresh))]
            lengths = list(itertools.accumulate(one.seconds + 0.3 for one in order))
            count = 1 + sum(length < wanted for length in lengths[:-1])
            chosen = order[:count]
            if not chosen or not _SHORTEST <= lengths[count - 1] <= _LONGEST:
                continue
            samples = joined(chosen, float(self._random.uniform(0.2, 0.6)))
            text = " ".join(one.text for one in chosen)
            if len(samples) >= _SHORTEST * SAMPLE_RATE and self._checker.gets_right(
                samples, voice[0], text
            ):
                used.update(one.text for one in chosen)
                return Saying(language=voice[0], voice=voice[1], text=text, samples=samples)
        return None

    def _compose(self, name: str, kind: str, chosen: Sequence[Saying], *, pauses: bool) -> Mixture:
        pieces: list[Samples] = []
        parts: list[Part] = []
        position = 0
        for saying in chosen:
            gap = round(self._random.uniform(0.3, 1.5) * SAMPLE_RATE) if pauses and parts else 0
            pieces += [np.zeros(gap, np.float32), saying.samples]
            start = position + gap
            position = start + len(saying.samples)
            parts.append(
                Part(
                    language=saying.language,
                    voice=saying.voice,
                    text=saying.text,
                    start=start / SAMPLE_RATE,
                    end=position / SAMPLE_RATE,
                )
            )
        return Mixture(name=name, kind=kind, parts=tuple(parts), samples=np.concatenate(pieces))


def mixture_with_passage(half: Half, text: str, samples: Samples) -> Mixture:
    """Return English of some minutes with two sentences of German or French in its middle."""
    language, voice = ("de", "ff_siwis") if half == "tuning" else ("fr", "ff_siwis")
    chosen = spoken(language, voice)[HALVES.index(half) :: 2][:2]
    passage = joined(chosen, 0.4)
    place = quietest_place(samples, len(samples) // 2)
    pieces = [samples[:place], passage, samples[place:]]
    edges = [0.0, *(edge / SAMPLE_RATE for edge in np.cumsum([len(piece) for piece in pieces]))]
    said = (
        ("en", "real", text),
        (language, voice, " ".join(one.text for one in chosen)),
        ("en", "real", ""),
    )
    parts = tuple(
        Part(language=code, voice=name, text=words, start=start, end=end)
        for (code, name, words), (start, end) in zip(said, itertools.pairwise(edges), strict=True)
    )
    return Mixture(
        name=f"{half}-long",
        kind="a passage within minutes",
        parts=parts,
        samples=np.concatenate(pieces),
    )


def quietest_place(samples: Samples, near: int) -> int:
    """Return the quietest place within 10 s after a sample, where a sentence may end."""
    hop = SAMPLE_RATE // 4
    sound = samples[near : near + 40 * hop]
    levels = np.square(sound[: len(sound) // hop * hop]).reshape(-1, hop).mean(axis=1)
    return near + int(np.argmin(levels)) * hop + hop // 2
