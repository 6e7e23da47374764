"""Words of a text without differences of case and accents, and the parts they are indexed by."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

# Scripts without blanks between words.
_DENSE_SET = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Tibetan}\u30fc"
)
_WORD_SET = r"\p{L}\p{N}\p{M}"
# A run of one kind of script: `GPT4模型` has two words.
_WORD = regex.compile(
    rf"[[{_WORD_SET}]&&[{_DENSE_SET}]]+|[[{_WORD_SET}]--[{_DENSE_SET}]]+", regex.VERSION1
)
_DENSE = regex.compile(rf"[{_DENSE_SET}]", regex.VERSION1)
_HANGUL = regex.compile(r"\p{Hangul}")
# Accents of Latin, Greek and Cyrillic. Marks of other scripts are letters of their own.
_ACCENTS = regex.compile("[\u0300-\u036f]")
#: Longest word that is indexed as a whole.
LONGEST_WORD = 60
_SIDE = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word: its place in the original text, and its folded form."""

    start: int
    end: int
    folded: str

    @property
    def dense(self) -> bool:
        """Whether it is a run of words without blanks between them."""
        return is_dense(self.folded)


def fold(word: str) -> str:
    """Return a word without differences of case, width and accents."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", word.casefold()))
    return "".join(unicodedata.normalize("NFC", plain).split())


def is_dense(word: str) -> bool:
    """Return whether a word is of a script without blanks."""
    return _DENSE.match(word) is not None


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of a text in order."""
    for found in _WORD.finditer(text):
        folded = fold(found.group())
        if folded:
            yield Token(start=found.start(), end=found.end(), folded=folded)


def plain(text: str) -> str:
    """Return the folded words of a text, each between single blanks."""
    return f" {' '.join(token.folded for token in tokens(text))} "


def needle(text: str) -> str:
    """Return the words of a phrase as `plain` contains them.

    Blanks at the sides keep parts of words from being found. Scripts without blanks have none.
    """
    words = [token.folded for token in tokens(text)]
    if not words:
        return ""
    left = "" if is_dense(words[0]) else " "
    right = "" if is_dense(words[-1]) else " "
    return f"{left}{' '.join(words)}{right}"


def grams(word: str) -> list[str]:
    """Return the parts of a folded word, for the index.

    Words of alphabets have sequences of three characters. The sides of the word count as
    characters. Words of one or two characters have only themselves. Scripts without blanks, and
    Korean, have characters and pairs of them.
    """
    word = word[:LONGEST_WORD]
    if in_pairs(word):
        return list(dict.fromkeys([*word, *pairs(word)]))
    sided = f"{_SIDE}{word}{_SIDE}"
    if len(word) <= 2:
        return [sided]
    return list(dict.fromkeys(_sequences(sided)))


def prefix_grams(word: str) -> list[str]:
    """Return the parts shared by all words with this beginning."""
    return pairs(word) or [word] if in_pairs(word) else _sequences(f"{_SIDE}{word}")


def inner_grams(word: str) -> list[str]:
    """Return the parts shared by all words containing this one."""
    return pairs(word) or [word] if in_pairs(word) else _sequences(word)


def in_pairs(word: str) -> bool:
    """Return whether a word is indexed by pairs of characters."""
    return is_dense(word) or _HANGUL.match(word) is not None


def pairs(word: str) -> list[str]:
    """Return all pairs of neighboring characters."""
    return [word[place : place + 2] for place in range(len(word) - 1)]


def text_grams(words: Iterable[str]) -> list[str]:
    """Return the distinct parts of many folded words."""
    found: dict[str, None] = {}
    for word in dict.fromkeys(words):
        found.update(dict.fromkeys(grams(word)))
    return list(found)


def _sequences(text: str) -> list[str]:
    return [text[place : place + 3] for place in range(len(text) - 2)]
