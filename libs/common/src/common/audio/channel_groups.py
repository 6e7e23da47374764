"""Groups of channels: which of them belong together, and which are parties of their own."""

from collections.abc import Callable, Sequence

from common.audio.channel_pairs import PairEvidence
from common.audio.channel_selection import Channel, Selection, is_low_frequency, is_same
from common.audio.evidence import Evidence

Group = tuple[Channel, ...]

#: Least time in which each of two parties is heard alone, in seconds and as a share.
_ALONE_SECONDS = 0.75
_ALONE_SHARE = 0.015
#: Each party must be quieter than usual where the other one is heard, by this many decibels.
_ISOLATION = 0.5
#: Least share of time in which one channel is heard alone, if loudness is equal at all times. Half
#: of the dissimilarity of loudness over time counts as much. Set on constructed recordings.
_APART = 0.48


def are_apart(pair: PairEvidence) -> bool:
    """Return whether two channels hold different parties."""
    active = sum(pair.alone) / max(pair.apart, 1e-3)
    return (
        not is_same(pair)
        and min(pair.isolation) >= _ISOLATION
        and min(pair.alone) >= max(_ALONE_SECONDS, _ALONE_SHARE * active)
        and separation(pair) >= _APART
    )


def separation(pair: PairEvidence) -> float:
    """Return how clearly two channels differ: 0 for the same sound, above 1 for clean calls."""
    return pair.apart + (1 - pair.similarity) / 2


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
