"""Smoothing of attributions at the borders between speakers.

Diarization places borders to within some tenths of a second, so that words at a border may land on
the wrong side. The sentence around a word decides.
"""

from collections.abc import Sequence

from common import writing_systems
from transcriber.domain.transcripts import SpokenWord
from transcriber.transcripts.alignment import Attribution, SpeakerTimes

#: Largest error of a border.
BORDER_SECONDS = 0.4
#: A word covered by its speaker to at least this share stays between words of another.
CERTAIN_SHARE = 0.8
#: A pause this long ends a sentence without punctuation.
PAUSE_SECONDS = 0.8


def ends_sentence(word: SpokenWord) -> bool:
    """Return whether a word's punctuation ends a sentence."""
    return writing_systems.ends_sentence(word.text)


def smooth(
    words: Sequence[SpokenWord], items: Sequence[Attribution], times: SpeakerTimes
) -> list[Attribution]:
    """Return the attributions with single words moved across a nearby border.

    A single word between words of another speaker moves to that speaker, unless its own speaker's
    turns clearly cover it: short answers are real. The first or last word of a sentence moves to
    the speaker of the sentence if the border is near enough.
    """
    mended = list(items)
    for place in range(len(mended)):
        speaker = _owner(place, words, mended, times)
        if speaker is not None and speaker != mended[place].speaker:
            mended[place] = _given_to(speaker, mended[place])
    return mended


def _owner(
    place: int, words: Sequence[SpokenWord], items: Sequence[Attribution], times: SpeakerTimes
) -> str | None:
    """Return the speaker a word should have, None to leave it."""
    word, speaker = words[place], items[place].speaker
    before = items[place - 1].speaker if place > 0 else None
    after = items[place + 1].speaker if place + 1 < len(items) else None
    if before is not None and before == after and before != speaker:
        doubtful = items[place].share < CERTAIN_SHARE
        near = times.distance(before, word.start, word.end) <= BORDER_SECONDS
        return before if doubtful and near else None
    joined_before = place > 0 and not parted(words[place - 1], word)
    joined_after = place + 1 < len(words) and not parted(word, words[place + 1])
    if before not in {None, speaker} and after == speaker and joined_before and not joined_after:
        return before if _near_border(times, before, word) else None
    if after not in {None, speaker} and before == speaker and joined_after and not joined_before:
        return after if _near_border(times, after, word) else None
    return None


def _near_border(times: SpeakerTimes, speaker: str | None, word: SpokenWord) -> bool:
    """Return whether an error of the speaker's border may explain the word's attribution."""
    middle = (word.start + word.end) / 2
    return speaker is not None and times.distance(speaker, middle, middle) <= BORDER_SECONDS


def parted(word: SpokenWord, following: SpokenWord) -> bool:
    """Return whether a sentence ends between two words."""
    return ends_sentence(word) or following.start - word.end >= PAUSE_SECONDS


def _given_to(speaker: str, item: Attribution) -> Attribution:
    others = tuple(name for name in item.present if name not in {speaker, item.speaker})
    present = (speaker, *others) if item.present else ()
    return Attribution(speaker=speaker, share=item.share, present=present)
