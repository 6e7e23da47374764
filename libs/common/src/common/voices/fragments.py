"""Speakers that are only fragments of others, merged into them.

Clustering occasionally takes a few seconds of a person for somebody else: a laugh, a word across
a pause, two voices at once.
"""

from collections.abc import Iterable, Mapping, Sequence

from common.voices.limits import SpeakerLimits
from common.voices.turns import speech_seconds
from common.voices.values import Turn, Voice

#: Speakers with more speech (seconds) are never merged into others because of a similar voice.
_LITTLE_SPEECH = 15.0


def absorb(
    turns: Sequence[Turn],
    voices: Mapping[str, Voice],
    limits: SpeakerLimits,
    *,
    alike: float,
) -> dict[str, str]:
    """Return the speaker into which each fragment is merged.

    A fragment is a speaker with less speech than the limits demand, or with little speech and a
    voice whose cosine to that of a speaker with more speech is at least `alike`. At least as many
    speakers remain as the limits demand.
    """
    seconds = speech_seconds(turns)
    heirs: dict[str, str] = {}
    for label in sorted(seconds, key=lambda label: seconds[label]):
        others = [other for other in seconds if other != label and other not in heirs]
        if len(others) < max(limits.fewest, 1):
            break
        closest, likeness = _most_alike(label, others, voices)
        if seconds[label] < limits.least_speech:
            heirs[label] = closest or _nearest(label, others, turns)
        elif closest is not None and seconds[label] < _LITTLE_SPEECH and likeness >= alike:
            heirs[label] = closest
    return {label: _last_heir(label, heirs) for label in heirs}


def _last_heir(label: str, heirs: Mapping[str, str]) -> str:
    """Follow fragments of fragments to the last speaker."""
    while label in heirs:
        label = heirs[label]
    return label


def _most_alike(
    label: str, others: Iterable[str], voices: Mapping[str, Voice]
) -> tuple[str | None, float]:
    """Return the speaker with the most similar voice and the cosine, None without voices."""
    if label not in voices:
        return None, 0.0
    vector = voices[label].vector
    likeness = {other: float(vector @ voices[other].vector) for other in others if other in voices}
    if not likeness:
        return None, 0.0
    best = max(likeness, key=lambda other: likeness[other])
    return best, likeness[best]


def _nearest(label: str, others: Sequence[str], turns: Sequence[Turn]) -> str:
    """Return the speaker nearest in time to this one."""
    mine = [turn for turn in turns if turn.speaker == label]
    order = {other: place for place, other in enumerate(others)}
    _, place = min(
        (max(theirs.start - turn.end, turn.start - theirs.end), order[theirs.speaker])
        for theirs in turns
        if theirs.speaker in order
        for turn in mine
    )
    return others[place]
