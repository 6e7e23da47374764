"""Persons: speakers joined until no more remain than a request allows."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from diarizer.engines.assembly import join_turns
from diarizer.engines.fragments import speech_seconds
from diarizer.engines.protocol import Diarization, Speaker, Turn, Voiceprint
from diarizer.engines.voiceprints import unit

#: Gaps of exclusive turns up to this length (seconds) are due to rounding.
_SEAM = 1e-3


def at_most(
    found: Mapping[int, Diarization], *, each: int | None, together: int | None
) -> dict[int, Diarization]:
    """Join the most similar speakers of signals until the numbers of speakers are small enough.

    `each` is the most speakers of one signal, and `together` those of all signals. None means any
    number. Speakers of different signals are never joined, so that more may remain.
    """
    result = dict(found)
    while pair := _closest(result, each=each, together=together):
        number, label, into = pair
        result[number] = _joined(result[number], label, into)
    return result


def _closest(
    found: Mapping[int, Diarization], *, each: int | None, together: int | None
) -> tuple[int, str, str] | None:
    """Return the speaker to join into another one: (signal, label, label of the other)."""
    crowded = [n for n, one in found.items() if each is not None and len(one.speakers) > each]
    count = sum(len(one.speakers) for one in found.values())
    if not crowded and together is not None and count > together:
        crowded = list(found)
    pairs = [(number, *pair) for number in crowded for pair in _pairs(found[number])]
    if not pairs:
        return None
    number, one, other = max(pairs, key=lambda pair: _likeness(pair[1], pair[2]))
    less, more = sorted((one, other), key=lambda speaker: speaker.speech_seconds)
    return number, less.label, more.label


def _pairs(found: Diarization) -> Iterator[tuple[Speaker, Speaker]]:
    for place, one in enumerate(found.speakers):
        for other in found.speakers[place + 1 :]:
            yield one, other


def _likeness(one: Speaker, other: Speaker) -> float:
    """Return the cosine of two voices. Without a voiceprint, those who say least come first."""
    if one.voiceprint is None or other.voiceprint is None:
        return -1.0 - min(one.speech_seconds, other.speech_seconds)
    return float(np.dot(one.voiceprint.embedding, other.voiceprint.embedding))


def _joined(found: Diarization, label: str, into: str) -> Diarization:
    """Return a diarization in which one speaker is taken for another."""
    turns = join_turns(_renamed(turn, label, into) for turn in found.turns)
    exclusive = join_turns(
        (_renamed(turn, label, into) for turn in found.exclusive_turns), seam=_SEAM
    )
    by_label = {speaker.label: speaker for speaker in found.speakers}
    person = Speaker(
        label=into,
        speech_seconds=speech_seconds(turns)[into],
        voiceprint=_joined_voice(by_label[label].voiceprint, by_label[into].voiceprint),
    )
    speakers = {turn.speaker: by_label[turn.speaker] for turn in turns} | {into: person}
    return replace(
        found,
        turns=tuple(turns),
        exclusive_turns=tuple(exclusive),
        speakers=tuple(speakers.values()),
    )


def _renamed(turn: Turn, label: str, into: str) -> Turn:
    return replace(turn, speaker=into) if turn.speaker == label else turn


def _joined_voice(one: Voiceprint | None, other: Voiceprint | None) -> Voiceprint | None:
    """Return the mean of two voiceprints, weighted by their speech."""
    if one is None or other is None:
        return one or other
    mean = np.asarray(one.embedding) * one.speech_seconds
    mean = mean + np.asarray(other.embedding) * other.speech_seconds
    return replace(
        other,
        embedding=tuple(float(value) for value in unit(mean.astype(np.float32))),
        speech_seconds=one.speech_seconds + other.speech_seconds,
    )
