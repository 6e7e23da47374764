"""Selection of the channels of a recording to be used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common import languages
from common.audio.channel_relations import is_same
from common.audio.evidence import Evidence
from common.audio.tracks import Track

#: Sound below this in dBFS, in the loudest moment, is the rounding noise of silence.
_SILENT = -80.0
#: Loud moments of steady noise exceed quiet ones by less than this, in decibels.
_STEADY = 5.0
#: A low-frequency channel has at least this share of its energy below the voice.
_LOW = 0.97
#: Share of a channel's sound that a channel with all of it must hold.
_COPIED = 0.97


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A channel by its `number` in the evidence and its `place` in its track, both from 0.

    `position` is the number of its track among all tracks, from 1.
    """

    number: int
    track: Track
    position: int
    place: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Counted channels and the others.

    `audible` is False if no channel has sound. Then those of the default track count. `quiet` ones
    might have sound outside of the measured excerpts. `silent` and `steady` ones are left out.
    `notes` are sentences for users about tracks left out.
    """

    counted: tuple[Channel, ...]
    audible: bool = True
    quiet: tuple[Channel, ...] = ()
    silent: tuple[Channel, ...] = ()
    steady: tuple[Channel, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def several_tracks(self) -> bool:
        """Whether more than one track counts."""
        return len({channel.track.index for channel in self.counted}) > 1


def select(tracks: Sequence[Track], evidence: Evidence) -> Selection:
    """Choose the channels with sound, in the right language, and without copies."""
    channels = _numbered(tracks)
    if len(channels) != len(evidence.channels):
        raise ValueError("the evidence has other channels than the tracks")
    chosen, notes = _by_language(channels, evidence)
    voices = [c for c in chosen if not is_low_frequency(c, evidence)]
    sounding = [c for c in voices if evidence.channels[c.number].level > _SILENT]
    lively = [c for c in sounding if evidence.channels[c.number].dynamics > _STEADY]
    counted = lively or sounding
    if not counted:
        default = _default([channel.track for channel in chosen])
        counted = [channel for channel in chosen if channel.track is default]
    left_out = [channel for channel in voices if channel not in counted]
    counted, overlaps = _without_copies(counted, evidence)
    return Selection(
        counted=tuple(counted),
        audible=bool(sounding),
        quiet=() if evidence.complete else tuple(left_out),
        silent=tuple(c for c in left_out if c not in sounding) if evidence.complete else (),
        steady=tuple(c for c in left_out if c in sounding) if evidence.complete else (),
        notes=(*_undecodable(tracks), *notes, *overlaps),
    )


def is_low_frequency(channel: Channel, evidence: Evidence) -> bool:
    """Return whether the file names a channel as low-frequency effects, and it holds no voice."""
    found = evidence.channels[channel.number]
    return channel.place in channel.track.lfe and (found.low >= _LOW or found.level <= _SILENT)


def listed(names: Sequence[object]) -> str:
    """Return names as an enumeration."""
    texts = [str(name) for name in names]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _numbered(tracks: Sequence[Track]) -> list[Channel]:
    places = [
        (position, track, place)
        for position, track in enumerate(tracks, 1)
        if track.decodes
        for place in range(track.channels)
    ]
    return [
        Channel(number=number, track=track, position=position, place=place)
        for number, (position, track, place) in enumerate(places)
    ]


def _undecodable(tracks: Sequence[Track]) -> list[str]:
    positions = [number for number, track in enumerate(tracks, 1) if not track.decodes]
    return [f"{_tracks(positions)} cannot be decoded."] if positions else []


def _by_language(
    channels: Sequence[Channel], evidence: Evidence
) -> tuple[Sequence[Channel], list[str]]:
    """Return the channels of the default track if the tracks are in several languages."""
    tags = {channel.track.language for channel in channels} - {""}
    if len({languages.find(tag) or tag for tag in tags}) < 2:
        return channels, []
    sounding = [c for c in channels if evidence.channels[c.number].level > _SILENT]
    default = _default([c.track for c in sounding or channels])
    others = {
        c.position: f"{c.position} ({c.track.language})" if c.track.language else str(c.position)
        for c in channels
        if c.track is not default
    }
    verb = "is another" if len(others) == 1 else "are other"
    versions = "version" if len(others) == 1 else "versions"
    note = f"{_tracks(list(others.values()))} {verb} language {versions} and left out."
    return [c for c in channels if c.track is default], [note]


def _default(tracks: Sequence[Track]) -> Track:
    return next((track for track in tracks if track.default), tracks[0])


def _without_copies(channels: list[Channel], evidence: Evidence) -> tuple[list[Channel], list[str]]:
    """Leave out sums and copies of other tracks, so that no word is heard twice."""
    notes = []
    for leaves_out, reason in ((_sum_of, "the sum of"), (_copy_of, "also part of")):
        for position in sorted({channel.position for channel in channels}, reverse=True):
            if others := leaves_out(position, channels, evidence):
                channels = [channel for channel in channels if channel.position != position]
                where = _tracks(others).lower()
                notes.append(f"Track {position} is {reason} {where} and left out.")
    return channels, notes


def _sum_of(position: int, channels: Sequence[Channel], evidence: Evidence) -> list[int]:
    """Return the tracks with a track as their sum. They must count themselves."""
    positions = {channel.number: channel.position for channel in channels}
    sources = [
        {positions.get(source, 0) for source in evidence.channels[channel.number].sum_of}
        for channel in channels
        if channel.position == position
    ]
    if not all(sources) or any(0 in found for found in sources):
        return []
    return sorted(set().union(*sources))


def _copy_of(position: int, channels: Sequence[Channel], evidence: Evidence) -> list[int]:
    """Return another track with all sound of a track. The first of equal ones is kept."""
    own = [channel for channel in channels if channel.position == position]
    for other in sorted({channel.position for channel in channels} - {position}):
        others = [channel for channel in channels if channel.position == other]
        if _holds(others, own, evidence, _copied_in):
            if other < position or not _holds(own, others, evidence, _copied_in):
                return [other]
        elif other < position and _holds(others, own, evidence, _same_in):
            return [other]
    return []


def _holds(
    those: Sequence[Channel],
    these: Sequence[Channel],
    evidence: Evidence,
    held: Callable[[Evidence, int, int], bool],
) -> bool:
    """Return whether each of these channels is held by one of those."""
    return all(any(held(evidence, a.number, b.number) for b in those) for a in these)


def _copied_in(evidence: Evidence, number: int, other: int) -> bool:
    return evidence.pair(number, other).copied[0 if number < other else 1] >= _COPIED


def _same_in(evidence: Evidence, number: int, other: int) -> bool:
    return is_same(evidence.pair(number, other), evidence)


def _tracks(positions: Sequence[object]) -> str:
    return f"Track{'s' if len(positions) > 1 else ''} {listed(positions)}"
