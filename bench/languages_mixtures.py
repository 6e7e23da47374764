"""Recordings in several languages, composed of speech that the model gets right by itself.

The mixtures of `tuning` and `held-out` share no sentence and no telephone prompt. Decisions are
tuned on `tuning`, and `held-out` shows how well they carry over. In `native`, every voice speaks
its own language: the people of `held-out` and others, and synthesized voices with other sentences.
"""

import functools
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bench import languages_voices
from bench.languages_cache import digest, kept, version_of
from bench.languages_voices import (
    Saying,
    dialogs,
    is_native,
    joined,
    prompts,
    spoken,
    utterances,
)
from bench.metrics import count_errors
from common.audio.resampling import SAMPLE_RATE, Samples

Half = Literal["tuning", "held-out", "native"]
HALVES: tuple[Half, ...] = ("tuning", "held-out", "native")
#: Voices of people: prompts of a telephone or a read book, English prompts, and actors.
PEOPLE = frozenset({"real", "prompts", "actors"})

#: Voices per half: language and name. Others than those of people are synthesized.
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
    "native": (
        ("en", "real"), ("es", "real"), ("fr", "real"), ("it", "real"), ("ru", "real"),
        ("en", "prompts"), ("nl", "actors"),
        ("de", "pico"), ("en", "pico"), ("es", "pico"), ("fr", "pico"), ("it", "pico"),
        ("en", "af_heart"), ("pt", "pm_alex"), ("zh", "zm_yunxi"),
    ),
}  # fmt: skip
#: Shortest and longest part, in seconds.
_SHORTEST = 5.0
_LONGEST: dict[Half, float] = {"tuning": 40.0, "held-out": 40.0, "native": 20.0}
#: One of so many lines of actors is taken, since decoding all of them takes minutes.
_DIALOGS = 8
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

    @property
    def kind(self) -> str:
        """Kind of voice: of a person, or synthesized in its own or in a foreign language."""
        if self.voice in PEOPLE:
            return "real people"
        return "own language" if is_native(self.language, self.voice) else "foreign language"


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

    def part_at(self, moment: float) -> Part:
        """Return the part at a moment, or nearest to it."""
        return min(self.parts, key=lambda part: max(part.start - moment, moment - part.end, 0.0))


def words_of(text: str, language: str) -> list[str]:
    """Return comparable words of a text, or characters where a language writes no blanks."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    words = re.sub(r"[^\w]+", " ", bare).split()
    return list("".join(words).translate(_SIMPLIFIED)) if language == "zh" else words


def sayings(half: Half, language: str, voice: str, data: Path | None) -> list[Saying]:
    """Return the sayings of a voice in one half of the benchmark."""
    if voice not in PEOPLE:
        if half == "native":
            return spoken(language, voice, "held_out")
        return spoken(language, voice)[HALVES.index(half) :: 2]
    known: Half = "held-out" if half == "native" else half
    if (language, voice) == ("en", "real"):
        return [one for one in utterances(data) if _half_of(one.voice) == known] if data else []

    def wanted(text: str) -> bool:
        in_half = voice == "prompts" or _half_of(text) == known
        return in_half and not any(map(str.isdigit, text))

    if voice == "actors":
        found = dialogs(language, wanted=lambda text: _number_of(text) % _DIALOGS == 0)
    else:
        found = prompts(language, wanted=wanted)
    return [one for one in found if 2.5 < one.seconds < 14]


def _half_of(key: str) -> Half:
    """Return the half of a text, or of an English reader."""
    return HALVES[_number_of(key) % 2]


def _number_of(key: str) -> int:
    return hashlib.sha256(key.encode()).digest()[0]


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
        self._data = data
        self._random = np.random.default_rng(HALVES.index(half) + 11)
        self._voices = [voice for voice in VOICES[half] if data or voice != ("en", "real")]
        self._found: dict[tuple[str, str], list[Saying]] = {}

    def mixtures(self, count: int, first: int = 0) -> Iterator[Mixture]:
        """Yield mixtures with and without pauses, of one voice and of several.

        Those of `native` do not depend on the ones before, so they may start at any number.
        """
        for number in range(first, first + count):
            if self._half == "native":
                self._random = np.random.default_rng((HALVES.index(self._half) + 11, number))
            pauses, one_voice, languages = (
                number % 2 == 0,
                number // 2 % 2 == 0 and self._half != "native",
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
            voices = self._chosen_voices(one_voice=one_voice, languages=languages)
            if len(voices) < languages:
                continue
            count = int(self._random.integers(languages, 6))
            used: set[str] = set()
            found = [self._part(voices[number % languages], used) for number in range(count)]
            chosen = [part for part in found if part is not None]
            if len(chosen) == count:
                return chosen

    def _chosen_voices(self, *, one_voice: bool, languages: int) -> list[tuple[str, str]]:
        """Return voices in different languages. One voice in all of them is synthesized."""
        if self._half == "native":
            return self._native_voices(languages)
        names = sorted({name for _, name in self._voices})
        name = names[self._random.integers(len(names))] if one_voice else ""
        chosen: list[tuple[str, str]] = []
        for index in self._random.permutation(len(self._voices)):
            language, voice = self._voices[index]
            if language in {other for other, _ in chosen}:
                continue
            if one_voice:
                fits = voice == name != "real"
            else:
                fits = voice in PEOPLE or voice not in {other for _, other in chosen}
            if fits:
                chosen.append((language, voice))
        return chosen[:languages]

    def _native_voices(self, languages: int) -> list[tuple[str, str]]:
        """Return a voice of each of several languages. All languages are equally likely."""
        names = sorted({language for language, _ in self._voices})
        chosen = [names[index] for index in self._random.permutation(len(names))[:languages]]
        found = [[voice for voice in self._voices if voice[0] == language] for language in chosen]
        return [voices[self._random.integers(len(voices))] for voices in found]

    def _sayings(self, voice: tuple[str, str]) -> list[Saying]:
        if voice not in self._found:
            make = functools.partial(sayings, self._half, *voice, self._data)
            # Decoding thousands of prompts takes a minute.
            key = ("sayings", self._half, *voice, self._data, version_of(languages_voices))
            self._found[voice] = kept(key, make) if voice[1] in PEOPLE else make()
        return self._found[voice]

    def _part(self, voice: tuple[str, str], used: set[str]) -> Saying | None:
        longest = _LONGEST[self._half]
        for _ in range(_TRIES):
            wanted = float(np.exp(self._random.uniform(np.log(_SHORTEST), np.log(longest))))
            fresh = [one for one in self._sayings(voice) if one.text not in used]
            order = [fresh[index] for index in self._random.permutation(len(fresh))]
            lengths = list(itertools.accumulate(one.seconds + 0.3 for one in order))
            count = 1 + sum(length < wanted for length in lengths[:-1])
            chosen = order[:count]
            if not chosen or not _SHORTEST <= lengths[count - 1] <= longest:
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
