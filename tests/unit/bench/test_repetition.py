from dataclasses import dataclass, field

import numpy as np
import pytest

from bench.repetition import Counts, measure
from bench.repetition_corpus import Case

SILENCE = np.zeros(16, np.float32)


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word of faster-whisper."""

    word: str
    start: float
    end: float
    probability: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A segment of faster-whisper that repeats itself."""

    text: str
    words: list[Word]
    seek: int = 0
    compression_ratio: float = 5.0
    avg_logprob: float = -0.2
    no_speech_prob: float = field(default=0.0)


def segment(text: str, times: int, *, said: int) -> Segment:
    """Return a text several times. After `said` words, they take no time."""
    texts = (f"{text} " * times).split()
    return Segment(
        text=f"{text} " * times,
        words=[
            Word(word=f" {word}", start=0.5 * min(n, said), end=0.5 * min(n + 1, said))
            for n, word in enumerate(texts)
        ],
    )


def case(text: str, *, end: float) -> Case:
    return Case(name="", language="en", samples=SILENCE, text=text, end=end)


def test_words_said_and_loops_are_counted() -> None:
    decoded = [segment("mind the gap please", 20, said=12)]
    ours, every = measure(case("Mind the gap, please. " * 3, end=6.0), decoded)
    assert ours == Counts(kept_said=12, dropped_invented=68)
    assert every == Counts(dropped_said=12, dropped_invented=68)
    assert (ours.precision, ours.recall) == (1.0, 1.0)
    assert every.precision == pytest.approx(68 / 80)


def test_all_words_of_sound_without_speech_are_invented() -> None:
    ours, every = measure(case("", end=0.0), [segment("thank you very much", 20, said=80)])
    assert ours.kept_said == ours.dropped_said == every.dropped_said == 0
    assert ours.kept_invented + ours.dropped_invented == every.dropped_invented == 80


def test_decodings_that_do_not_repeat_themselves_are_left_out() -> None:
    plain = Segment(text="Hello.", words=[Word(word="Hello.", start=0, end=1)], compression_ratio=1)
    assert measure(case("Hello.", end=1.0), [plain]) == (Counts(), Counts())
