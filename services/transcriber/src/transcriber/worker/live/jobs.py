"""Sound of a channel to recognize, and the results."""

from dataclasses import dataclass, field

from common.audio.resampling import NOTHING, SAMPLE_RATE, Samples
from transcriber.worker.engines.protocol import RecognizedWord
from transcriber.worker.engines.voice_activity import Span, total_length


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Sound to recognize: that of an utterance up to now, behind some context.

    `spans` is its speech, from the beginning of the sound. It ends at `spoken`, and from `fresh` on
    it is not final. `before` are the final words, and `guess` those of the last hypothesis. With
    `last`, the utterance has ended. With `full`, the sound must not grow.
    """

    start: int
    end: int
    spoken: int
    fresh: int
    spans: tuple[Span, ...]
    before: tuple[RecognizedWord, ...] = ()
    guess: tuple[RecognizedWord, ...] = ()
    last: bool = False
    full: bool = False

    @property
    def fresh_spans(self) -> list[Span]:
        """Speech that is not final, from the beginning of the sound."""
        first = self.fresh - self.start
        return [
            Span(start=max(first, span.start), end=span.end)
            for span in self.spans
            if span.end > first
        ]

    @property
    def speech_seconds(self) -> float:
        """Seconds of speech that is not final."""
        return total_length(self.fresh_spans) / SAMPLE_RATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Words of an utterance, final or a draft of all that is not final.

    `continues` tells that final words of the same utterance precede them. `sound` is that of final
    words, from `begin` on in seconds, with a margin.
    """

    words: tuple[RecognizedWord, ...]
    final: bool
    continues: bool
    sound: Samples = field(default_factory=lambda: NOTHING, compare=False, repr=False)
    begin: float = field(default=0.0, compare=False)

    @property
    def speech(self) -> Samples:
        """The sound without its margin."""
        start, end = self.words[0].start, max(word.end for word in self.words)
        first, last = (round((at - self.begin) * SAMPLE_RATE) for at in (start, end))
        return self.sound[max(0, first) : max(0, last)]
