"""Precision and recall of echoes found in calls with one party per channel.

    python -m bench.echo [--data DIR] [--models DIR] [--cache DIR] [--skip N]
        [--conversations N]

DIR has recordings of one voice each in its subdirectory strangers. Conversations are composed of
pairs of them, with a quarter of the turns beginning before the other party has finished. Each is
mixed with echoes of random level, delay, room and codec, recognized, and searched for echoes. A
second set has no echo in its critical lines: another voice says the same words at the same time or
after a while.
"""

import argparse
import dataclasses
import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.echo_corpus import (
    SAMPLE_RATE,
    Conversation,
    Echo,
    Mixture,
    Samples,
    conversations,
    echoed,
    mixtures,
)
from common.audio.envelope import envelope_of
from common.models.store import DEFAULT_MODEL_DIR, ModelStore
from transcriber.worker.echoes.finder import EchoFinder
from transcriber.worker.echoes.likeness import alike, normalized
from transcriber.worker.engines.faster_whisper import FasterWhisperEngine, FasterWhisperSettings
from transcriber.worker.engines.protocol import (
    RecognitionOptions,
    RecognizedSegment,
    RecognizedWord,
)

#: A recognizer places a word of two mixtures up to so many seconds apart.
_SAME_TIME = 0.6
#: Parties that say the same: seconds after the other, and decibels against the other.
_SHIFTS = (0.0, 0.1, 0.2, 0.4, 0.6, 1.0, 2.0)
_LOUDNESS = (0.0, -6.0, -12.0)
#: How much faster the second party speaks, which also makes it another voice.
_FASTER = 1.12

OWN, ECHO, UNKNOWN = "own", "echo", "unknown"


class Recognitions:
    """Recognized segments of sounds, kept in a directory."""

    def __init__(self, models: Path, cache: Path) -> None:
        self._engine = FasterWhisperEngine(
            ModelStore(models).recognition("base"), FasterWhisperSettings()
        )
        self._cache = cache / self._engine.model_version.replace("/", "-")
        self._cache.mkdir(parents=True, exist_ok=True)

    def of(self, name: str, sound: Samples) -> list[RecognizedSegment]:
        """Return the segments of a sound, recognized now if they are not kept."""
        path = self._cache / f"{name}.json"
        if not path.exists():
            found = self._engine.recognize_samples(
                sound, RecognitionOptions(language="en"), cancelled=lambda: False
            )
            path.write_text(json.dumps([dataclasses.asdict(one) for one in found.segments]))
        return [_segment(values) for values in json.loads(path.read_text())]


def _segment(values: dict[str, object]) -> RecognizedSegment:
    words = tuple(RecognizedWord(**word) for word in values.pop("words"))  # type: ignore[attr-defined]
    return RecognizedSegment(words=words, **values)  # type: ignore[arg-type]


Said = Sequence[RecognizedSegment]


def echo_words(said: Sequence[Said], sounds: Sequence[Samples]) -> list[set[tuple[int, int]]]:
    """Return which words of each channel are echoes, as (segment, word)."""
    finder = EchoFinder(dict(enumerate(said)), lambda number: envelope_of([sounds[number]]))
    return [
        {(line.segment, word) for line in finder.echoes_in(number) for word in line.words}
        for number in range(len(said))
    ]


class Labels:
    """Origins of recognized words, from the channels without echoes."""

    def __init__(self, conversation: Conversation, clean: Sequence[Said]) -> None:
        self._turns = conversation.turns
        self._words = [[word for segment in said for word in segment.words] for said in clean]

    def of(self, word: RecognizedWord, party: int, delay: float) -> str:
        """Return whether a word in a channel is the party's own or an echo."""
        own = self._has(party, word, 0.0)
        other = self._has(1 - party, word, delay)
        if own != other:
            return OWN if own else ECHO
        middle = (word.start + word.end) / 2
        own = self._speaks(party, middle)
        other = self._speaks(1 - party, middle - delay)
        return UNKNOWN if own == other else OWN if own else ECHO

    def _has(self, party: int, word: RecognizedWord, delay: float) -> bool:
        return any(
            abs(other.start + delay - word.start) < _SAME_TIME
            and alike(normalized(other.text), normalized(word.text))
            for other in self._words[party]
        )

    def _speaks(self, party: int, moment: float) -> bool:
        return any(start - 0.1 <= moment <= end + 0.1 for start, end in self._turns[party])


def calls(
    conversation: Conversation,
    recognitions: Recognitions,
    counts: dict[str, Counter[tuple[str, bool]]],
) -> list[Said]:
    """Count words of all mixtures by (origin, dropped). Return the lines without echoes."""
    clean: list[Said] = []
    for mixture in mixtures(conversation):
        said = _said(mixture, recognitions)
        clean = clean or said
        labels = Labels(conversation, clean)
        dropped = echo_words(said, mixture.channels)
        for party, echo in enumerate(mixture.echoes):
            for segment, one in enumerate(said[party]):
                for number, word in enumerate(one.words):
                    origin = labels.of(word, party, echo.delay if echo else 0.0)
                    gone = (segment, number) in dropped[party]
                    for key in _keys(echo):
                        counts.setdefault(key, Counter())[origin, gone] += 1
    return clean


def _said(mixture: Mixture, recognitions: Recognitions) -> list[Said]:
    return [
        recognitions.of(f"{mixture.name}-{number}", sound)
        for number, sound in enumerate(mixture.channels)
    ]


def _keys(echo: Echo | None) -> Iterator[str]:
    yield "all"
    if echo is None:
        yield "channels without an echo"
        return
    yield f"level {echo.level:.0f} dB"
    yield f"delay {'up to 40 ms' if echo.delay < 0.05 else 'from 80 to 400 ms'}"
    yield "with room response" if echo.room else "without room response"
    yield f"path: {echo.path}"


def same_words(conversation: Conversation, said: Said) -> Counter[str]:
    """Count the words that a second party says like the first, and those taken for echoes.

    In every second recording the first half of the conversation has an echo as well.
    """
    counts: Counter[str] = Counter()
    first = conversation.parties[0]
    random = np.random.default_rng(int(conversation.name))
    for number, (shift, loudness) in enumerate((s, db) for s in _SHIFTS for db in _LOUDNESS):
        middle = len(first) // 2
        own = np.zeros_like(first)
        faster = np.interp(
            np.arange(0, len(first) - middle, _FASTER),
            np.arange(len(first) - middle),
            first[middle:],
        )
        begin = middle + round(shift * SAMPLE_RATE)
        faster = faster[: len(own) - begin]
        own[begin : begin + len(faster)] = faster * 10 ** (loudness / 20)
        own += 10 ** (-70 / 20) * random.standard_normal(len(own)).astype(np.float32)
        if number % 2:
            half = np.where(np.arange(len(first)) < middle, first, 0).astype(np.float32)
            own += echoed(half, Echo(level=-20, delay=0.1, room=0.3, path="clean"), random)
        lines = list(_repeated(said, middle / SAMPLE_RATE, shift, len(own) / SAMPLE_RATE))
        dropped = echo_words([said, lines], [first, own])[1]
        counts["words"] += sum(len(line.words) for line in lines)
        counts["dropped"] += len(dropped)
    return counts


def _repeated(
    said: Said, middle: float, shift: float, length: float
) -> Iterator[RecognizedSegment]:
    """Yield the lines after the middle as the second party says them."""

    def place(time: float) -> float:
        return middle + shift + (time - middle) / _FASTER

    for segment in said:
        if segment.start < middle or place(segment.end) > length:
            continue
        yield dataclasses.replace(
            segment,
            start=place(segment.start),
            end=place(segment.end),
            words=tuple(
                dataclasses.replace(word, start=place(word.start), end=place(word.end))
                for word in segment.words
            ),
        )


def table(counts: dict[str, Counter[tuple[str, bool]]]) -> str:
    """Return the counts as a table in Markdown."""
    lines = [
        "| recordings | words of echoes | dropped | own words | dropped | precision | recall |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in sorted(counts, key=lambda name: (name != "all", name)):
        count = counts[name]
        hits, misses = count[ECHO, True], count[ECHO, False]
        wrong, kept = count[OWN, True], count[OWN, False]
        lines.append(
            f"| {name} | {hits + misses} | {hits} | {wrong + kept} | {wrong} "
            f"| {_share(hits, hits + wrong)} | {_share(hits, hits + misses)} |"
        )
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure how well echoes are found.")
    parser.add_argument("--data", type=Path, default=Path("bench/data"), help="recordings")
    parser.add_argument("--models", type=Path, default=DEFAULT_MODEL_DIR, help="models")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "securetranscribe-bench" / "echo",
        help="directory for recognized words",
    )
    parser.add_argument("--skip", type=int, default=0, help="conversations to leave out first")
    parser.add_argument("--conversations", type=int, default=1000, help="how many at most")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    recognitions = Recognitions(chosen.models, chosen.cache)
    counts: dict[str, Counter[tuple[str, bool]]] = {}
    same: Counter[str] = Counter()
    stop = chosen.skip + chosen.conversations
    chosen_ones = itertools.islice(conversations(chosen.data / "strangers"), chosen.skip, stop)
    for number, conversation in enumerate(chosen_ones, 1):
        clean = calls(conversation, recognitions, counts)
        same += same_words(conversation, clean[0])
        print(f"\r{number} conversations", end="", flush=True)
    if not counts:
        raise SystemExit(f"No recordings in {chosen.data}/strangers. Pass --data.")
    print(f"\n\n{table(counts)}\n")
    print(f"Same words by another voice: {same['words']}, taken for echoes: {same['dropped']}.")


if __name__ == "__main__":
    main()
