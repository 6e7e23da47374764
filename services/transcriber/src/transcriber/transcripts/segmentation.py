"""Segmentation of words into readable segments."""

from collections.abc import Iterator, Sequence

from common import writing_systems
from transcriber.domain.transcripts import SpokenWord
from transcriber.transcripts.smoothing import ends_sentence

#: A pause this long starts a new segment.
PAUSE_SECONDS = 1.5
#: From this length on a segment ends at the next end of a sentence. A cell is the width of a Latin
#: letter.
LONG_SECONDS = 12.0
LONG_CELLS = 200
#: Limits of every segment. Without an end of a sentence it is cut at the best place before.
LONGEST_SECONDS = 30.0
LONGEST_CELLS = 450


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
        length += _cells(words, place)
        while place > begin and _too_long(words, begin, place, length):
            cut = _best_cut(words, begin, place)
            yield range(begin, cut)
            length -= sum(_cells(words, said) for said in range(begin, cut))
            begin = cut
        seconds = words[place].end - words[begin].start
        if ends_sentence(words[place]) and (seconds >= LONG_SECONDS or length >= LONG_CELLS):
            yield range(begin, place + 1)
            begin, length = place + 1, 0
    if begin < run.stop:
        yield range(begin, run.stop)


def _too_long(words: Sequence[SpokenWord], begin: int, place: int, cells: int) -> bool:
    return words[place].end - words[begin].start > LONGEST_SECONDS or cells > LONGEST_CELLS


def _best_cut(words: Sequence[SpokenWord], begin: int, stop: int) -> int:
    """Return where to cut before `stop`: after a sentence, else a clause, else at the widest gap.

    The second half is preferred, so that no piece becomes too short. Pieces of a word stay together
    if there is another place.
    """
    middle = begin + max(1, (stop - begin) // 2)
    halves = range(middle, stop + 1), range(begin + 1, middle)
    found = ([place for place in half if _may_cut(words, place)] for half in halves)
    places = next((half for half in found if half), [*halves[0]])
    for wanted in (ends_sentence, _ends_clause):
        for place in reversed(places):
            if wanted(words[place - 1]):
                return place
    return max(places, key=lambda place: (words[place].start - words[place - 1].end, place))


def _may_cut(words: Sequence[SpokenWord], place: int) -> bool:
    before, after = words[place - 1], words[place]
    blank = " " if _blank_between(before, after) else ""
    return writing_systems.may_break(before.text + blank, after.text)


def _ends_clause(word: SpokenWord) -> bool:
    return writing_systems.ends_clause(word.text)


def _cells(words: Sequence[SpokenWord], place: int) -> int:
    """Return the width of a word with the blank before it, at least 1."""
    blank = place > 0 and _blank_between(words[place - 1], words[place])
    return max(1, writing_systems.cells(words[place].text) + blank)


def _blank_between(word: SpokenWord, following: SpokenWord) -> bool:
    if word.passage == following.passage:
        return following.spaced
    return writing_systems.needs_blank(word.text, following.text)
