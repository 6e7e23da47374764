"""Likeness of recognized words, which may be misheard differently in two signals."""

import difflib
import unicodedata
from collections.abc import Sequence

from transcriber.worker.engines.protocol import RecognizedWord

#: Words with this share of letters in common are alike.
_ALIKE = 0.7
#: Times of a word in two signals may differ by so many seconds because of the recognizer.
TIME_ERROR = 0.6


def normalized(text: str) -> str:
    """Return the letters and digits of a word, without case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        char for char in folded if char.isalnum() or unicodedata.category(char)[0] == "M"
    )


def alike(one: str, other: str) -> bool:
    """Return whether two normalized words may be the same word."""
    if one == other:
        return bool(one)
    if not one or not other:
        return False
    matcher = difflib.SequenceMatcher(None, one, other)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def repeated(
    words: Sequence[RecognizedWord], others: Sequence[RecognizedWord], *, delay: float
) -> list[bool]:
    """Return which words are among others in the same order, up to `delay` seconds earlier.

    Both must be in order of time. The longest common sequence is found.
    """
    texts = [normalized(word.text) for word in words]
    theirs = [normalized(word.text) for word in others]
    lengths = [[0] * (len(others) + 1) for _ in range(len(words) + 1)]
    same = [[False] * len(others) for _ in words]
    for row, word in enumerate(words):
        for column, other in enumerate(others):
            near = -TIME_ERROR <= word.start - other.start <= delay + TIME_ERROR
            same[row][column] = near and alike(texts[row], theirs[column])
            lengths[row + 1][column + 1] = max(
                lengths[row][column + 1],
                lengths[row + 1][column],
                lengths[row][column] + same[row][column],
            )
    return _path(lengths, same)


def _path(lengths: list[list[int]], same: list[list[bool]]) -> list[bool]:
    """Follow the longest common sequence back to the beginning."""
    found = [False] * len(same)
    row, column = len(lengths) - 1, len(lengths[0]) - 1
    while row and column:
        if same[row - 1][column - 1] and lengths[row][column] == lengths[row - 1][column - 1] + 1:
            row, column = row - 1, column - 1
            found[row] = True
        elif lengths[row - 1][column] >= lengths[row][column - 1]:
            row -= 1
        else:
            column -= 1
    return found
