"""Assembly of the windows of a recording into one diarization."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diarizer.engines.fragments import absorb
from diarizer.engines.linking import LocalSpeaker, link
from diarizer.engines.protocol import DiarizationOptions, Turn
from diarizer.engines.voiceprints import VoiceEmbedding, unit

#: Turns of one speaker with at most this gap (seconds) are one turn.
_SEAM = 0.05
#: Shorter turns (seconds) are due to rounding.
_LEAST_TURN = 1e-3
#: This far above the threshold of linking, voices of one window are one person's as well.
_SURELY_ALIKE = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowDiarization:
    """Diarization of one window. Times count from the beginning of the window."""

    start: float
    duration: float
    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    voices: Mapping[str, VoiceEmbedding]


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembled:
    """Turns and voices of the whole recording. Speakers are labeled by first appearance."""

    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    voices: Mapping[str, VoiceEmbedding]


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
    turns = join_turns(_shifted(windows, person_of, lambda window: window.turns))
    exclusive = list(_shifted(windows, person_of, lambda window: window.exclusive_turns))
    voices = _joined_voices(windows, person_of)
    heirs = absorb(turns, voices, options, alike=threshold + _SURELY_ALIKE)
    turns = join_turns(_renamed(turns, heirs))
    exclusive = join_turns(_renamed(exclusive, heirs), seam=_LEAST_TURN)
    voices = {label: voice for label, voice in voices.items() if label not in heirs}
    names = {label: f"SPEAKER_{n:02d}" for n, label in enumerate(_labels(turns))}
    return Assembled(
        turns=_renamed(turns, names),
        exclusive_turns=_renamed([turn for turn in exclusive if turn.speaker in names], names),
        voices={names[label]: voice for label, voice in voices.items() if label in names},
    )


def join_turns(turns: Iterable[Turn], *, seam: float = _SEAM) -> list[Turn]:
    """Join the turns of each speaker, closing gaps up to `seam` seconds. Order them by start."""
    by_speaker: dict[str, list[Turn]] = {}
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        if turn.duration < _LEAST_TURN:
            continue
        mine = by_speaker.setdefault(turn.speaker, [])
        if mine and turn.start - mine[-1].end <= seam:
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
) -> Iterator[Turn]:
    return (
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
) -> dict[str, VoiceEmbedding]:
    parts: dict[str, list[VoiceEmbedding]] = {}
    for number, window in enumerate(windows):
        for label, voice in window.voices.items():
            parts.setdefault(person_of[number, label], []).append(voice)
    return {person: _joined(voices) for person, voices in parts.items()}


def _joined(voices: Sequence[VoiceEmbedding]) -> VoiceEmbedding:
    weighted = np.sum([voice.vector * voice.seconds for voice in voices], axis=0)
    return VoiceEmbedding(vector=unit(weighted), seconds=sum(voice.seconds for voice in voices))


def _renamed(turns: Iterable[Turn], names: Mapping[str, str]) -> tuple[Turn, ...]:
    return tuple(
        Turn(start=turn.start, end=turn.end, speaker=names.get(turn.speaker, turn.speaker))
        for turn in turns
    )
