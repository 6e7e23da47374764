"""Puts the windows of a recording together into one diarization."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diarizer.diarization import DiarizationOptions, Turn
from diarizer.linking import LocalSpeaker, link
from diarizer.voiceprints import Voice, unit

#: Turns of one speaker that are so close (seconds) are one turn.
_SEAM = 0.05
#: Turns end on the recording's last sample at most; what is shorter than this is dropped.
_LEAST_TURN = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowDiarization:
    """What was found in one window; times count from the beginning of the window."""

    start: float
    duration: float
    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    voices: Mapping[str, Voice]


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembled:
    """Turns and voices of the whole recording, speakers labelled by first appearance."""

    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    voices: Mapping[str, Voice]


def assemble(
    windows: Sequence[WindowDiarization], options: DiarizationOptions, *, threshold: float
) -> Assembled:
    """Link the speakers of the windows, shift and join their turns, absorb fragments."""
    local = [
        LocalSpeaker(
            window=number,
            label=label,
            vector=window.voices[label].vector if label in window.voices else None,
            seconds=window.voices[label].seconds if label in window.voices else 0.0,
        )
        for number, window in enumerate(windows)
        for label in _labels(window.turns)
    ]
    persons = link(local, threshold=threshold, fewest=options.fewest, most=options.most)
    person_of = {
        (speaker.window, speaker.label): f"{person}"
        for speaker, person in zip(local, persons, strict=True)
    }
    turns = _shifted(windows, person_of, lambda window: window.turns)
    exclusive = _shifted(windows, person_of, lambda window: window.exclusive_turns)
    voices = _joined_voices(windows, person_of)
    turns, exclusive, voices = _absorb_fragments(turns, exclusive, voices, options)
    names = {label: f"SPEAKER_{n:02d}" for n, label in enumerate(_labels(turns))}
    return Assembled(
        turns=_renamed(turns, names),
        exclusive_turns=_renamed([turn for turn in exclusive if turn.speaker in names], names),
        voices={names[label]: voice for label, voice in voices.items() if label in names},
    )


def speech_seconds(turns: Iterable[Turn]) -> dict[str, float]:
    """Seconds of speech of each speaker."""
    total: dict[str, float] = {}
    for turn in turns:
        total[turn.speaker] = total.get(turn.speaker, 0.0) + turn.duration
    return total


def join_turns(turns: Iterable[Turn]) -> list[Turn]:
    """Union the turns of each speaker, closing seams; ordered by start."""
    by_speaker: dict[str, list[Turn]] = {}
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        if turn.duration < _LEAST_TURN:
            continue
        mine = by_speaker.setdefault(turn.speaker, [])
        if mine and turn.start - mine[-1].end <= _SEAM:
            end = max(turn.end, mine[-1].end)
            mine[-1] = Turn(start=mine[-1].start, end=end, speaker=turn.speaker)
        else:
            mine.append(turn)
    return sorted(
        (turn for mine in by_speaker.values() for turn in mine),
        key=lambda turn: (turn.start, turn.end, turn.speaker),
    )


def _labels(turns: Iterable[Turn]) -> list[str]:
    return list(dict.fromkeys(turn.speaker for turn in sorted(turns, key=lambda t: t.start)))


def _shifted(
    windows: Sequence[WindowDiarization],
    person_of: Mapping[tuple[int, str], str],
    pick: Callable[[WindowDiarization], Sequence[Turn]],
) -> list[Turn]:
    return join_turns(
        Turn(
            start=window.start + max(turn.start, 0.0),
            end=window.start + min(turn.end, window.duration),
            speaker=person_of[number, turn.speaker],
        )
        for number, window in enumerate(windows)
        for turn in pick(window)
        if (number, turn.speaker) in person_of
    )


def _joined_voices(
    windows: Sequence[WindowDiarization], person_of: Mapping[tuple[int, str], str]
) -> dict[str, Voice]:
    parts: dict[str, list[Voice]] = {}
    for number, window in enumerate(windows):
        for label, voice in window.voices.items():
            parts.setdefault(person_of[number, label], []).append(voice)
    return {person: _joined(voices) for person, voices in parts.items()}


def _joined(voices: Sequence[Voice]) -> Voice:
    weighted = np.sum([voice.vector * voice.seconds for voice in voices], axis=0)
    return Voice(vector=unit(weighted), seconds=sum(voice.seconds for voice in voices))


def _absorb_fragments(
    turns: list[Turn],
    exclusive: list[Turn],
    voices: dict[str, Voice],
    options: DiarizationOptions,
) -> tuple[list[Turn], list[Turn], dict[str, Voice]]:
    """Give the speech of speakers who hardly speak to the most similar of the others."""
    seconds = speech_seconds(turns)
    shortest_first = sorted(seconds, key=lambda label: seconds[label])
    spare = len(seconds) - max(options.fewest, 1)
    fragments = [
        label for label in shortest_first if seconds[label] < options.min_speaker_duration
    ][: max(spare, 0)]
    heirs = [label for label in seconds if label not in fragments]
    into = {label: _heir(label, heirs, voices, turns) for label in fragments}
    if not into:
        return turns, exclusive, voices
    return (
        join_turns(_renamed(turns, into)),
        join_turns(_renamed(exclusive, into)),
        {label: voice for label, voice in voices.items() if label not in into},
    )


def _heir(
    label: str, heirs: Sequence[str], voices: Mapping[str, Voice], turns: Sequence[Turn]
) -> str:
    """Who sounds most like this speaker; without voices to compare, who speaks nearest to it."""
    voiced = [heir for heir in heirs if heir in voices]
    if label in voices and voiced:
        vector = voices[label].vector
        return max(voiced, key=lambda heir: float(vector @ voices[heir].vector))
    mine = [turn for turn in turns if turn.speaker == label]
    return min(
        heirs,
        key=lambda heir: min(
            max(theirs.start - turn.end, turn.start - theirs.end)
            for turn in mine
            for theirs in turns
            if theirs.speaker == heir
        ),
    )


def _renamed(turns: Iterable[Turn], names: Mapping[str, str]) -> tuple[Turn, ...]:
    return tuple(
        Turn(start=turn.start, end=turn.end, speaker=names.get(turn.speaker, turn.speaker))
        for turn in turns
    )
