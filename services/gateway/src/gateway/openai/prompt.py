"""Names and terms in a prompt.

The recognizer takes phrases that may be spoken, and no other text as its context.
"""

import re
from collections.abc import Iterable, Iterator

_MOST_PHRASES = 200
_LONGEST_PHRASE = 100
#: Longer pieces between commas are sentences, in which names alone are looked for.
_MOST_WORDS = 5
#: Of longer prompts, the end counts, as for models that read prompts themselves.
_MOST_CHARACTERS = 65_536
# Each run of full stops is read once, however long it is.
_PIECES = re.compile(r"[,;:\n\r\t•|。！？、，；]+|(?<![.!?])[.!?]++(?=\s|$)")
_QUOTES = "\"'“”‘’«»()[]{}"


def phrases_of(prompt: str, keywords: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the keywords, and behind them the names and terms of a prompt.

    Short pieces between commas and line breaks are terms. Of sentences, words written like names
    are taken: `DALL·E`, `GPT-3`, and capitalized ones behind the first word. Only the last 65,536
    characters of a prompt are read.
    """
    found = dict.fromkeys(keyword.strip() for keyword in keywords)
    for piece in _pieces(prompt):
        words = piece.split()
        if len(words) <= _MOST_WORDS:
            found[" ".join(words).strip(_QUOTES)] = None
        else:
            found.update(dict.fromkeys(_names(words)))
    usable = [
        text for text in found if text and len(text) <= _LONGEST_PHRASE and text.isprintable()
    ]
    return tuple(usable[:_MOST_PHRASES])


def _pieces(prompt: str) -> list[str]:
    pieces = _PIECES.split(prompt[-_MOST_CHARACTERS:])
    # The first piece of a cut prompt may begin within a word.
    return pieces if len(prompt) <= _MOST_CHARACTERS else pieces[1:]


def _names(words: list[str]) -> Iterator[str]:
    """Yield words like names, those next to each other together."""
    together: list[str] = []
    for place, word in enumerate(words):
        bare = word.strip(_QUOTES)
        if _is_name(bare, first=place == 0):
            together.append(bare)
            continue
        if together:
            yield " ".join(together)
        together = []
    if together:
        yield " ".join(together)


def _is_name(word: str, *, first: bool) -> bool:
    if len(word) < 2:
        return False
    inside = any(letter.isupper() or letter.isdigit() for letter in word[1:])
    return inside or (word[0].isupper() and not first)
