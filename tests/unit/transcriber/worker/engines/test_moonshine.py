"""transcriber.worker.engines.moonshine: live text that goes on, with a model that only listens."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.greedy_decoding import Token
from transcriber.worker.engines.moonshine import MoonshineRecognizer
from transcriber.worker.engines.moonshine_model import MoonshineModel
from transcriber.worker.engines.moonshine_tokens import END, Vocabulary
from transcriber.worker.engines.protocol import LiveSpeech, RecognizedWord
from transcriber.worker.engines.voice_activity import Span

PIECES = ["<unk>", "<s>", "</s>", "▁we", "▁met", "▁then", ".", ","]
WE, MET, THEN, STOP, COMMA = range(3, 8)


class Listener:
    """Model that hears the same tokens every time, and keeps what it was told of them."""

    def __init__(self, heard: Sequence[int]) -> None:
        self.vocabulary = Vocabulary([piece.encode() for piece in PIECES])
        self.heard = heard
        self.told: tuple[list[int], list[int]] = ([], [])

    def tokens(
        self, sound: Samples, *, given: Sequence[int] = (), guess: Sequence[int] = ()
    ) -> list[Token]:
        self.told = list(given), list(guess)
        frames = np.eye(len(self.heard) + 1, len(sound) // 400, dtype=np.float32)
        return [
            Token(number=number, probability=0.9, attention=frames[place : place + 1])
            for place, number in enumerate([*self.heard, END])
        ]


def word(text: str, *tokens: int) -> RecognizedWord:
    return RecognizedWord(text=text, start=0.0, end=0.5, probability=0.9, tokens=tokens)


def continued(model: Listener, before: Sequence[RecognizedWord], guess: RecognizedWord) -> str:
    speech = LiveSpeech(
        samples=np.zeros(2 * SAMPLE_RATE, np.float32),
        spans=(Span(start=0, end=2 * SAMPLE_RATE),),
        before=tuple(before),
        guess=(guess,),
    )
    found = MoonshineRecognizer(cast(MoonshineModel, model)).continued(speech)
    assert found.follow
    return " ".join(one.text for one in found.words)


def test_sentence_that_seemed_to_end_goes_on() -> None:
    model = Listener([WE, MET, COMMA, THEN])
    before = [word("we", WE), word("met.", MET, STOP)]
    assert continued(model, before, word("then", THEN)) == "then"
    assert model.told == ([WE, MET], [STOP, THEN])


def test_final_words_without_punctuation_are_kept() -> None:
    model = Listener([WE, MET, THEN, STOP])
    assert continued(model, [word("we", WE), word("met", MET)], word("then", THEN)) == "then."
    assert model.told == ([WE, MET], [THEN])


class Deaf(Listener):
    """Model that takes the end of the text it is told for that of all."""

    def tokens(
        self, sound: Samples, *, given: Sequence[int] = (), guess: Sequence[int] = ()
    ) -> list[Token]:
        heard = Listener(given or self.heard)
        return heard.tokens(sound, given=given, guess=guess)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0.0, 0.5), (1.2, 2.0)], "then."),
        ([(0.0, 0.5), (1.2, 1.4)], ""),  # hardly a word
        ([(0.0, 1.5)], ""),  # without a pause
    ],
)
def test_speech_after_a_pause_is_heard_by_itself_if_there_would_be_none(
    spans: Sequence[tuple[float, float]], expected: str
) -> None:
    model = Deaf([THEN, STOP])
    speech = LiveSpeech(
        samples=np.zeros(2 * SAMPLE_RATE, np.float32),
        spans=tuple(
            Span(start=round(start * SAMPLE_RATE), end=round(end * SAMPLE_RATE))
            for start, end in spans
        ),
        before=(word("we", WE), word("met", MET)),
    )
    found = MoonshineRecognizer(cast(MoonshineModel, model)).continued(speech)
    assert " ".join(one.text for one in found.words) == expected
    assert all(one.start > 0.75 for one in found.words)
