"""Groups of channels: which of them belong together, and which are parties of their own."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from common.audio.channel_pairs import PairEvidence
from common.audio.channel_selection import Channel, Selection, is_low_frequency, is_same
from common.audio.evidence import Evidence

Group = tuple[Channel, ...]

#: Each of two parties must be heard alone for this long, in seconds.
_ALONE_SECONDS = 0.6
#: Weights of the evidence, set on constructed recordings: of similarity, of a lack of balance (a
#: tenfold one counts as much as this share of the time), and of isolation in decibels.
_OF_SIMILARITY = 0.75
_OF_BALANCE = 0.85
_OF_ISOLATION = 0.02
#: Isolation of both channels together between these values counts, in decibels.
_USUAL_ISOLATION = 25.0
_MOST_ISOLATION = 15.0


def are_apart(pair: PairEvidence) -> bool:
    """Return whether two channels hold different parties."""
    return not is_same(pair) and min(pair.alone) >= _ALONE_SECONDS and separation(pair) > 0


def separation(pair: PairEvidence) -> float:
    """Return how clearly two channels hold different parties, from about -1 to 1.

    Parties are heard alone most of the time, their loudness is not similar, each has its share of
    the time, and is not heard in the channel of the other one.
    """
    balance = min(pair.alone) / max(sum(pair.alone), 1e-3)
    isolation = np.clip(sum(pair.isolation) - _USUAL_ISOLATION, 0.0, _MOST_ISOLATION)
    return (
        pair.apart
        - _OF_SIMILARITY * pair.similarity
        - _OF_BALANCE * math.log10(0.5 / max(balance, 1e-3))
        + _OF_ISOLATION * float(isolation)
    )


def measured_groups(selection: Selection, evidence: Evidence) -> list[Group]:
    """Return the channels that hold parties of their own, or those that belong together."""
    surround = films(selection.counted, evidence)

    def together(one: Channel, other: Channel) -> bool:
        if one.track is other.track and one.track.index in surround:
            return True
        return not are_apart(evidence.pair(one.number, other.number))

    return _connected(selection.counted, together)


def wanted_groups(selection: Selection, evidence: Evidence) -> list[Group]:
    """Return every channel by itself, but the same sound only once, and stereo tracks as one."""
    if selection.several_tracks:
        tracks: dict[int, list[Channel]] = {}
        for channel in selection.counted:
            tracks.setdefault(channel.position, []).append(channel)
        return [
            group
            for channels in tracks.values()
            for group in measured_groups(Selection(counted=tuple(channels)), evidence)
        ]
    groups = _connected(
        selection.counted,
        lambda one, other: is_same(evidence.pair(one.number, other.number)),
    )
    # A channel that was silent in the excerpts may hold a party who speaks elsewhere.
    return sorted([*groups, *((c,) for c in selection.quiet)], key=lambda group: group[0].number)


def films(channels: Sequence[Channel], evidence: Evidence) -> set[int]:
    """Return the tracks with the surround sound of a film, as their low-frequency channel shows."""
    tracks = {channel.track.index: channel for channel in channels}
    return {
        index
        for index, channel in tracks.items()
        for place in channel.track.lfe
        if is_low_frequency(_sibling(channel, place), evidence)
    }


def _sibling(channel: Channel, place: int) -> Channel:
    """Return another channel of the same track."""
    return Channel(
        number=channel.number - channel.place + place,
        track=channel.track,
        position=channel.position,
        place=place,
    )


def _connected(
    channels: Sequence[Channel], together: Callable[[Channel, Channel], bool]
) -> list[Group]:
    """Return the channels in groups that are connected directly or through others."""
    left = list(channels)
    groups = []
    while left:
        group = [left.pop(0)]
        for member in group:
            found = [channel for channel in left if together(member, channel)]
            group += found
            left = [channel for channel in left if channel not in found]
        groups.append(tuple(sorted(group, key=lambda channel: channel.number)))
    return groups
