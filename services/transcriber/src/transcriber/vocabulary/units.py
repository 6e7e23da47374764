"""Units of texts for comparisons: whole words, and single signs of scripts without blanks."""

import unicodedata
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

_UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Tibetan}"
)
_UNIT = regex.compile(
    rf"[{_UNSPACED}]\p{{M}}* | [[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}]]+",
    regex.VERSION1 | regex.VERBOSE,
)
_SIGNS = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "‐": "-", "‑": "-"})


class Unit(NamedTuple):
    """A unit with its place, and the signs between it and the unit before it."""

    text: str
    start: int
    end: int
    before: str

    @property
    def folded(self) -> str:
        """The unit without case."""
        return folded(self.text)


def split(text: str) -> list[Unit]:
    """Return the units of a text in order.

    Example:
        >>> [(unit.before, unit.text) for unit in split("Smyth's dog.")]
        [('', 'Smyth'), ("'", 's'), (' ', 'dog')]
    """
    found: list[Unit] = []
    position = 0
    for match in _UNIT.finditer(text):
        start, end = match.span()
        between = " ".join(text[position:start].translate(_SIGNS).split())
        blank = " " if not between and start > position else between
        found.append(Unit(match.group(), start, end, blank))
        position = end
    return found


def folded(text: str) -> str:
    """Return a text without case."""
    return unicodedata.normalize("NFC", text.casefold())


def sequence(units: list[Unit], *, match_case: bool) -> tuple[str, ...]:
    """Return units with the signs between them, for comparisons."""
    parts: list[str] = []
    for place, unit in enumerate(units):
        if place > 0:
            parts.append(unit.before)
        parts.append(unit.text if match_case else unit.folded)
    return tuple(parts)


def key(text: str, *, match_case: bool) -> str:
    """Return the common form of all spellings of a text."""
    return "".join(sequence(split(text), match_case=match_case))


def is_whole(text: str) -> bool:
    """Return whether a text begins and ends with a unit."""
    found = split(text)
    return bool(found) and found[0].start == 0 and found[-1].end == len(text)
