"""Recognitions of the parts of a recording, joined into one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from transcriber.domain.parts import Part
from transcriber.domain.transcriptions import LanguageSpan
from transcriber.domain.transcripts import SpokenWord
from transcriber.transcripts.seams import join_words
from transcriber.transcripts.stage_results import RecognizedSpeech


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognizedPart:
    """A part with its recognition, in times of the recording."""

    part: Part
    speech: RecognizedSpeech


def join_speech(parts: Sequence[RecognizedPart]) -> RecognizedSpeech:
    """Join the recognitions of neighboring parts, given in order. There is no playback copy.

    Each spoken word is kept once.
    """
    joined: dict[int, tuple[SpokenWord, ...]] = {}
    passages = 0
    for number, one in enumerate(parts):
        channels: dict[int, list[SpokenWord]] = defaultdict(list)
        for word in one.speech.words:
            channels[word.channel].append(replace(word, passage=passages + word.passage))
        passages += 1 + max((word.passage for word in one.speech.words), default=0)
        for channel in {*joined, *channels} if number else channels:
            words = sorted(channels[channel], key=lambda word: word.start)
            before = joined.get(channel, ())
            joined[channel] = join_words(before, words, one.part.start) if number else tuple(words)
    return RecognizedSpeech(
        words=tuple(word for _, words in sorted(joined.items()) for word in words),
        languages=tuple(_languages(parts)),
        model=" and ".join(dict.fromkeys(name for one in parts for name in _models(one.speech))),
        warnings=tuple(dict.fromkeys(text for one in parts for text in one.speech.warnings)),
    )


def _models(speech: RecognizedSpeech) -> list[str]:
    return speech.model.split(" and ")


def _languages(parts: Iterable[RecognizedPart]) -> Iterator[LanguageSpan]:
    """Yield the languages of the parts without their margins. Equal neighbors are one span."""
    found: list[LanguageSpan] = []
    for one in parts:
        end = float("inf") if one.part.last else one.part.end
        for span in one.speech.languages:
            start, stop = max(span.start, one.part.start), min(span.end, end)
            if start >= stop:
                continue
            last = found[-1] if found else None
            if last is not None and last.language == span.language and start <= one.part.start:
                found[-1] = _together(last, replace(span, start=start, end=stop))
            else:
                found.append(replace(span, start=start, end=stop))
    yield from found


def _together(one: LanguageSpan, other: LanguageSpan) -> LanguageSpan:
    lengths = (one.end - one.start, other.end - other.start)
    weighted = one.probability * lengths[0] + other.probability * lengths[1]
    return replace(one, end=other.end, probability=weighted / sum(lengths))
