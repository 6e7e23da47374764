"""transcriber.worker.engines.greedy_decoding: the most probable tokens, and escapes from loops."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from transcriber.worker.engines.greedy_decoding import GreedyDecoding, Step, Token, loop_length

BEGIN, END, FRAMES, TOKENS = 1, 2, 200, 20
#: Frames per token, below which text that repeats itself is a loop.
PACE = 2.0


class Predictor:
    """Predictor by a function of the text so far, that checks how its memory is used."""

    def __init__(self, ranked: Callable[[Sequence[int]], list[int]], frames_per_token: float):
        """`ranked` returns the next tokens, the most probable one first."""
        self.memory: list[int] = []
        self._ranked = ranked
        self._pace = frames_per_token

    def predict(self, token: int) -> Step:
        self.memory.append(token)
        scores = np.zeros(TOKENS, np.float32)
        ranked = self._ranked(self.memory[1:])
        for place, number in enumerate(ranked):
            scores[number] = 10.0 - place
        attention = np.zeros((2, FRAMES), np.float32)
        attention[:, min(FRAMES - 1, int(len(self.memory) * self._pace))] = 1.0
        return Step(scores=scores, attention=attention)

    def predict_all(self, tokens: Sequence[int]) -> list[Step]:
        return [self.predict(token) for token in tokens]

    def rewind(self, length: int) -> None:
        del self.memory[length:]


def decoded(predictor: Predictor, most: int = 60) -> list[int]:
    decoding = GreedyDecoding(predictor=predictor, begin=BEGIN, end=END, pace=PACE)
    return [token.number for token in decoding.run(most)]


def text(numbers: Sequence[int]) -> Callable[[Sequence[int]], list[int]]:
    return lambda said: [numbers[len(said)]] if len(said) < len(numbers) else [END]


def test_most_probable_tokens_are_followed_by_the_end() -> None:
    predictor = Predictor(text([5, 6, 7]), 4.0)
    assert decoded(predictor) == [5, 6, 7, END]
    assert predictor.memory == [BEGIN, 5, 6, 7]


def test_probability_is_that_among_all_tokens() -> None:
    decoding = GreedyDecoding(
        predictor=Predictor(lambda said: [5, 6] if not said else [END], 4.0),
        begin=BEGIN,
        end=END,
        pace=PACE,
    )
    token = decoding.run(10)[0]
    total = np.exp([10.0, 9.0]).sum() + TOKENS - 2
    assert token.probability == pytest.approx(np.exp(10.0) / total)


@pytest.mark.parametrize(
    ("given", "guess", "found"),
    [
        ([5, 6], [], [5, 6, 7, 8, END]),
        # Given tokens are kept even if others are more probable.
        ([9, 6], [], [9, 6, 7, 8, END]),
        ([], [5, 6, 7], [5, 6, 7, 8, END]),
        ([5], [6, 7, 8], [5, 6, 7, 8, END]),
        # A wrong guess costs nothing but its own step.
        ([5], [6, 9, 8], [5, 6, 7, 8, END]),
        ([5, 6], [9], [5, 6, 7, 8, END]),
        ([], [5, 6, 7, 8, 9], [5, 6, 7, 8, END]),
    ],
)
def test_text_begins_with_given_tokens_and_those_guessed_right(
    given: list[int], guess: list[int], found: list[int]
) -> None:
    predictor = Predictor(text([5, 6, 7, 8]), 4.0)
    decoding = GreedyDecoding(
        predictor=predictor, begin=BEGIN, end=END, pace=PACE, given=given, guess=guess
    )
    tokens = decoding.run(20)
    assert [token.number for token in tokens] == found
    assert predictor.memory == [BEGIN, *found[:-1]]
    assert all(token.probability > 0 for token in tokens)


def test_no_given_token_is_lost_to_a_loop() -> None:
    predictor = Predictor(lambda said: [6 + len(said) % 2, 8], 0.1)
    given = [6, 7] * 4
    decoding = GreedyDecoding(predictor=predictor, begin=BEGIN, end=END, pace=PACE, given=given)
    numbers = [token.number for token in decoding.run(40)]
    assert numbers[: len(given)] == given


def test_text_has_a_limit() -> None:
    assert len(decoded(Predictor(lambda said: [3 + len(said) % 13], 4.0), most=9)) == 10


def test_loop_is_left_after_its_first_copy() -> None:
    """After 5 6 7 the model would say 6 7 forever, and is second most sure of 8."""

    def ranked(said: Sequence[int]) -> list[int]:
        if 8 in said:
            return [END]
        return ([5], [6, 8], [7, 8])[0 if not said else 1 + (len(said) - 1) % 2]

    predictor = Predictor(ranked, 0.1)
    assert decoded(predictor) == [5, 6, 7, 8, END]
    assert predictor.memory == [BEGIN, 5, 6, 7, 8]


def test_text_that_only_loops_ends() -> None:
    found = decoded(Predictor(lambda _said: list(range(3, TOKENS)), 0.1))
    assert len(found) < 20
    assert END not in found


def test_speech_that_repeats_itself_is_kept() -> None:
    numbers = [5, 6] * 6
    assert decoded(Predictor(text(numbers), 5.0)) == [*numbers, END]


def tokens(numbers: Sequence[int], frames_per_token: float) -> list[Token]:
    found = []
    for place, number in enumerate(numbers):
        attention = np.zeros((1, FRAMES), np.float32)
        attention[0, int(place * frames_per_token)] = 1.0
        found.append(Token(number=number, probability=1.0, attention=attention))
    return found


@pytest.mark.parametrize(
    ("numbers", "length"),
    [
        ([5] * 6, 1),
        ([5] * 5, 0),
        ([4, 5, 6, 5, 6, 5, 6], 2),
        ([5, 6, 7, 5, 6, 7], 0),
        ([5, 6, 7] * 3, 3),
        ([5, 6, 7] * 3 + [8], 0),
        ([], 0),
    ],
)
def test_loop_is_text_in_three_copies_at_the_end(numbers: list[int], length: int) -> None:
    assert loop_length(tokens(numbers, 0.1), PACE) == length
    assert loop_length(tokens(numbers, 6.0), PACE) == 0
