"""Word error rate, diarization error rate, and the word error rate per speaker (cpWER).

Text is normalized in the manner of Whisper's authors: case, punctuation, hesitations and the
spelling of numbers and contractions do not count.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

#: (start, end, speaker), in seconds.
Turns = Sequence[tuple[float, float, str]]

_HESITATIONS = frozenset(
    ("uh", "um", "uhm", "hm", "hmm", "mm", "mmm", "mhm", "erm", "eh", "ah"),
)
_CONTRACTIONS = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "ok": "okay",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "st": "saint",
}
_ENDINGS = (
    ("n't", " not"),
    ("'re", " are"),
    ("'ve", " have"),
    ("'ll", " will"),
    ("'d", " would"),
    ("'m", " am"),
)
#: 's is "is" after these and a genitive elsewhere.
_IS = re.compile(r"\b(it|he|she|that|there|here|what|who|where|how)'s\b")
_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SIZES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))


@dataclass(frozen=True, kw_only=True, slots=True)
class WordErrors:
    """Word errors of a text against a reference of `words` words."""

    words: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def rate(self) -> float:
        """Errors per reference word (0.0 if both texts are empty, 1.0 if only the reference is)."""
        errors = self.substitutions + self.deletions + self.insertions
        return errors / self.words if self.words else float(errors > 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizationErrors:
    """Seconds of each error type against `total` seconds of reference speech."""

    total: float
    confusion: float
    missed: float
    false_alarm: float

    @property
    def rate(self) -> float:
        """Errors per second of reference speech."""
        errors = self.confusion + self.missed + self.false_alarm
        return errors / self.total if self.total else float(errors > 0)


def normalize(text: str) -> list[str]:
    """Return the normalized words of an English text."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    text = re.sub(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>", " ", text)
    text = re.sub(r"(\d),(?=\d)", r"\1", text)
    text = re.sub(r"\d+", lambda match: f" {_spelled(int(match[0]))} ", text)
    text = _IS.sub(r"\1 is", text)
    bare = (word.strip("'") for word in re.sub(r"[^\w']+", " ", text).split())
    spoken = (word for word in bare if word and word not in _HESITATIONS)
    return [part for word in spoken for part in _expanded(word).split()]


def word_errors(reference: str, hypothesis: str) -> WordErrors:
    """Count the edits between the reference and the hypothesis."""
    return count_errors(normalize(reference), normalize(hypothesis))


def speaker_word_errors(reference: Mapping[str, str], hypothesis: Mapping[str, str]) -> WordErrors:
    """Count word errors per speaker (cpWER) under the best pairing of speakers."""
    ours, theirs = list(reference.values()), list(hypothesis.values())
    size = max(len(ours), len(theirs))
    ours += [""] * (size - len(ours))
    theirs += [""] * (size - len(theirs))
    counts = [[word_errors(mine, other) for other in theirs] for mine in ours]
    costs = np.array(
        [[c.substitutions + c.deletions + c.insertions for c in row] for row in counts]
    ).reshape(size, size)
    rows, columns = linear_sum_assignment(costs)
    chosen = [counts[row][column] for row, column in zip(rows, columns, strict=True)]
    return WordErrors(
        words=sum(count.words for count in chosen),
        substitutions=sum(count.substitutions for count in chosen),
        deletions=sum(count.deletions for count in chosen),
        insertions=sum(count.insertions for count in chosen),
    )


def diarization_errors(reference: Turns, hypothesis: Turns) -> DiarizationErrors:
    """Return the diarization errors without collar, with overlapping speech, at 1 ms resolution.

    Speakers are paired to maximize the time they share.
    """
    step = 0.001
    length = 1 + max((round(end / step) for _, end, _ in [*reference, *hypothesis]), default=0)
    ours, theirs = activity(reference, length, step), activity(hypothesis, length, step)
    together = ours.astype(np.float32) @ theirs.astype(np.float32).T
    rows, columns = linear_sum_assignment(-together)
    correct = float(together[rows, columns].sum())
    mine, other = ours.sum(axis=0, dtype=np.int32), theirs.sum(axis=0, dtype=np.int32)
    return DiarizationErrors(
        total=float(mine.sum()) * step,
        confusion=(float(np.minimum(mine, other).sum()) - correct) * step,
        missed=float(np.maximum(mine - other, 0).sum()) * step,
        false_alarm=float(np.maximum(other - mine, 0).sum()) * step,
    )


def give_words_to_speakers(
    words: Sequence[tuple[float, float, str]], turns: Turns
) -> dict[str, str]:
    """Return the text per speaker. A word goes to the largest overlap, or else the nearest turn."""
    texts: dict[str, list[str]] = {}
    for start, end, text in words:
        speaker = max(
            turns,
            key=lambda turn: (
                min(end, turn[1]) - max(start, turn[0]),  # Negative: the distance.
                turn[1] - turn[0],
            ),
            default=(0.0, 0.0, "nobody"),
        )[2]
        texts.setdefault(speaker, []).append(text)
    return {speaker: " ".join(parts) for speaker, parts in texts.items()}


def activity(
    turns: Turns, length: int, step: float
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return who speaks when, one row per speaker in order of names, in steps of seconds."""
    speakers = sorted({speaker for _, _, speaker in turns})
    active = np.zeros((len(speakers), length), dtype=np.bool_)
    for start, end, speaker in turns:
        active[speakers.index(speaker), round(start / step) : round(end / step)] = True
    return active


def _expanded(word: str) -> str:
    if word in _CONTRACTIONS:
        return _CONTRACTIONS[word]
    for ending, full in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending):
            return word.removesuffix(ending) + full
    return word


def _spelled(number: int) -> str:
    """Return a number in English words."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return _TENS[tens - 2] + (f" {_UNITS[unit]}" if unit else "")
    for size, name in (
        (10**9, "billion"),
        (10**6, "million"),
        (1000, "thousand"),
        (100, "hundred"),
    ):
        if number >= size:
            many, rest = divmod(number, size)
            return f"{_spelled(many)} {name}" + (f" {_spelled(rest)}" if rest else "")
    raise AssertionError(number)


def count_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> WordErrors:
    """Count the edits between two lists of words."""
    # Cells are (cost, substitutions, deletions, insertions).
    row = [(n, 0, 0, n) for n in range(len(hypothesis) + 1)]
    for word in reference:
        above, row = row, [(row[0][0] + 1, row[0][1], row[0][2] + 1, row[0][3])]
        for column, other in enumerate(hypothesis):
            cost, subs, dels, ins = above[column]
            if word == other:
                row.append((cost, subs, dels, ins))
                continue
            deleted, inserted = above[column + 1], row[column]
            row.append(
                min(
                    (cost + 1, subs + 1, dels, ins),
                    (deleted[0] + 1, deleted[1], deleted[2] + 1, deleted[3]),
                    (inserted[0] + 1, inserted[1], inserted[2], inserted[3] + 1),
                )
            )
    _, substitutions, deletions, insertions = row[-1]
    return WordErrors(
        words=len(reference),
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
    )
