"""Texts of words: tokens, their alignment with earlier words, and their times."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from common import writing_systems
from transcriber.editing.items import Times, WordItem


class Token(NamedTuple):
    """A word of a text. `spaced` tells whether a blank precedes it, None for the first one."""

    text: str
    spaced: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Consecutive words and the tokens in their place. They are equal if `kept`."""

    old: range
    new: tuple[Token, ...]
    kept: bool


def tokens(text: str) -> list[Token]:
    """Split a text into words, and into clusters where the script has no blanks."""
    found: list[Token] = []
    for word in text.split():
        for place, piece in enumerate(writing_systems.pieces(word)):
            found.append(Token(piece, None if not found else place == 0))
    return found


def blocks(old: Sequence[str], new: Sequence[Token]) -> Iterator[Block]:
    """Align old words with new tokens."""
    matcher = SequenceMatcher(None, old, [token.text for token in new], autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        yield Block(
            old=range(old_start, old_end),
            new=tuple(new[new_start:new_end]),
            kept=tag == "equal",
        )


def spread(times: Times, texts: Sequence[str]) -> list[Times]:
    """Divide a time among words in proportion to their width, rounded to microseconds."""
    widths = [max(1, writing_systems.cells(text)) for text in texts]
    total = sum(widths)
    length = times.end - times.start
    ends = [
        # Rounded, a moment may lie outside of a time of microseconds.
        min(max(times.start, round(times.start + length * part / total, 6)), times.end)
        for part in itertools.accumulate(widths)
    ]
    ends[-1] = times.end
    return [Times(start, end) for start, end in itertools.pairwise((times.start, *ends))]


def text_of(words: Sequence[WordItem]) -> str:
    """Return the text of words with blanks between them."""
    return "".join(parts(words))


def parts(words: Sequence[WordItem]) -> list[str]:
    """Return the text of each word with the blank before it, if there is one."""
    return [
        f" {word.wording.text}"
        if place > 0 and _spaced(words[place - 1], word)
        else word.wording.text
        for place, word in enumerate(words)
    ]


def _spaced(before: WordItem, word: WordItem) -> bool:
    if word.wording.spaced is not None:
        return word.wording.spaced
    return writing_systems.needs_blank(before.wording.text, word.wording.text)
