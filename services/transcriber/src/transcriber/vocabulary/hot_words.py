"""Choice of the terms that the recognizer is given with a recording."""

from collections.abc import Iterable, Sequence

from transcriber.domain.options import MOST_PHRASES

#: Tokens of Whisper's prompt for phrases. It takes 223 and cuts off the rest.
_MOST_TOKENS = 215


def choose(phrases: Sequence[str], terms: Iterable[str]) -> tuple[str, ...]:
    """Return the phrases of a request, and behind them the first terms for which there is room."""
    chosen = dict.fromkeys(phrases)
    left = _MOST_TOKENS - sum(map(_tokens, chosen))
    for term in terms:
        needed = _tokens(term)
        if term not in chosen and needed <= left and len(chosen) < MOST_PHRASES:
            chosen[term] = None
            left -= needed
    return tuple(chosen)


def _tokens(text: str) -> int:
    """Return an estimate of a phrase's tokens with the comma behind it.

    Made-up names have one for 2.5 bytes in scripts of one to three bytes a letter.
    """
    return 1 + -(-len(text.encode()) * 2 // 5)
