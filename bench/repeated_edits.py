"""Speed of repeating many edits on a new machine version of a long transcript, in memory.

    python -m bench.repeated_edits [--words 100000] [--edits 10000]

The new version has other words in 5 % of the places, other borders of segments, and shifted times.
"""

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import replace

from bench.editing import random_word, spoken
from transcriber.domain.transcripts import Segment, Word
from transcriber.editing import editor
from transcriber.editing.correspondence import Labels
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.history import Entry
from transcriber.editing.machine_version import items_of
from transcriber.editing.operations import ReplaceWords
from transcriber.editing.rebase import rebase
from transcriber.names.rules import match_labels

_CHANGED = 0.05
_LONGEST = 30


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure the repetition of edits.")
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--edits", type=int, default=10_000)
    options = parser.parse_args()
    segments = spoken(options.words)
    batches = _edited(segments, options.edits)
    new = _recognized_again(segments)
    begun = time.perf_counter()
    labels = sorted({segment.label for segment in segments})
    found = rebase(
        Document(items_of(segments, 1)),
        batches,
        Document(items_of(new, options.edits + 2)),
        machine_revision=options.edits + 2,
        labels=Labels(match_labels(segments, new, labels), labels),
    )
    seconds = time.perf_counter() - begun
    print(
        f"{options.edits} edits of {options.words} words repeated on a new machine version in "
        f"{seconds:.1f} s:\n{len(found.batches)} batches, {len(found.conflicts)} conflicts"
    )


def _edited(segments: Sequence[Segment], edits: int) -> list[tuple[Entry, Effects]]:
    dice = random.Random(2)
    document = Document(items_of(segments, 1))
    batches = []
    for number in range(edits):
        word = random_word(dice, len(segments))
        entry = Entry(revision=number + 2, author="bench")
        operation = ReplaceWords(first=word, last=word, text=f"word {number}")
        effects = editor.execute(
            document,
            [operation] if document.word(word).alive else [],
            base=number + 1,
            revision=entry.revision,
            author="bench",
            labels=(),
        )
        batches.append((entry, effects))
    return batches


def _recognized_again(segments: Sequence[Segment]) -> list[Segment]:
    dice = random.Random(4)
    made: list[Segment] = []
    for segment in segments:
        words: list[Word] = []
        for word in segment.words:
            text = "different" if dice.random() < _CHANGED else word.text
            shift = dice.uniform(0.0, 0.05)
            words.append(replace(word, text=text, start=word.start + shift, end=word.end + shift))
            if len(words) >= dice.randint(5, _LONGEST):
                made.append(_segment(segment, words))
                words = []
        if words:
            made.append(_segment(segment, words))
    return made


def _segment(like: Segment, words: Sequence[Word]) -> Segment:
    return replace(
        like,
        text=" ".join(word.text for word in words),
        start=words[0].start,
        end=words[-1].end,
        words=tuple(words),
    )


if __name__ == "__main__":
    main()
