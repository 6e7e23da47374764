"""Fragments of words, joined to whole ones.

Recognizers give words of scripts without blanks as fragments: Whisper gives one per code point, so
that a mark is parted from its letter, and a Latin word from its second syllable.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from common import writing_systems
from transcriber.domain.transcripts import SpokenWord, mean_probability


def whole_words(fragments: Iterable[SpokenWord]) -> Iterator[SpokenWord]:
    """Yield the words of a passage. Fragments in which a line cannot break become one word.

    Example: `我`, `用`, `Py`, `thon` gives `我`, `用`, `Python`.
    """
    run: list[SpokenWord] = []
    for fragment in fragments:
        if fragment.spaced and run:
            yield from _words(run)
            run = []
        run.append(fragment)
    yield from _words(run)


def _words(run: Sequence[SpokenWord]) -> Iterator[SpokenWord]:
    """Yield the words of fragments without blanks between them."""
    breaks = set(writing_systems.breaks("".join(fragment.text for fragment in run)))
    word: list[SpokenWord] = []
    position = 0
    for fragment in run:
        if word and (position in breaks or not _continues(word[-1].text, fragment.text)):
            yield _joined(word)
            word = []
        word.append(fragment)
        position += len(fragment.text)
    if word:
        yield _joined(word)


def _continues(before: str, after: str) -> bool:
    """Return whether one word goes on. Punctuation and hyphens stay where the recognizer put them.

    A line does not break between the two.
    """
    within = _is_letter(before[-1:]) and _is_letter(after[:1])
    return within or writing_systems.share_cluster(before, after)


def _is_letter(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LMN"


def _joined(fragments: Sequence[SpokenWord]) -> SpokenWord:
    if len(fragments) == 1:
        return fragments[0]
    return replace(
        fragments[0],
        text="".join(fragment.text for fragment in fragments),
        end=max(fragment.end for fragment in fragments),
        probability=mean_probability(fragments),
    )
