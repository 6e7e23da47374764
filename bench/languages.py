"""Languages of recordings: mixtures of languages, and what looking for them costs in one.

    python -m bench.languages [--data DIR] [--half tuning|held-out|native] [--mixtures N] [--plain]

Mixtures are made of parts that plain Whisper gets right by themselves, so each wrong language is
that of a decision. The share of words in a wrong language is by time, from the construction. The
same recordings in one language for all show the gain. Recordings in one language are recognized
with and without the language given: the difference is the loss.
"""

import argparse
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.languages_cache import CachedRecognizer
from bench.languages_mixtures import (
    HALVES,
    Checker,
    Composer,
    Half,
    Mixture,
    mixture_with_passage,
    sayings,
    words_of,
)
from bench.languages_voices import SOURCES, Saying, joined, utterances
from bench.metrics import WordErrors, count_errors
from bench.recordings import in_directory
from common.audio.decoding import decode
from common.audio.resampling import SAMPLE_RATE, Samples
from common.models.store import DEFAULT_MODEL_DIR, ModelStore
from transcriber.worker.engines.faster_whisper import FasterWhisperSettings, WhisperRecognizer
from transcriber.worker.engines.protocol import Recognition, RecognitionOptions
from transcriber.worker.engines.windowed import WindowedEngine

#: Share of words in a wrong language that a mixture should not exceed.
_AIM = 0.02
#: Recordings in one language: languages and voices, and their length in seconds.
_SEQUENCES = (
    ("fr", "real"), ("es", "real"), ("ru", "real"), ("it", "real"), ("de", "pico"),
    ("nl", "actors"), ("en", "prompts"),
)  # fmt: skip
_SEQUENCE_SECONDS = 120.0
#: Measurements to choose from.
_CASES = ("mixtures", "utterances", "meeting", "prompts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Time of words, of those in a wrong language, and word errors."""

    seconds: float
    wrong: float
    errors: int
    words: int
    cpu: float

    def __add__(self, other: "Score") -> "Score":
        return Score(
            seconds=self.seconds + other.seconds,
            wrong=self.wrong + other.wrong,
            errors=self.errors + other.errors,
            words=self.words + other.words,
            cpu=self.cpu + other.cpu,
        )

    def __str__(self) -> str:
        return (
            f"wrong {self.wrong:6.2f} s of {self.seconds:7.1f} s"
            f" = {100 * self.wrong / max(self.seconds, 1e-9):5.2f} %"
            f"  WER {100 * self.errors / max(self.words, 1):5.2f} %  CPU {self.cpu:6.1f} s"
        )


NOTHING = Score(seconds=0.0, wrong=0.0, errors=0, words=0, cpu=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Monolingual:
    """A recording in one language, with its text."""

    name: str
    language: str
    text: str
    samples: Samples


def recognize(
    recognizer: CachedRecognizer, samples: Samples, language: str | None
) -> tuple[Recognition, float]:
    """Return a recognition and the CPU seconds that the model took for it."""
    engine = WindowedEngine(
        recognizer,
        model="base",
        model_version="",
        languages=recognizer.languages,
        window_seconds=FasterWhisperSettings().window_seconds,
    )
    before = recognizer.cpu
    options = RecognitionOptions(language=language)
    found = engine.recognize_samples(samples, options, cancelled=lambda: False)
    return found, recognizer.cpu - before


def times(mixture: Mixture, found: Recognition) -> dict[str, tuple[float, float]]:
    """Return the time of words by kind of voice, and of those in a language nobody speaks there.

    A word is that of the part at its middle.
    """
    totals: dict[str, tuple[float, float]] = {}
    for segment in found.segments:
        for word in segment.words:
            part = mixture.part_at((word.start + word.end) / 2)
            length = word.end - word.start
            seconds, wrong = totals.get(part.kind, (0.0, 0.0))
            is_wrong = part.language != segment.language
            totals[part.kind] = seconds + length, wrong + length * is_wrong
    return totals


def score(mixture: Mixture, found: Recognition, cpu: float) -> Score:
    """Return the time of words, that of words in a language nobody speaks there, and errors."""
    rows = times(mixture, found).values()
    seconds, wrong = sum(row[0] for row in rows), sum(row[1] for row in rows)
    reference = [word for part in mixture.parts for word in words_of(part.text, part.language)]
    heard = [word for one in found.segments for word in words_of(one.text, one.language)]
    return _score(count_errors(reference, heard), seconds, wrong, cpu)


def _score(errors: WordErrors, seconds: float, wrong: float, cpu: float) -> Score:
    return Score(
        seconds=seconds,
        wrong=wrong,
        errors=errors.substitutions + errors.deletions + errors.insertions,
        words=errors.words,
        cpu=cpu,
    )


def measure_mixtures(
    recognizer: CachedRecognizer, mixtures: Iterator[Mixture], *, plain: bool
) -> None:
    """Print the scores of mixtures, with `plain` also of one language for all of each."""
    totals = {"by stretches": NOTHING, "one language for all": NOTHING}
    kinds: dict[str, list[tuple[float, float]]] = {}
    good = count = 0
    for mixture in mixtures:
        found, cpu = recognize(recognizer, mixture.samples, None)
        ours = score(mixture, found, cpu)
        totals["by stretches"] += ours
        count += 1
        good += ours.wrong <= _AIM * ours.seconds
        for kind, row in times(mixture, found).items():
            kinds.setdefault(kind, []).append(row)
        parts = " ".join(f"{part.language}:{part.end - part.start:.0f}" for part in mixture.parts)
        print(f"{mixture.name:<12} {ours}  {mixture.kind} ({parts})", *found.warnings, flush=True)
        if plain:
            lengths: dict[str, float] = {}
            for part in mixture.parts:
                lengths[part.language] = lengths.get(part.language, 0) + part.end - part.start
            longest = max(lengths, key=lambda language: lengths[language])
            found, cpu = recognize(recognizer, mixture.samples, longest)
            totals["one language for all"] += score(mixture, found, cpu)
    for name, total in totals.items():
        if total != NOTHING:
            print(f"{name:<22} {total}")
    for kind, rows in sorted(kinds.items()):
        seconds, wrong = sum(row[0] for row in rows), sum(row[1] for row in rows)
        print(f"  {kind:<20} wrong {wrong:6.2f} s of {seconds:7.1f} s")
    print(f"{good} of {count} mixtures have at most {_AIM:.0%}")


def measure_monolingual(recognizer: CachedRecognizer, recordings: Iterator[Monolingual]) -> None:
    """Print errors and cost with the language detected and with the language given."""
    for group, members in itertools.groupby(recordings, lambda one: one.name.split("/")[0]):
        detected, given = NOTHING, NOTHING
        for recording in members:
            detected += _score_of(recognizer, recording, None)
            given += _score_of(recognizer, recording, recording.language)
        print(f"{group:<12} detected {detected}\n{'':<12} given    {given}", flush=True)


def _score_of(recognizer: CachedRecognizer, recording: Monolingual, language: str | None) -> Score:
    """Return the score of a recording with a language given or not, and print doubts."""
    found, cpu = recognize(recognizer, recording.samples, language)
    heard = [word for one in found.segments for word in words_of(one.text, one.language)]
    errors = count_errors(words_of(recording.text, recording.language), heard)
    lengths = [
        (span.end - span.start, span.language == recording.language) for span in found.languages
    ]
    wrong = sum(length for length, right in lengths if not right)
    if language is None and (wrong or found.warnings):
        spans = [f"{span.language} {span.start:.0f}-{span.end:.0f}" for span in found.languages]
        print(f"  {recording.name}: {', '.join(spans)}", *found.warnings, flush=True)
    return _score(errors, sum(length for length, _ in lengths), wrong, cpu)


def read_aloud(data: Path) -> Iterator[Monolingual]:
    """Yield utterances of read English."""
    for one in utterances(data):
        yield Monolingual(
            name=f"utterances/{one.voice}", language="en", text=one.text, samples=one.samples
        )


def meetings(data: Path) -> Iterator[Monolingual]:
    """Yield meetings in English."""
    for recording in in_directory(data):
        if recording.utterances:
            samples = np.concatenate(list(decode(recording.audio)))
            yield Monolingual(name="meeting/", language="en", text=recording.text, samples=samples)


def sequences() -> Iterator[Monolingual]:
    """Yield a recording of some minutes per language, joined from prompts or sentences."""
    random = np.random.default_rng(3)
    for language, voice in _SEQUENCES:
        known = sayings("native", language, voice, None)
        order = [known[index] for index in random.permutation(len(known))]
        chosen: list[Saying] = []
        while order and sum(one.seconds for one in chosen) < _SEQUENCE_SECONDS:
            chosen.append(order.pop())
        yield Monolingual(
            name=f"{language} {voice}/",
            language=language,
            text=" ".join(one.text for one in chosen),
            samples=joined(chosen, 0.6),
        )


def passages(half: Half, data: Path | None) -> Iterator[Mixture]:
    """Yield minutes of English with ten seconds in another language."""
    for recording in in_directory(data) if data else ():
        if recording.utterances:
            samples = np.concatenate(list(decode(recording.audio)))
            yield mixture_with_passage(half, recording.text, samples[: 300 * SAMPLE_RATE])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.languages",
        description="Measure recognition of recordings in several languages and in one.",
    )
    parser.add_argument("--data", type=Path, help="directory with utterances of LibriSpeech")
    parser.add_argument("--half", choices=HALVES, default="held-out")
    parser.add_argument("--mixtures", type=int, default=24, help="number of mixtures")
    parser.add_argument("--first", type=int, default=0, help="number of the first native mixture")
    parser.add_argument("--plain", action="store_true", help="also one language for all")
    parser.add_argument("--only", choices=_CASES)
    chosen = parser.parse_args(arguments)
    print(*SOURCES, sep="\n")
    model = ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR)).recognition("base")
    recognizer = CachedRecognizer(WhisperRecognizer(model, FasterWhisperSettings()))
    cases = (chosen.only,) if chosen.only else _CASES
    if "mixtures" in cases:
        composer = Composer(chosen.half, Checker(model.directory), chosen.data)
        measure_mixtures(
            recognizer, composer.mixtures(chosen.mixtures, chosen.first), plain=chosen.plain
        )
        if chosen.half != "native":
            measure_mixtures(recognizer, passages(chosen.half, chosen.data), plain=False)
    if "utterances" in cases and chosen.data:
        measure_monolingual(recognizer, read_aloud(chosen.data))
    if "meeting" in cases and chosen.data:
        measure_monolingual(recognizer, meetings(chosen.data))
    if "prompts" in cases:
        measure_monolingual(recognizer, sequences())


if __name__ == "__main__":
    main()
