"""The parts of the engine that need no model."""

from dataclasses import dataclass, field

import pytest

from transcriber.faster_whisper_engine import _to_domain, is_credible, is_invented


@dataclass
class FakeWord:
    """As faster_whisper.transcribe.Word."""

    word: str
    start: float
    end: float
    probability: float = 0.9


@dataclass
class FakeSegment:
    """As faster_whisper.transcribe.Segment."""

    text: str = " Good morning."
    words: list[FakeWord] | None = field(
        default_factory=lambda: [FakeWord(" Good", 1.0, 1.4), FakeWord(" morning.", 1.4, 2.0)]
    )
    avg_logprob: float = -0.2
    no_speech_prob: float = 0.1
    compression_ratio: float = 1.2
    temperature: float | None = 0.0


@pytest.mark.parametrize(
    ("segment", "invented"),
    [
        (FakeSegment(), False),
        (FakeSegment(no_speech_prob=0.9), False),
        (FakeSegment(avg_logprob=-1.4), False),
        (FakeSegment(no_speech_prob=0.9, avg_logprob=-1.4), True),
        (FakeSegment(compression_ratio=3.0), True),
    ],
)
def test_what_whisper_makes_up_is_told_by_its_own_judgement(
    segment: FakeSegment, invented: bool
) -> None:
    assert is_invented(segment) is invented


def test_segments_become_ours_with_times_moved() -> None:
    (found,) = _to_domain([FakeSegment()], "en", lambda start, end: (start + 10, end + 10))
    assert found.text == "Good morning."
    assert [(word.text, word.start, word.end) for word in found.words] == [
        ("Good", 11.0, 11.4),
        ("morning.", 11.4, 12.0),
    ]
    assert (found.start, found.end) == (11.0, 12.0)
    assert found.language == "en"


@pytest.mark.parametrize(
    "segment",
    [
        FakeSegment(words=None),
        FakeSegment(words=[]),
        FakeSegment(words=[FakeWord("  ", 1.0, 1.1)]),
        FakeSegment(compression_ratio=3.0),
    ],
)
def test_empty_and_invented_segments_are_left_out(segment: FakeSegment) -> None:
    assert not list(_to_domain([segment], "en", lambda start, end: (start, end)))


@pytest.mark.parametrize(
    ("segment", "credible"),
    [
        (FakeSegment(), True),
        (FakeSegment(avg_logprob=-0.9), False),
        (FakeSegment(no_speech_prob=0.7), False),
    ],
)
def test_what_was_not_heard_at_first_must_be_credible(segment: FakeSegment, credible: bool) -> None:
    (found,) = _to_domain([segment], "en", lambda start, end: (start, end))
    assert is_credible(found) is credible
