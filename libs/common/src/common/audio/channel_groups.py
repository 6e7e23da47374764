"""Groups of channels: one per party, or one for all channels of the same people."""

from collections.abc import Callable, Sequence

from common.audio.channel_relations import are_apart, is_same
from common.audio.channel_selection import Channel, Selection, is_low_frequency
from common.audio.evidence import Evidence

Group = tuple[Channel, ...]


def measured_groups(selection: Selection, evidence: Evidence) -> list[Group]:
    """Return one group per party, or a single one for channels of the same people."""
    surround = films(selection.counted, evidence)

    def together(one: Channel, other: Channel) -> bool:
        if one.track is other.track and one.track.index in surround:
            return True
        return not are_apart(evidence.pair(one.number, other.number), evidence)

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
        lambda one, other: is_same(evidence.pair(one.number, other.number), evidence),
    )
    # A channel that was silent in the excerpts may hold a party who speaks elsewhere.
    return sorted([*groups, *((c,) for c in selection.quiet)], key=lambda group: group[0].number)


def films(channels: Sequence[Channel], evidence: Evidence) -> set[int]:
    """Return the tracks with surround sound, recognized by their low-frequency channel."""
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
    """Group channels by their connections, direct or through others."""
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
