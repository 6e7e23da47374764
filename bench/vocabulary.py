"""Names right with a vocabulary, and right words spoiled by it.

    python -m bench.vocabulary [--data DIR]

Sentences with 100 made-up names are recognized plainly, with terms, with corrections, and with
both. Corrections are learned from other sentences, as a person makes them. Terms are those of the
recording, with others up to what the prompt takes. `--data` adds read English without any of the
names, so every change of a right word is one too many.
"""

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from bench.languages_cache import CachedRecognizer
from bench.languages_voices import SOURCES, joined, level, utterances
from bench.vocabulary_corpus import LANGUAGE, LEARN, TEST, Sentence, names, sentences
from common.audio.resampling import SAMPLE_RATE, Samples
from common.models.store import DEFAULT_MODEL_DIR, ModelStore
from transcriber.vocabulary import hot_words, units
from transcriber.vocabulary.entries import NewCorrection
from transcriber.vocabulary.matching import Matcher
from transcriber.worker.engines.faster_whisper import FasterWhisperSettings, WhisperRecognizer
from transcriber.worker.engines.informed import InformedRecognizer
from transcriber.worker.engines.protocol import RecognitionOptions
from transcriber.worker.engines.voice_activity import Span

#: Sentences per recording, and the pause between them in seconds.
_SENTENCES, _PAUSE = 5, 0.8
_SILENT_SECONDS = 20
_MOST_WORDS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """Sentences one after the other, as sound, and their names."""

    text: str
    names: tuple[str, ...]
    samples: Samples


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Words of a text recognized right, by their places in it."""

    right: frozenset[int]
    total: int


class Speech:
    """The recognizer with its cache."""

    def __init__(self, recognizer: CachedRecognizer, *, directly: bool = False) -> None:
        """With `directly`, all words are those of the decoding with terms."""
        self._recognizer = recognizer if directly else InformedRecognizer(recognizer)

    def text(self, samples: Samples, terms: Sequence[str] = ()) -> str:
        """Return the text of a recording."""
        return self.text_at(samples, self._recognizer.find_speech(samples), terms)

    def text_at(self, samples: Samples, spans: Sequence[Span], terms: Sequence[str]) -> str:
        """Return the text of stretches of a recording."""
        options = RecognitionOptions(language=LANGUAGE, phrases=tuple(terms))
        found = self._recognizer.transcribe(samples, spans, LANGUAGE, options)
        return " ".join(segment.text for segment in found)


def recordings(part: str) -> Iterator[Recording]:
    """Yield the sentences of a part as recordings of one voice each."""
    by_voice: dict[str, list[Sentence]] = {}
    for sentence in sentences(part):
        by_voice.setdefault(sentence.voice, []).append(sentence)
    for spoken in by_voice.values():
        for group in _groups(spoken):
            yield Recording(
                text=" ".join(sentence.text for sentence in group),
                names=tuple(name for sentence in group for name in sentence.names),
                samples=joined([sentence.spoken() for sentence in group], _PAUSE),
            )


def _groups(spoken: Sequence[Sentence]) -> Iterator[Sequence[Sentence]]:
    for first in range(0, len(spoken), _SENTENCES):
        yield spoken[first : first + _SENTENCES]


def terms_for(recording: Recording) -> tuple[str, ...]:
    """Return the terms of a recording, and others as far as the prompt takes them."""
    return hot_words.choose((), [*recording.names, *names()])


def learned(reference: str, heard: str, wanted: Iterable[str]) -> Iterator[NewCorrection]:
    """Yield corrections as a person makes them by comparing a text with the sound."""
    said, found = _words(reference), _words(heard)
    matches = {
        block.a + step: block.b + step
        for block in SequenceMatcher(None, said, found, autojunk=False).get_matching_blocks()
        for step in range(block.size)
    }
    spans = units.split(heard)
    for name in wanted:
        parts = _words(name)
        place = _find(said, parts)
        before = matches.get(place - 1, -1) if place else -1
        after = matches.get(place + len(parts), len(found))
        if 0 < after - before - 1 <= _MOST_WORDS:
            text = heard[spans[before + 1].start : spans[after - 1].end]
            if text != name:
                yield NewCorrection(heard=text, meant=name)


def corrected(matcher: Matcher[NewCorrection], text: str) -> str:
    """Return a text with corrections."""
    parts, position = [], 0
    for match in matcher.matches(text, LANGUAGE):
        parts += [text[position : match.start], match.text]
        position = match.end
    return "".join((*parts, text[position:]))


def names_right(recording: Recording, heard: str) -> int:
    """Return how many names of a recording a text has."""
    found = _words(heard)
    return sum(_find(found, _words(name)) >= 0 for name in recording.names)


def other_words(recording: Recording, heard: str) -> Words:
    """Return which words besides the names are right."""
    said = _words(recording.text)
    named: set[int] = set()
    for name in recording.names:
        parts = _words(name)
        place = _find(said, parts)
        named.update(range(place, place + len(parts)))
    right = _right(said, _words(heard)) - named
    return Words(right=frozenset(right), total=len(said) - len(named))


def measure(speech: Speech) -> list[NewCorrection]:
    """Print the shares of right names and spoiled words. Return the learned corrections."""
    rules: dict[str, NewCorrection] = {}
    for recording in recordings(LEARN):
        heard = speech.text(recording.samples)
        for rule in learned(recording.text, heard, recording.names):
            rules.setdefault(rule.key, rule)
    print(f"{len(rules)} corrections learned, for example:")
    for rule in list(rules.values())[:5]:
        print(f"  {rule.heard} → {rule.meant}")
    matcher = Matcher(rules.values())
    right: dict[str, int] = {}
    spoiled: dict[str, int] = {}
    mended: dict[str, int] = {}
    total = 0
    for recording in recordings(TEST):
        plain = speech.text(recording.samples)
        informed = speech.text(recording.samples, terms_for(recording))
        before = other_words(recording, plain)
        total += len(before.right)
        for kind, text in {
            "plain": plain,
            "terms": informed,
            "corrections": corrected(matcher, plain),
            "both": corrected(matcher, informed),
        }.items():
            after = other_words(recording, text)
            right[kind] = right.get(kind, 0) + names_right(recording, text)
            spoiled[kind] = spoiled.get(kind, 0) + len(before.right - after.right)
            mended[kind] = mended.get(kind, 0) + len(after.right - before.right)
    for kind, count in right.items():
        share = 100 * spoiled[kind] / total
        print(
            f"{kind:<12} names right {count:3} of {len(names())}  right words spoiled"
            f" {spoiled[kind]:3} of {total} = {share:.2f} %, others mended {mended[kind]}"
        )
    return list(rules.values())


def measure_elsewhere(speech: Speech, rules: Sequence[NewCorrection], data: Path) -> None:
    """Print the harm of corrections and terms to read English without any of the names."""
    matcher = Matcher(rules)
    texts = [one.text for one in utterances(data)]
    words = sum(len(_words(text)) for text in texts)
    changed = [(text, corrected(matcher, text)) for text in texts]
    spoiled = sum(len(_words(a)) - len(_right(_words(a), _words(b))) for a, b in changed)
    print(f"read English: corrections spoil {spoiled} of {words} right words")
    terms = hot_words.choose((), names())
    right = lost = won = invented = 0
    for one in utterances(data):
        plain, informed = speech.text(one.samples), speech.text(one.samples, terms)
        before, after = (_right(_words(one.text), _words(text)) for text in (plain, informed))
        right += len(before)
        lost += len(before - after)
        won += len(after - before)
        said = _words(one.text)
        for place in sorted(before - after):
            print(f"  spoiled by terms: {' '.join(said[max(0, place - 2) : place + 3])}")
        invented += _named(informed)
    print(
        f"read English: {len(terms)} terms that nobody says spoil {lost} of {right} right words,"
        f" mend {won}, and are invented {invented} times"
    )


def measure_silence(speech: Speech) -> None:
    """Print how often terms are invented where nobody speaks."""
    terms = hot_words.choose((), names())
    for kind, samples in silences():
        whole = [Span(start=0, end=len(samples))]
        detected = [_named(speech.text(samples, given)) for given in ((), terms)]
        forced = [speech.text_at(samples, whole, given) for given in ((), terms)]
        print(
            f"{kind:<14} with the detector of speech {detected[1]} terms, without it"
            f" {len(_words(forced[0]))} words plainly and {len(_words(forced[1]))} with terms,"
            f" {_named(forced[1])} of them terms"
        )


def silences() -> Iterator[tuple[str, Samples]]:
    """Yield sounds without speech."""
    random = np.random.default_rng(7)
    size = _SILENT_SECONDS * SAMPLE_RATE
    time = np.arange(size) / SAMPLE_RATE
    noise = random.standard_normal(size)
    steps = np.array([262, 294, 330, 392, 440])[random.integers(0, 5, size // 4000 + 1)]
    pitch = np.repeat(steps, 4000)[:size]
    yield "silence", np.zeros(size, np.float32)
    yield "faint noise", (0.001 * noise).astype(np.float32)
    yield "loud noise", level(noise.astype(np.float32))
    yield "hum", level(np.sin(2 * np.pi * 50 * time).astype(np.float32))
    yield "melody", level(np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE).astype(np.float32))
    clicks = np.zeros(size, np.float32)
    clicks[:: SAMPLE_RATE // 3] = 0.5
    yield "clicks", clicks


def _named(text: str) -> int:
    found = _words(text)
    return sum(_find(found, _words(name)) >= 0 for name in names())


def _words(text: str) -> list[str]:
    return [unit.folded for unit in units.split(text)]


def _find(words: Sequence[str], parts: Sequence[str]) -> int:
    """Return the place of consecutive words, -1 if they are not there."""
    places = range(len(words) - len(parts) + 1)
    return next((at for at in places if words[at : at + len(parts)] == parts), -1)


def _right(said: Sequence[str], heard: Sequence[str]) -> set[int]:
    matcher = SequenceMatcher(None, said, heard, autojunk=False)
    return {block.a + step for block in matcher.get_matching_blocks() for step in range(block.size)}


def main() -> None:
    """Print all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    model = ModelStore(Path(os.environ.get("MODEL_DIR", DEFAULT_MODEL_DIR))).recognition("base")
    recognizer = CachedRecognizer(WhisperRecognizer(model, FasterWhisperSettings(threads=2)))
    print("\n".join(SOURCES[1:2]))
    for kind, one in {
        "all words of the decoding with terms": Speech(recognizer, directly=True),
        "only terms of it, as in the product": Speech(recognizer),
    }.items():
        print(f"{kind}:")
        rules = measure(one)
        if options.data:
            measure_elsewhere(one, rules, options.data)
        measure_silence(one)
    print(f"CPU {recognizer.cpu:.0f} s")


if __name__ == "__main__":
    main()
