"""One timeline of speakers from the diarized parts of a recording.

Each part has speakers of its own, rather too many, so that none has the speech of two people. They
are linked by their voices, and where neighboring parts overlap, by the speech that both have heard.
"""

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from common.voices.assembly import SURELY_ALIKE, without_fragments
from common.voices.limits import RequestedSpeakers, SpeakerLimits
from common.voices.linking import LocalSpeaker, link
from common.voices.persons import at_most
from common.voices.seams import same_at_seam
from common.voices.turns import (
    LEAST_TURN,
    Stretch,
    clean_stretches,
    join_turns,
    labels,
    longest,
    renamed,
    speech_seconds,
)
from common.voices.values import Timeline, Turn, Voice, mean_voice

#: Threshold for results that state none, a cautious guess for any embedding.
_CAUTIOUS = 0.5
#: Shorter stretches (seconds) are no use as clips.
_LEAST_CLIP = 0.3
_ANY_NUMBER = RequestedSpeakers()
#: Those of a diarizer without settings.
_DEFAULTS = SpeakerLimits()


@dataclass(frozen=True, kw_only=True, slots=True)
class PartSpeaker:
    """A speaker of one part, in one signal. `voice` is None without enough clean speech."""

    label: str
    signal: int
    voice: Voice | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizedPart:
    """Diarization of a part of a recording, in seconds from the beginning of the recording.

    The turns in `core` (start, end) count. Those beyond it, within `heard`, belong to a neighbor
    and only serve to recognize its speakers. Labels are unique within the part, over all signals.
    """

    core: Stretch
    heard: Stretch
    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    speakers: tuple[PartSpeaker, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinedSpeaker:
    """A speaker of the whole recording, in one signal.

    `clean` are a few stretches within cores in which this speaker is alone, longest first.
    """

    label: str
    signal: int
    voice: Voice | None
    speech_seconds: float
    clean: tuple[Stretch, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinedDiarization:
    """Diarization of the whole recording.

    Turns of all signals are in order of start. Speakers are labeled `Speaker_1` and so on in order
    of first appearance. `warnings` are sentences for the owner.
    """

    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    speakers: tuple[JoinedSpeaker, ...]
    warnings: tuple[str, ...]


def join_parts(
    parts: Sequence[DiarizedPart],
    *,
    threshold: float,
    requested: RequestedSpeakers = _ANY_NUMBER,
    defaults: SpeakerLimits = _DEFAULTS,
) -> JoinedDiarization:
    """Join the diarizations of the parts of a recording, given in order of time.

    `threshold` is the least cosine of the voices of one person in two parts, 0.0 if it is unknown.
    `requested` are the numbers of speakers of the whole recording, completed by `defaults`. The
    last part counts to its actual end. Speakers of different signals are never joined.
    """
    threshold = threshold or _CAUTIOUS
    signals = sorted({speaker.signal for part in parts for speaker in part.speakers})
    limits = requested.limits(defaults)
    # The bounds hold for all signals together, so that speakers of one are not forced apart.
    own = limits if len(signals) <= 1 else _of_signal(limits, requested, len(signals))
    open_ended = [*parts[:-1], *(_open_ended(part) for part in parts[-1:])]
    found = {
        number: _joined([_signal(part, number) for part in open_ended], own, threshold)
        for number in signals
    }
    most = limits.most if len(signals) <= 1 else requested.most
    each = None if most is None else max(1, most - len(signals) + 1)
    found = at_most(found, each=each, together=most)
    count = sum(len(labels(one.turns)) for one in found.values())
    warning = requested.warning(count)
    return _labeled(
        found,
        boundaries=[part.core[0] for part in parts[1:]],
        warnings=() if warning is None else (warning,),
    )


def _of_signal(limits: SpeakerLimits, requested: RequestedSpeakers, signals: int) -> SpeakerLimits:
    """Return the limits for one of several signals."""
    most = max(requested.exactly, signals) if requested.exactly else limits.most
    return replace(limits, fewest=1, most=most)


def _open_ended(part: DiarizedPart) -> DiarizedPart:
    """Return the last part without an end, since recordings may be longer than was planned."""
    return replace(part, core=(part.core[0], math.inf), heard=(part.heard[0], math.inf))


def _signal(part: DiarizedPart, number: int) -> DiarizedPart:
    """Return one signal of a part."""
    speakers = tuple(speaker for speaker in part.speakers if speaker.signal == number)
    own = {speaker.label for speaker in speakers}
    return replace(
        part,
        turns=tuple(turn for turn in part.turns if turn.speaker in own),
        exclusive_turns=tuple(turn for turn in part.exclusive_turns if turn.speaker in own),
        speakers=speakers,
    )


def _joined(parts: Sequence[DiarizedPart], limits: SpeakerLimits, threshold: float) -> Timeline:
    """Return the timeline of one signal."""
    names = _persons(parts, limits, threshold)
    voices: dict[str, list[Voice]] = {}
    for part, name in zip(parts, names, strict=True):
        for speaker in part.speakers:
            if speaker.voice is not None and speaker.label in name:
                voices.setdefault(name[speaker.label], []).append(speaker.voice)
    whole = Timeline(
        turns=tuple(join_turns(_counting(parts, names, [part.turns for part in parts]))),
        exclusive_turns=tuple(_counting(parts, names, [part.exclusive_turns for part in parts])),
        voices={person: mean_voice(some) for person, some in voices.items()},
    )
    return without_fragments(whole, limits, threshold=threshold)


def _persons(
    parts: Sequence[DiarizedPart], limits: SpeakerLimits, threshold: float
) -> list[dict[str, str]]:
    """Return the person of each label, for each part. Those who only speak in margins have none."""
    local = [
        LocalSpeaker(
            piece=number,
            label=speaker.label,
            vector=None if speaker.voice is None else speaker.voice.vector,
            seconds=0.0 if speaker.voice is None else speaker.voice.seconds,
        )
        for number, part in enumerate(parts)
        for present in [set(labels(_cut(part.turns, part.core)))]
        for speaker in part.speakers
        if speaker.label in present
    ]
    place = {(speaker.piece, speaker.label): index for index, speaker in enumerate(local)}
    shared = sorted(
        (
            (seconds, place[number, one], place[number + 1, other])
            for number, (part, after) in enumerate(itertools.pairwise(parts))
            for seconds, one, other in same_at_seam(
                part.turns, after.turns, (after.heard[0], part.heard[1])
            )
            if (number, one) in place and (number + 1, other) in place
        ),
        key=lambda pair: -pair[0],
    )
    # The largest number is enforced when fragments have been merged, so that people are not joined
    # to make room for them.
    persons = link(
        local,
        threshold=threshold,
        fewest=limits.fewest,
        same=[(one, other) for _, one, other in shared],
        twins=threshold + SURELY_ALIKE,
    )
    names: list[dict[str, str]] = [{} for _ in parts]
    for speaker, person in zip(local, persons, strict=True):
        names[speaker.piece][speaker.label] = f"{person}"
    return names


def _counting(
    parts: Sequence[DiarizedPart],
    names: Sequence[Mapping[str, str]],
    turns: Sequence[Sequence[Turn]],
) -> Iterator[Turn]:
    """Yield the turns of persons, each in the core of its part."""
    for part, name, said in zip(parts, names, turns, strict=True):
        known = [turn for turn in said if turn.speaker in name]
        yield from _cut(renamed(known, name), part.core)


def _cut(turns: Iterable[Turn], core: Stretch) -> Iterator[Turn]:
    for turn in turns:
        start, end = max(turn.start, core[0]), min(turn.end, core[1])
        if end - start >= LEAST_TURN:
            yield Turn(start=start, end=end, speaker=turn.speaker)


def _labeled(
    found: Mapping[int, Timeline], *, boundaries: Sequence[float], warnings: tuple[str, ...]
) -> JoinedDiarization:
    """Return the timelines of signals as one, with new labels."""
    first = sorted(
        (turn.start, number, place, turn.speaker)
        for number, one in found.items()
        for place, turn in enumerate(_first_turns(one))
    )
    names: dict[int, dict[str, str]] = {number: {} for number in found}
    for place, (_, number, _, person) in enumerate(first, 1):
        names[number][person] = f"Speaker_{place}"
    seconds = {number: speech_seconds(one.turns) for number, one in found.items()}
    clean = {number: clean_stretches(one.turns) for number, one in found.items()}
    return JoinedDiarization(
        turns=_ordered(renamed(one.turns, names[number]) for number, one in found.items()),
        exclusive_turns=_ordered(
            renamed(
                [turn for turn in one.exclusive_turns if turn.speaker in names[number]],
                names[number],
            )
            for number, one in found.items()
        ),
        speakers=tuple(
            JoinedSpeaker(
                label=names[number][person],
                signal=number,
                voice=found[number].voices.get(person),
                speech_seconds=seconds[number][person],
                clean=tuple(longest(list(_split(clean[number].get(person, []), boundaries)))),
            )
            for _, number, _, person in first
        ),
        warnings=warnings,
    )


def _first_turns(found: Timeline) -> list[Turn]:
    """Return the first turn of each speaker."""
    first: dict[str, Turn] = {}
    for turn in found.turns:
        first.setdefault(turn.speaker, turn)
    return list(first.values())


def _ordered(signals: Iterable[Sequence[Turn]]) -> tuple[Turn, ...]:
    turns = [turn for one in signals for turn in one]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def _split(stretches: Iterable[Stretch], boundaries: Sequence[float]) -> Iterator[Stretch]:
    """Yield stretches that cross no boundary: a wrong link there would put two voices in one."""
    for start, end in stretches:
        inside = boundaries[bisect_right(boundaries, start) : bisect_left(boundaries, end)]
        for begin, stop in itertools.pairwise([start, *inside, end]):
            if stop - begin >= _LEAST_CLIP:
                yield begin, stop
