"""Times of given words in a sound, by the attention of a Whisper model."""

import itertools
from collections.abc import Sequence

from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from common.audio.resampling import SAMPLE_RATE, Samples

#: Longest sound of the model, in seconds.
LONGEST_SECONDS = 30.0
#: Most tokens of a text that the model was made for.
_MOST_TOKENS = 220
_TOKENS_PER_SECOND = 50
_PUNCTUATION = ".,;:!?…\"')]}»”’。，、！？：；"


def align(
    whisper: WhisperModel, sound: Samples, words: Sequence[str], language: str
) -> list[tuple[float, float]]:
    """Return the start and end of each word in seconds. A word may begin with a blank.

    There are none if the sound or the text is too long, or the model finds no place for a word.
    `language` is the model's code.
    """
    tokenizer = Tokenizer(
        whisper.hf_tokenizer, whisper.model.is_multilingual, task="transcribe", language=language
    )
    parts = [part for word in words for part in _parted(word)]
    tokens = [tokenizer.encode(part) if part else [] for part in parts]
    text = [token for part in tokens for token in part]
    seconds = len(sound) / SAMPLE_RATE
    if not all(tokens[::2]) or len(text) > _MOST_TOKENS or seconds > LONGEST_SECONDS:
        return []
    features = whisper.feature_extractor(sound)
    frames = round(seconds * whisper.frames_per_second)
    encoded = whisper.encode(pad_or_trim(features, whisper.feature_extractor.nb_max_frames))
    (found,) = whisper.model.align(
        encoded, tokenizer.sot_sequence, [text], frames, median_filter_width=7
    )
    starts = _starts([tuple(pair) for pair in found.alignments])
    if len(starts) <= len(text):
        return []
    borders = [0, *itertools.accumulate(map(len, tokens))]
    times = [min(starts[border], seconds) for border in borders]
    return list(zip(times[:-1:2], times[1::2], strict=True))


def _parted(word: str) -> tuple[str, str]:
    """Return a word without the punctuation behind it, which takes the pause, and that."""
    core = word.rstrip(_PUNCTUATION) or word
    return core, word[len(core) :]


def _starts(path: Sequence[tuple[int, int]]) -> list[float]:
    """Return the time in seconds at which each token begins, and that of the end of the text."""
    starts: list[float] = []
    for token, place in path:
        if token == len(starts):
            starts.append(place / _TOKENS_PER_SECOND)
    return starts
