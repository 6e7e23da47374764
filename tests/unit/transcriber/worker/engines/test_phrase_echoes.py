"""Phrases that are repeated where nobody speaks."""

import pytest

from transcriber.worker.engines.phrase_echoes import without_echoes
from transcriber.worker.engines.protocol import RecognizedSegment

PHRASES = ("Ombrixadol", "Naveen Thiruvalla")


def segment(text: str, no_speech_prob: float = 0.8) -> RecognizedSegment:
    return RecognizedSegment(
        start=0.0,
        end=1.0,
        text=text,
        words=(),
        language="en",
        avg_logprob=-0.8,
        no_speech_prob=no_speech_prob,
        compression_ratio=1.8,
        temperature=0.0,
    )


@pytest.mark.parametrize(
    "text",
    ["Naveen Thiruvalla, Naveen Thiruvalla, Naveen", "ombrixadol. Ombrixadol", "Ombrixadol, Ombri"],
)
def test_repeated_phrases_are_dropped(text: str) -> None:
    assert list(without_echoes([segment(text)], PHRASES)) == []


@pytest.mark.parametrize(
    ("text", "no_speech_prob"),
    [
        ("Naveen Thiruvalla, Naveen Thiruvalla", 0.2),
        ("Naveen Thiruvalla.", 0.9),
        ("Naveen Thiruvalla and Naveen Thiruvalla", 0.9),
        ("No, no, no.", 0.9),
        ("", 0.9),
    ],
)
def test_what_somebody_may_have_said_is_kept(text: str, no_speech_prob: float) -> None:
    kept = segment(text, no_speech_prob)
    assert list(without_echoes([kept], PHRASES)) == [kept]


def test_without_phrases_nothing_is_dropped() -> None:
    kept = segment("Ombrixadol, Ombrixadol")
    assert list(without_echoes([kept], ())) == [kept]
