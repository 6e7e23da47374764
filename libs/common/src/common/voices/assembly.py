"""Assembly of the windows of a recording into one timeline."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from common.voices.fragments import absorb
from common.voices.limits import SpeakerLimits
from common.voices.linking import LocalSpeaker, link
from common.voices.turns import LEAST_TURN, join_turns, labels, renamed
from common.voices.values import Timeline, Turn, Voice, mean_voice

#: This far above the threshold of linking, voices of one piece are one person's as well.
SURELY_ALIKE = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowDiarization:
    """Diarization of one window. Times count from the beginning of the window."""

    start: float
    duration: float
    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    voices: Mapping[str, Voice]


def assemble(
    windows: Sequence[WindowDiarization], limits: SpeakerLimits, *, threshold: float
) -> Timeline:
    """Link the speakers of the windows, shift and join their turns, absorb fragments.

    Speakers are labeled SPEAKER_00 and so on by first appearance.
    """
    local = [
        LocalSpeaker(
            piece=number,
            label=label,
            vector=window.voices[label].vector if label in window.voices else None,
            seconds=window.voices[label].seconds if label in window.voices else 0.0,
        )
        for number, window in enumerate(windows)
        for label in labels(window.turns)
    ]
    persons = link(local, threshold=threshold, fewest=limits.fewest, most=limits.most)
    person_of = {
        (speaker.piece, speaker.label): f"{person}"
        for speaker, person in zip(local, persons, strict=True)
    }
    whole = Timeline(
        turns=tuple(join_turns(_shifted(windows, person_of, lambda window: window.turns))),
        exclusive_turns=tuple(_shifted(windows, person_of, lambda window: window.exclusive_turns)),
        voices=_joined_voices(windows, person_of),
    )
    whole = without_fragments(whole, limits, threshold=threshold)
    names = {label: f"SPEAKER_{n:02d}" for n, label in enumerate(labels(whole.turns))}
    exclusive = [turn for turn in whole.exclusive_turns if turn.speaker in names]
    return Timeline(
        turns=renamed(whole.turns, names),
        exclusive_turns=renamed(exclusive, names),
        voices={names[label]: voice for label, voice in whole.voices.items() if label in names},
    )


def without_fragments(whole: Timeline, limits: SpeakerLimits, *, threshold: float) -> Timeline:
    """Return a timeline whose fragments are merged into other speakers, without their voices.

    `threshold` is that of linking.
    """
    heirs = absorb(whole.turns, whole.voices, limits, alike=threshold + SURELY_ALIKE)
    return Timeline(
        turns=tuple(join_turns(renamed(whole.turns, heirs))),
        exclusive_turns=tuple(join_turns(renamed(whole.exclusive_turns, heirs), seam=LEAST_TURN)),
        voices={label: voice for label, voice in whole.voices.items() if label not in heirs},
    )


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
) -> dict[str, Voice]:
    pieces: dict[str, list[Voice]] = {}
    for number, window in enumerate(windows):
        for label, voice in window.voices.items():
            pieces.setdefault(person_of[number, label], []).append(voice)
    return {person: mean_voice(voices) for person, voices in pieces.items()}
