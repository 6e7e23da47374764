from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from transcriber.worker.engines.invention import said


@dataclass
class FakeWord:
    """As faster_whisper.transcribe.Word."""

    word: str
    start: float
    end: float
    probability: float = 0.95


@dataclass
class FakeSegment:
    """As faster_whisper.transcribe.Segment."""

    text: str
    words: list[FakeWord] | None
    seek: int = 0
    avg_logprob: float = -0.15
    no_speech_prob: float = 0.1


def words(text: str, start: float = 0.0, length: float = 0.3, **known: float) -> list[FakeWord]:
    return [
        FakeWord(f" {word}", start + length * n, start + length * (n + 1), **known)
        for n, word in enumerate(text.split())
    ]


def segment(spoken: list[FakeWord], **known: float) -> FakeSegment:
    text = "".join(word.word for word in spoken)
    return FakeSegment(text=text, words=spoken, **known)  # type: ignore[arg-type]


def texts(*segments: FakeSegment) -> list[str]:
    return ["".join(word.word for word in kept).strip() for _, kept in said(segments)]


PRAYER = "Holy Mary, mother of God, pray for us. "


def test_text_that_does_not_repeat_itself_is_kept() -> None:
    assert texts(segment(words("Good morning, how are you?"))) == ["Good morning, how are you?"]


@pytest.mark.parametrize(("no_speech", "judgment", "kept"), [(0.9, -0.2, 1), (0.9, -1.4, 0)])
def test_text_of_silence_is_dropped(no_speech: float, judgment: float, kept: int) -> None:
    one = segment(words("Thank you."), no_speech_prob=no_speech, avg_logprob=judgment)
    assert len(texts(one)) == kept


def test_speech_that_repeats_itself_is_kept() -> None:
    (kept,) = texts(segment(words(PRAYER * 8)))
    assert kept == (PRAYER * 8).strip()


def test_a_word_said_fast_is_no_loop() -> None:
    spoken = words(PRAYER * 8)
    spoken[20].end = spoken[20].start
    assert len(texts(segment(spoken))[0].split()) == 64


def test_words_without_time_are_a_loop_from_their_first_on() -> None:
    real = words("Mind the gap, " * 8)
    loop = words("mind the gap, " * 40, start=real[-1].end, length=0.0)
    assert texts(segment([*real, *loop])) == [("Mind the gap, " * 8).strip()]


def untimed(spoken: list[FakeWord], first: int, count: int) -> list[FakeWord]:
    """Return the words with the times of some of them lost by the alignment."""
    for word in spoken[first : first + count]:
        word.start = word.end = spoken[first].start
    return spoken


def test_words_whose_times_the_alignment_lost_are_kept() -> None:
    (kept,) = texts(segment(untimed(words(PRAYER * 8), 48, 6)))
    assert kept == (PRAYER * 8).strip()


def test_a_loop_after_lost_times_begins_behind_them() -> None:
    real = untimed(words(PRAYER * 8), 24, 6)
    loop = words("pray for us. " * 30, start=real[-1].end, length=0.0)
    assert texts(segment([*real, *loop])) == [(PRAYER * 8).strip()]


def test_a_few_words_with_a_time_do_not_end_a_loop() -> None:
    real = words(PRAYER * 4)
    loop = words("pray for us. " * 30, start=real[-1].end, length=0.0)
    for word in loop[10:13]:
        word.end = word.start + 0.3
    assert texts(segment([*real, *loop])) == [(PRAYER * 4).strip()]


def test_a_loop_over_several_segments_of_one_decoding_is_dropped() -> None:
    real = segment(words("Mind the gap. " * 8))
    loops = [segment(words("Mind the gap. ", start=9.0, length=0.0)) for _ in range(9)]
    assert texts(real, *loops) == [("Mind the gap. " * 8).strip()]


def test_the_next_decoding_is_judged_by_itself() -> None:
    loop = segment(words("you " * 60, length=0.0))
    after = segment(words("Good morning.", start=31.0), seek=3000)
    assert texts(loop, after) == ["Good morning."]


@pytest.mark.parametrize(
    "few", [words("Ja, ja,", length=9.0), words("Ja, ja, ja,", probability=0.3)]
)
def test_few_or_unsure_words_before_a_loop_are_part_of_it(few: Sequence[FakeWord]) -> None:
    loop = words("ja, " * 80, start=20.0, length=0.0)
    assert texts(segment([*few, *loop])) == []


def test_unsure_text_that_repeats_itself_is_dropped() -> None:
    assert texts(segment(words(PRAYER * 8), avg_logprob=-0.9)) == []


def test_segments_without_words_are_dropped() -> None:
    assert texts(FakeSegment(text="", words=None), FakeSegment(text="", words=[])) == []
