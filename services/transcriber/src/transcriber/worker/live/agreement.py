"""Which words of successive hypotheses are final: those in which two of them agree.

This is the policy known as LocalAgreement. Each hypothesis is the text of the same speech, a little
longer than the one before. Its end is unsure, since the speech goes on.
"""

import itertools
from collections.abc import Sequence

from transcriber.worker.engines.protocol import RecognizedWord

#: Words that end less than this before the end of the sound (seconds) may be cut off.
_EDGE = 0.5
#: The end of the final text can be this much (seconds) away from its place in an earlier hypothesis
#: if all the words before it are the same, and this much if only some are.
_SLACK, _LITTLE_SLACK = 0.4, 0.15
#: Words by which the end of the final text is found again.
_ANCHOR = 3
#: Punctuation after which a sentence has ended.
SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")


class Agreement:
    """Hypotheses of the speech that is not final."""

    def __init__(self) -> None:
        self._last: list[str] = []

    def add(self, words: Sequence[RecognizedWord], *, heard: float) -> int:
        """Take the next hypothesis. Return how many of its first words the last one has as well.

        `heard` is the end of the sound in seconds. Words just before it do not count.
        """
        texts = [letters(word.text) for word in words]
        pairs = zip(texts, self._last, strict=False)
        agreed = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        self._last = texts
        sure = itertools.takewhile(lambda word: word.end <= heard - _EDGE, words[:agreed])
        return sum(1 for _ in sure)

    def commit(self, count: int) -> None:
        """Take the first words of the last hypothesis as final."""
        self._last = self._last[count:]

    def reset(self) -> None:
        """Forget the hypotheses, as after a change of the language."""
        self._last = []


def worthwhile(words: Sequence[RecognizedWord], *, least: float) -> int:
    """Return how many of the agreed words to make final now.

    That is all of them if they last `least` seconds, and otherwise those up to the end of a
    sentence, so that the text is not cut into single words.
    """
    if words and words[-1].end - words[0].start >= least:
        return len(words)
    ends = [number for number, word in enumerate(words, 1) if word.text.endswith(SENTENCE_ENDS)]
    return ends[-1] if ends else 0


def continuation(
    words: Sequence[RecognizedWord], final: Sequence[RecognizedWord]
) -> list[RecognizedWord]:
    """Return the words of a hypothesis after those that are `final` already.

    The sound of a hypothesis begins before or within the final words. Their end is found by time,
    and by the text of the last ones, since times vary by a few tenths of a second.
    """
    if not final or not words:
        return list(words)
    until = final[-1].end
    by_time = sum(1 for word in words if (word.start + word.end) / 2 < until)
    anchor = [letters(word.text) for word in final[-_ANCHOR:]]
    texts = [letters(word.text) for word in words]
    best, score = by_time, 0
    for end in range(1, len(words) + 1):
        same = _same_end(texts[:end], anchor)
        slack = _SLACK if same == len(anchor) else _LITTLE_SLACK
        if abs(words[end - 1].end - until) > slack:
            continue
        if (same, -abs(end - by_time)) > (score, -abs(best - by_time)):
            best, score = end, same
    return list(words[best:])


def letters(text: str) -> str:
    """Return the letters and digits of a word, in lower case, or the word if it has none."""
    return "".join(filter(str.isalnum, text.casefold())) or text


def _same_end(texts: Sequence[str], anchor: Sequence[str]) -> int:
    """Return how many words both end with."""
    pairs = zip(reversed(texts), reversed(anchor), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
