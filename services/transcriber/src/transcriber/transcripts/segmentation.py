"""Segmentation of words into readable segments."""

import unicodedata
from collections.abc import Iterator, Sequence

from transcriber.domain.transcripts import SpokenWord
from transcriber.transcripts.smoothing import ends_sentence

#: A pause this long starts a new segment.
PAUSE_SECONDS = 1.5
#: From this length on a segment ends at the next end of a sentence.
LONG_SECONDS = 12.0
LONG_CHARACTERS = 200
#: Limits of every segment. Without an end of a sentence it is cut at the best place before.
LONGEST_SECONDS = 30.0
LONGEST_CHARACTERS = 450

_CLAUSE_ENDS = frozenset(",;:—–،؛、，；：")
_UNSPACED_SCRIPTS = (
    "CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN",
    "IDEOGRAPHIC", "FULLWIDTH",
)  # fmt: skip


def split(words: Sequence[SpokenWord], speakers: Sequence[str]) -> list[range]:
    """Return one range of word numbers per segment. Together they cover all words in order.

    A segment ends at a change of speaker or language and at a pause. A long one ends with its
    sentence, and none exceeds the longest length.

    Example: a change of speaker at the third of four words gives `[range(0, 2), range(2, 4)]`.
    """
    ranges: list[range] = []
    for run in _runs(words, speakers):
        ranges.extend(_readable(words, run))
    return ranges


def join(words: Sequence[SpokenWord]) -> str:
    """Return the text of words, with spaces as in the recognizer's text and the script."""
    parts: list[str] = []
    for place, word in enumerate(words):
        if place > 0 and _blank_between(words[place - 1], word):
            parts.append(" ")
        parts.append(word.text)
    return "".join(parts)


def join_texts(texts: Sequence[str]) -> str:
    """Join the texts of several segments."""
    parts: list[str] = []
    last = ""
    for text in texts:
        if last and text and not (_unspaced(last) and _unspaced(text[0])):
            parts.append(" ")
        parts.append(text)
        last = text[-1:] or last
    return "".join(parts)


def _runs(words: Sequence[SpokenWord], speakers: Sequence[str]) -> Iterator[range]:
    """Yield runs of words without a pause or a change of speaker or language."""
    begin = 0
    latest = 0.0
    for place, word in enumerate(words):
        if place > begin and (
            speakers[place] != speakers[place - 1]
            or word.language != words[place - 1].language
            or word.start - latest >= PAUSE_SECONDS
        ):
            yield range(begin, place)
            begin = place
        latest = max(latest, word.end) if place > begin else word.end
    if words:
        yield range(begin, len(words))


def _readable(words: Sequence[SpokenWord], run: range) -> Iterator[range]:
    """Cut a run into pieces of readable length."""
    begin, length = run.start, 0
    for place in run:
        length += len(words[place].text) + 1
        seconds = words[place].end - words[begin].start
        if seconds > LONGEST_SECONDS or length > LONGEST_CHARACTERS:
            cut = _best_cut(words, begin, place)
            yield range(begin, cut)
            begin = cut
            length = sum(len(words[kept].text) + 1 for kept in range(begin, place + 1))
        elif ends_sentence(words[place]) and (seconds >= LONG_SECONDS or length >= LONG_CHARACTERS):
            yield range(begin, place + 1)
            begin, length = place + 1, 0
    if begin < run.stop:
        yield range(begin, run.stop)


def _best_cut(words: Sequence[SpokenWord], begin: int, stop: int) -> int:
    """Return where to cut before `stop`: after a sentence, else a clause, else at the widest gap.

    Only the second half is searched, so that no piece becomes too short.
    """
    if stop <= begin + 1:
        return max(stop, begin + 1)
    middle = begin + max(1, (stop - begin) // 2)
    places = range(middle, stop + 1)
    for wanted in (ends_sentence, _ends_clause):
        for place in reversed(places):
            if wanted(words[place - 1]):
                return place
    return max(places, key=lambda place: (words[place].start - words[place - 1].end, place))


def _ends_clause(word: SpokenWord) -> bool:
    return bool(word.text) and word.text[-1] in _CLAUSE_ENDS


def _blank_between(word: SpokenWord, following: SpokenWord) -> bool:
    if word.passage == following.passage:
        return following.spaced
    return not (_unspaced(word.text[-1:]) and _unspaced(following.text[:1]))


def _unspaced(character: str) -> bool:
    """Return whether a character belongs to a script without spaces between words."""
    if not character or character.isascii():
        return False
    name = unicodedata.name(character, "")
    return name.startswith(_UNSPACED_SCRIPTS)
