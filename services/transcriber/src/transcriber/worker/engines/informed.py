"""Phrases of a request, without harm to other words.

A prompt changes how a model hears everything, and in noise it invents phrases of the prompt. So
sound is decoded twice. The text comes from the decoding without the prompt. Words of the other
decoding replace words of the first one at the same place only where they are a phrase.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from common import writing_systems
from common.audio.resampling import Samples
from common.tasks.task import TaskCancelledError
from transcriber.worker.engines.protocol import (
    RecognitionOptions,
    RecognizedSegment,
    RecognizedWord,
)
from transcriber.worker.engines.session import WindowRecognizer
from transcriber.worker.engines.voice_activity import Span

#: A phrase takes the place of at most so many words for each of its own, and of some more.
_MOST_RATIO, _MOST_MORE = 3, 2
#: Words at the same place of both decodings are at most so many seconds apart.
_SLACK = 1.0


class InformedRecognizer:
    """WindowRecognizer with phrases, and without harm to other words."""

    def __init__(
        self, recognizer: WindowRecognizer, *, cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        self._recognizer = recognizer
        self._cancelled = cancelled

    def find_speech(self, sound: Samples) -> list[Span]:
        """Return the stretches of speech."""
        return self._recognizer.find_speech(sound)

    def detect_language(self, sound: Samples) -> Mapping[str, float]:
        """Return the probability of each language."""
        return self._recognizer.detect_language(sound)

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans`, with phrases."""
        plain = self._recognizer.transcribe(sound, spans, language, _without(options))
        if not options.phrases:
            return plain
        return self._informed(plain, sound, spans, language, options)

    def attempt(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans` for a comparison of languages."""
        return self._recognizer.attempt(sound, spans, language, _without(options))

    def _informed(
        self,
        plain: Iterator[RecognizedSegment],
        sound: Samples,
        spans: Sequence[Span],
        language: str,
        options: RecognitionOptions,
    ) -> Iterator[RecognizedSegment]:
        found = list(self._unless_cancelled(plain))
        if found:
            again = self._recognizer.transcribe(sound, spans, language, options)
            informed = list(self._unless_cancelled(again))
            yield from with_phrases(found, informed, options.phrases)

    def _unless_cancelled(
        self, segments: Iterator[RecognizedSegment]
    ) -> Iterator[RecognizedSegment]:
        for segment in segments:
            if self._cancelled():
                raise TaskCancelledError
            yield segment


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """Words to write in place of the plain ones from `start` to `end`."""

    start: int
    end: int
    words: Sequence[RecognizedWord]


def with_phrases(
    plain: Sequence[RecognizedSegment],
    informed: Sequence[RecognizedSegment],
    phrases: Sequence[str],
) -> Iterator[RecognizedSegment]:
    """Yield plain segments with the phrases of informed ones in the same places."""
    old = [word for segment in plain for word in segment.words]
    new = [word for segment in informed for word in segment.words]
    changes = sorted(_changes(old, new, phrases), key=lambda change: change.start)
    position = 0
    for segment in plain:
        end = position + len(segment.words)
        inside = [change for change in changes if position <= change.start < end]
        # Words that a phrase has taken from the beginning of this segment.
        taken = max((c.end for c in changes if c.start < position), default=position)
        yield from _changed(segment, position, max(taken, position), inside)
        position = end


def words_with_phrases(
    plain: Sequence[RecognizedWord],
    informed: Iterable[RecognizedSegment],
    phrases: Sequence[str],
) -> tuple[RecognizedWord, ...]:
    """Return plain words with the phrases of informed segments in the same places."""
    if not plain:
        return ()
    whole = RecognizedSegment(
        start=plain[0].start,
        end=max(word.end for word in plain),
        text="",
        words=tuple(plain),
        language="",
        avg_logprob=0.0,
        no_speech_prob=0.0,
        compression_ratio=0.0,
        temperature=0.0,
    )
    found = with_phrases([whole], list(informed), phrases)
    return tuple(word for segment in found for word in segment.words)


def _changed(
    segment: RecognizedSegment, first: int, begin: int, changes: Sequence[_Change]
) -> Iterator[RecognizedSegment]:
    if not changes and begin == first:
        yield segment
        return
    words: list[RecognizedWord] = []
    for change in changes:
        words += segment.words[max(begin, first) - first : change.start - first]
        words += change.words
        begin = max(begin, change.end)
    words += segment.words[begin - first :]
    if words:
        text = writing_systems.joined(word.text for word in words)
        ordered = tuple(_in_order(words))
        yield replace(segment, words=ordered, text=text, end=max(segment.end, ordered[-1].end))


def _in_order(words: Sequence[RecognizedWord]) -> Iterator[RecognizedWord]:
    """Yield words in order of time."""
    earliest = words[0].start
    for word in words:
        start = max(earliest, word.start)
        yield replace(word, start=start, end=max(start, word.end))
        earliest = start


def _changes(
    old: Sequence[RecognizedWord], new: Sequence[RecognizedWord], phrases: Sequence[str]
) -> Iterator[_Change]:
    found = _places([_letters(word.text) for word in new], phrases)
    matcher = SequenceMatcher(
        None, [_letters(w.text) for w in old], [_letters(w.text) for w in new], autojunk=False
    )
    free = 0
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        for place in found:
            words = range(max(place.start, new_start), min(place.stop, new_end))
            if not words or tag == "delete":
                continue
            if tag == "equal":
                yield from _spelled(old, new, words, old_start - new_start)
                continue
            gone = range(old_start, old_end)
            if len(words) < new_end - new_start:
                gone = _during(old, gone, new[words.start].start, new[words.stop - 1].end)
            change = _Change(
                start=max(gone.start, free), end=gone.stop, words=new[words.start : words.stop]
            )
            partly_heard = len(words) < len(place)
            if change.start <= change.end and _is_credible(old, change, partly_heard=partly_heard):
                yield change
                free = change.end


def _spelled(
    old: Sequence[RecognizedWord], new: Sequence[RecognizedWord], words: range, offset: int
) -> Iterator[_Change]:
    """Yield changes of upper and lower case."""
    for place in words:
        before, after = old[place + offset], new[place]
        if before.text != after.text and before.text.casefold() == after.text.casefold():
            written = replace(before, text=after.text)
            yield _Change(start=place + offset, end=place + offset + 1, words=(written,))


def _is_credible(old: Sequence[RecognizedWord], change: _Change, *, partly_heard: bool) -> bool:
    """Return whether a phrase may take the place of the plain words."""
    count = change.end - change.start
    if not count:
        # Nothing was heard here, unless it was other words of the phrase.
        return partly_heard and change.start > 0
    if count > _MOST_RATIO * len(change.words) + _MOST_MORE:
        return False
    start, end = old[change.start].start, old[change.end - 1].end
    return start - _SLACK < change.words[-1].end and change.words[0].start < end + _SLACK


def _during(old: Sequence[RecognizedWord], places: range, start: float, end: float) -> range:
    """Return the words with their middle in a time."""
    inside = [at for at in places if start <= (old[at].start + old[at].end) / 2 <= end]
    return range(inside[0], inside[-1] + 1) if inside else range(places.start, places.start)


def _places(words: Sequence[str], phrases: Sequence[str]) -> list[range]:
    """Return where words are a phrase, the longest one at each place."""
    wanted = {_letters(phrase) for phrase in phrases} - {""}
    beginnings = {phrase[:length] for phrase in wanted for length in range(1, len(phrase) + 1)}
    found: list[range] = []
    start = 0
    while start < len(words):
        text, end = "", 0
        for place in range(start, len(words)):
            text += words[place]
            if text not in beginnings:
                break
            if text in wanted:
                end = place + 1
        if end:
            found.append(range(start, end))
        start = max(end, start + 1)
    return found


def _letters(text: str) -> str:
    folded = text.casefold().replace("\u2019", "'").rstrip('.,;:!?"')
    return "".join(filter(str.isalnum, folded.removesuffix("'s")))


def _without(options: RecognitionOptions) -> RecognitionOptions:
    return replace(options, phrases=())
