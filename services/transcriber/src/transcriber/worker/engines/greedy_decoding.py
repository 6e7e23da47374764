"""Greedy decoding of a text, token by token, with an escape from loops.

A loop is repeated text during which the attention stays where it is. Repeated speech moves it on.
On a loop, decoding returns to the end of the first copy and continues with another token there. So
nothing of the text has to be dropped afterwards.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float32]

#: Copies of the same tokens in a row that may be a loop, and their least number of tokens.
_COPIES = 3
_LEAST = 6
#: Longest text, in tokens, that is looked for.
_LONGEST = 16
#: Number of loops from which decoding escapes before it ends the text.
_ESCAPES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Prediction of a token: its scores, and the attention of each head to the frames."""

    scores: Row
    attention: Row


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """Decoded token with its probability and the attention (heads, frames)."""

    number: int
    probability: float
    attention: Row

    @property
    def frame(self) -> int:
        """The frame with most attention."""
        return int(self.attention.mean(axis=0).argmax())


class Predictor(Protocol):
    """Model of the next token of a text, with a memory of the tokens so far."""

    def predict(self, token: int) -> Step:
        """Add a token to the text. Return the prediction of the one after it."""
        ...

    def predict_all(self, tokens: Sequence[int]) -> Sequence[Step]:
        """Take the first tokens of the text. Return the prediction after each of them."""
        ...

    def rewind(self, length: int) -> None:
        """Forget all tokens of the text but the first `length`."""
        ...


@dataclass(kw_only=True, slots=True)
class GreedyDecoding:
    """Decoding with one predictor. Tokens `begin` and `end` are not part of the text.

    A loop moves by less than `pace` frames per token. The text begins with the tokens `given`. The
    tokens of a `guess` follow as far as greedy decoding finds them too, checked in one step.
    """

    predictor: Predictor
    begin: int
    end: int
    pace: float
    given: Sequence[int] = ()
    guess: Sequence[int] = ()
    _tokens: list[Token] = field(default_factory=list, init=False)
    _banned: dict[int, set[int]] = field(default_factory=dict, init=False)

    def run(self, most: int) -> list[Token]:
        """Return up to `most` tokens, and the end of the text for the end of the last one."""
        escapes = 0
        number = self.begin
        step = self._guessed() if self.given or self.guess else None
        while len(self._tokens) <= most:
            token = self._choose(step or self.predictor.predict(number))
            step = None
            self._tokens.append(token)
            number = token.number
            if number == self.end:
                break
            loop = loop_length(self._tokens, self.pace)
            if loop:
                escapes += 1
                number = self._escape(loop)
                if escapes > _ESCAPES:
                    break
        return self._tokens

    def _guessed(self) -> Step:
        """Begin the text with known tokens. Return the prediction after those that are right."""
        known = [*self.given, *self.guess]
        steps = self.predictor.predict_all([self.begin, *known])
        for place, number in enumerate(known):
            scores = steps[place].scores
            if place >= len(self.given) and number != int(scores.argmax()):
                self.predictor.rewind(place + 1)
                return steps[place]
            self._tokens.append(_token(steps[place], number))
        return steps[len(known)]

    def _choose(self, step: Step) -> Token:
        scores = step.scores
        banned = self._banned.get(len(self._tokens))
        if banned:
            scores = scores.copy()
            scores[list(banned)] = -math.inf
        return _token(step, int(scores.argmax()))

    def _escape(self, loop: int) -> int:
        """Return to the end of the first copy of a loop. Return the token there."""
        kept = len(self._tokens) - (_copies(self._tokens, loop) - 1) * loop
        kept = max(kept, len(self.given))
        self._banned.setdefault(kept, set()).add(self._tokens[kept].number)
        del self._tokens[kept:]
        # The begin is in the memory too. The last token is added again by the next prediction.
        self.predictor.rewind(kept)
        return self._tokens[-1].number


def _token(step: Step, number: int) -> Token:
    total = float(np.exp(step.scores - step.scores[number], dtype=np.float64).sum())
    return Token(number=number, probability=1.0 / total, attention=step.attention)


def loop_length(tokens: list[Token], pace: float) -> int:
    """Return the number of tokens in a copy of a loop at the end, 0 if there is none."""
    for length in range(1, _LONGEST + 1):
        copies = _copies(tokens, length)
        if copies < _COPIES or copies * length < _LEAST:
            continue
        repeated = tokens[-(copies - 1) * length :]
        frames = [token.frame for token in repeated]
        if abs(frames[-1] - frames[0]) < pace * len(repeated):
            return length
    return 0


def _copies(tokens: list[Token], length: int) -> int:
    """Return how often the last tokens are there in a row."""
    numbers = [token.number for token in tokens]
    last = numbers[-length:]
    copies = 1
    while len(last) == length and numbers[-(copies + 1) * length : -copies * length] == last:
        copies += 1
    return copies
