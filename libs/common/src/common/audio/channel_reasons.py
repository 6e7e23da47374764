"""Descriptions of signals and reasons of decisions, in words for users."""

import itertools
from collections.abc import Sequence

from common.audio.channel_groups import Group, films
from common.audio.channel_relations import are_apart, is_same
from common.audio.channel_selection import Channel, Selection, listed
from common.audio.evidence import Evidence
from common.audio.signals import ChannelMode
from common.audio.tracks import Track

_SIDES = ("left", "right")
#: More channels than this are only counted.
_MOST_NAMED = 4


def describe(group: Group, tracks: Sequence[Track]) -> str:
    """Return a signal in words, such as `left channel` or `track 2 (Microphone)`."""
    positions = _positions(group)
    if len(positions) > 1:
        return f"tracks {listed(positions)}"
    track = group[0].track
    named = f"track {positions[0]}" + (f" ({track.title})" if track.title else "")
    if len(group) == track.channels or track.channels == 1:
        return named if len(tracks) > 1 else _all_channels(track)
    channels = _channels(group)
    return f"{channels} of {named}" if len(tracks) > 1 else channels


def _positions(channels: Group) -> list[int]:
    return sorted({channel.position for channel in channels})


def _all_channels(track: Track) -> str:
    return {1: "the only channel", 2: "both channels"}.get(track.channels, "all channels")


def _channels(group: Group) -> str:
    """Return the names of channels within their track."""
    if group[0].track.channels == len(_SIDES):
        return f"{listed([_SIDES[channel.place] for channel in group])} channel"
    numbers = listed([channel.place + 1 for channel in group])
    return f"channel {numbers}" if len(group) == 1 else f"channels {numbers}"


def reason(
    mode: ChannelMode,
    groups: Sequence[Group],
    selection: Selection,
    tracks: Sequence[Track],
    evidence: Evidence,
) -> str:
    """Return why a recording is mixed or separated, with the deciding figures."""
    sentences = [
        _decision(mode, groups, selection, tracks, evidence),
        *_left_out(selection, tracks),
        *selection.notes,
    ]
    return " ".join(sentences)


def _decision(
    mode: ChannelMode,
    groups: Sequence[Group],
    selection: Selection,
    tracks: Sequence[Track],
    evidence: Evidence,
) -> str:
    if len(evidence.channels) == 1:
        return "The recording has one channel."
    if not selection.audible:
        return "No channel has sound."
    if len(selection.counted) == 1 and len(groups) == 1:
        return f"Only {_the(selection.counted, tracks)} is used."
    if mode is ChannelMode.MIX:
        return "All channels are mixed, as requested."
    if len(groups) > 1:
        requested = mode is ChannelMode.SEPARATE
        return "Channels are separated, as requested." if requested else _apart(groups, evidence)
    return _together(selection.counted, evidence)


def _left_out(selection: Selection, tracks: Sequence[Track]) -> list[str]:
    reasons = ((selection.silent, "silent"), (selection.steady, "steady noise"))
    return [_without(channels, why, tracks) for channels, why in reasons if channels]


def _without(channels: Group, why: str, tracks: Sequence[Track]) -> str:
    if len(channels) > _MOST_NAMED:
        return f"{len(channels)} channels are {why} and left out."
    by_track = [tuple(c for c in channels if c.position == p) for p in _positions(channels)]
    names = listed([_the(group, tracks) for group in by_track])
    verb = "are" if len(by_track) > 1 or names.startswith("channels") else "is"
    return f"{names[0].upper()}{names[1:]} {verb} {why} and left out."


def _the(group: Group, tracks: Sequence[Track]) -> str:
    """Return a signal in words within a sentence."""
    words = describe(group, tracks)
    named = words.startswith(("track", "channel", "all", "both", "the"))
    return words if named else f"the {words}"


def _apart(groups: Sequence[Group], evidence: Evidence) -> str:
    pairs = [
        evidence.pair(one.number, other.number)
        for first, second in itertools.combinations(groups, 2)
        for one, other in itertools.product(first, second)
    ]
    quieter = min(sum(pair.isolation) / 2 for pair in pairs)
    if len(groups) == 2:
        share = min(pair.apart for pair in pairs)
        return (
            f"Each of the two {_noun(groups)} holds a party of its own: in {share:.0%} of the time "
            f"with sound only one is clearly heard, and the other one is then {quieter:.0f} dB "
            "quieter."
        )
    return (
        f"Each of the {len(groups)} {_noun(groups)} holds a party of its own: it is at least "
        f"{quieter:.0f} dB quieter while another one is heard."
    )


def _noun(groups: Sequence[Group]) -> str:
    positions = [{channel.position for channel in group} for group in groups]
    apart = all(not one & other for one, other in itertools.combinations(positions, 2))
    if apart:
        return "tracks"
    return "channels" if all(len(group) == 1 for group in groups) else "groups of channels"


def _together(channels: Sequence[Channel], evidence: Evidence) -> str:
    if not evidence.pairs:
        return "So many channels are not compared with each other, and are mixed."
    pairs = [
        evidence.pair(one.number, other.number)
        for one, other in itertools.combinations(channels, 2)
    ]
    likeness = min(pair.similarity for pair in pairs)
    if all(is_same(pair, evidence) for pair in pairs):
        return (
            "All channels hold the same sound: their loudness over time correlates by at least "
            f"{likeness:.2f}."
        )
    if any(are_apart(pair, evidence) for pair in pairs) and films(channels, evidence):
        return "The channels are surround sound, as the low-frequency channel shows."
    alone = max(pair.apart for pair in pairs)
    return (
        f"The channels belong together: one is clearly heard alone in {alone:.0%} of the time with "
        f"sound at most, and their loudness over time correlates by at least {likeness:.2f}."
    )
