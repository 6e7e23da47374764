"""Precision and recall of the filter of loops, on labeled speech and on provoked loops.

    python -m bench.repetition [--data DIR] [--held-out]

Sound is decoded without a detector of speech, which keeps most provocations from Whisper. Only
decodings that repeat themselves count, since the filter leaves others alone.
"""

import argparse
import itertools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import repetition_corpus, repetition_held_out
from bench.languages_mixtures import words_of
from bench.languages_voices import SOURCES
from bench.repetition_corpus import Case
from common.models.store import DEFAULT_MODEL_DIR, ModelStore
from transcriber.worker.engines import invention

#: Words of speech that is cut off may be placed so many seconds after its end.
_SLACK = 0.5
#: Ratio of the length of a text to that of its compressed form from which it repeats itself.
REPETITIVE = 2.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Words of decodings that repeat themselves, by truth and decision."""

    kept_said: int = 0
    kept_invented: int = 0
    dropped_said: int = 0
    dropped_invented: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            kept_said=self.kept_said + other.kept_said,
            kept_invented=self.kept_invented + other.kept_invented,
            dropped_said=self.dropped_said + other.dropped_said,
            dropped_invented=self.dropped_invented + other.dropped_invented,
        )

    @property
    def precision(self) -> float:
        """Share of invented words among dropped ones."""
        dropped = self.dropped_said + self.dropped_invented
        return self.dropped_invented / dropped if dropped else 1.0

    @property
    def recall(self) -> float:
        """Share of dropped words among invented ones."""
        invented = self.kept_invented + self.dropped_invented
        return self.dropped_invented / invented if invented else 1.0


def measure(case: Case, decoded: Sequence[Any]) -> tuple[Counts, Counts]:
    """Return the counts of the filter, and those of a filter that drops all repetition."""
    repeating = [segment for segment in decoded if segment.compression_ratio > REPETITIVE]
    words = [word for segment in repeating for word in segment.words or ()]
    kept = {id(word) for _, spoken in invention.said(repeating) for word in spoken}
    said = _said(case, words)
    pairs = Counter((id(word) in kept, true) for word, true in zip(words, said, strict=True))
    ours = Counts(
        kept_said=pairs[True, True],
        kept_invented=pairs[True, False],
        dropped_said=pairs[False, True],
        dropped_invented=pairs[False, False],
    )
    return ours, Counts(dropped_said=sum(said), dropped_invented=len(said) - sum(said))


def _said(case: Case, words: Sequence[Any]) -> list[bool]:
    """Return which words were said. Words beyond those of the text are invented."""
    if not case.text:
        return [False] * len(words)
    within = [word for word in words if word.start <= case.end + _SLACK]
    reference = words_of(case.text, case.language)
    heard = ["".join(words_of(word.word, case.language)) for word in within]
    true = _aligned(reference, heard)
    return [*true, *[False] * (len(words) - len(within))]


def _aligned(reference: Sequence[str], heard: Sequence[str]) -> list[bool]:
    """Return which heard words stand for one of the reference, rightly or not, the earliest."""
    costs = [[0] * (len(heard) + 1) for _ in range(len(reference) + 1)]
    for row in range(len(reference) + 1):
        for column in range(len(heard) + 1):
            if not row or not column:
                costs[row][column] = row + column
                continue
            other = reference[row - 1] != heard[column - 1]
            costs[row][column] = min(
                costs[row - 1][column - 1] + other,
                costs[row - 1][column] + 1,
                costs[row][column - 1] + 1,
            )
    true = [False] * len(heard)
    row, column = len(reference), len(heard)
    while column:
        if costs[row][column] == costs[row][column - 1] + 1:
            column -= 1
        elif row and costs[row][column] == costs[row - 1][column] + 1:
            row -= 1
        else:
            row, column = row - 1, column - 1
            true[column] = True
    return true


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.repetition",
        description="Measure the filter of loops on labeled speech and on provoked loops.",
    )
    parser.add_argument("--data", type=Path, help="directory with utterances of LibriSpeech")
    parser.add_argument("--held-out", action="store_true", help="sounds that adjusted no rule")
    chosen = parser.parse_args()
    corpus = repetition_held_out if chosen.held_out else repetition_corpus
    print(*SOURCES, sep="\n")
    totals: dict[str, list[Counts]] = {"this filter": [], "all repetition dropped": []}
    decode = decoder()
    for case in itertools.chain(corpus.repetitions(chosen.data), corpus.provocations(chosen.data)):
        ours, every = measure(case, decode(case))
        if every != Counts():
            totals["this filter"].append(ours)
            totals["all repetition dropped"].append(every)
            print(f"{case.language:<4} {case.name:<28} {_row(ours)}", flush=True)
    for name, counts in totals.items():
        total = sum(counts, Counts())
        print(
            f"{name}: {len(counts)} decodings, precision {total.precision:.3f},"
            f" recall {total.recall:.3f}, {_row(total)}"
        )


def decoder() -> Callable[[Case], list[Any]]:
    """Return a function that decodes a case as the engine does, but without detecting speech."""
    from faster_whisper import WhisperModel  # noqa: PLC0415 - after the help text

    store = ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR))
    model = WhisperModel(
        str(store.recognition("base").directory), device="cpu", compute_type="int8", cpu_threads=1
    )
    options = {
        "beam_size": 5,
        "condition_on_previous_text": False,
        "word_timestamps": True,
        "compression_ratio_threshold": None,
    }
    return lambda case: list(model.transcribe(case.samples, language=case.language, **options)[0])


def _row(counts: Counts) -> str:
    said = counts.kept_said + counts.dropped_said
    invented = counts.kept_invented + counts.dropped_invented
    return (
        f"kept {counts.kept_said} of {said} words that were said,"
        f" dropped {counts.dropped_invented} of {invented} that were not"
    )


if __name__ == "__main__":
    main()
