"""Choice of the terms for the recognizer, per recording."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from common.audio.signals import Signal
from common.postgres import Connection
from transcriber.domain.jobs import Stage
from transcriber.domain.options import MOST_PHRASES, ProcessingOptions
from transcriber.store.vocabulary import VocabularyStore, earlier_phrases

#: Tokens of Whisper's prompt for phrases. It takes 223 and cuts off the rest.
_MOST_TOKENS = 215


async def with_terms(
    connection: Connection,
    transcription_id: int,
    workspace_id: str,
    options: ProcessingOptions,
    signals: Sequence[Signal],
    *,
    again: bool,
) -> ProcessingOptions:
    """Return options of a job with the terms of the workspace's vocabulary behind the phrases.

    Unless speech is to be recognized `again`, the terms of an earlier result stay, so that a
    changed vocabulary alone does not repeat the recognition.
    """
    if not again:
        wanted = options.of_stage(Stage.TRANSCRIBE, signals)
        earlier = await earlier_phrases(connection, transcription_id, wanted)
        if earlier is not None:
            return replace(options, phrases=earlier)
    terms = await VocabularyStore(connection, workspace_id).useful_terms(options.language)
    return replace(options, phrases=choose(options.phrases, terms))


def choose(phrases: Sequence[str], terms: Iterable[str]) -> tuple[str, ...]:
    """Return the phrases of a request, and behind them the first terms as far as there is room."""
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
