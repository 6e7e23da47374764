"""Plan of a recording's signals: its channels and tracks mixed, or each by itself."""

from collections.abc import Sequence

from common.audio.channel_gains import gains
from common.audio.channel_groups import Group, measured_groups, wanted_groups
from common.audio.channel_reasons import describe, reason
from common.audio.channel_selection import Channel, Selection, select
from common.audio.evidence import Evidence
from common.audio.signals import ChannelMode, ChannelPlan, PlannedSignal, Signal, SignalPart
from common.audio.tracks import Track


def plan(tracks: Sequence[Track], evidence: Evidence, mode: ChannelMode) -> ChannelPlan:
    """Return the signals of a recording.

    `evidence` is that of the channels of all tracks that decode, in order. Raises ValueError if it
    has another number of channels.
    """
    selection = select(tracks, evidence)
    groups = _groups(selection, evidence, mode)
    separate = len(groups) > 1
    return ChannelPlan(
        requested=mode,
        decided=ChannelMode.SEPARATE if separate else ChannelMode.MIX,
        reason=reason(mode, groups, selection, tracks, evidence),
        signals=tuple(
            PlannedSignal(
                signal=Signal(
                    parts=_parts(group, quiet, evidence),
                    title=_title(group, groups) if separate else "",
                ),
                description=describe(group, tracks),
            )
            for group, quiet in zip(groups, _with_quiet(groups, selection), strict=True)
        ),
    )


def _groups(selection: Selection, evidence: Evidence, mode: ChannelMode) -> list[Group]:
    if not selection.audible or mode is ChannelMode.MIX:
        return [selection.counted]
    if mode is ChannelMode.SEPARATE:
        return wanted_groups(selection, evidence)
    return measured_groups(selection, evidence)


def _with_quiet(groups: Sequence[Group], selection: Selection) -> list[list[Channel]]:
    """Assign each channel silent in the excerpts to a group, best one of its track."""
    given: list[list[Channel]] = [[] for _ in groups]
    members = {channel for group in groups for channel in group}
    for channel in selection.quiet:
        if channel not in members:
            tracks = [{member.track.index for member in group} for group in groups]
            fitting = (n for n, indexes in enumerate(tracks) if channel.track.index in indexes)
            given[next(fitting, 0)].append(channel)
    return given


def _parts(group: Group, quiet: Sequence[Channel], evidence: Evidence) -> tuple[SignalPart, ...]:
    """Return the average of a group. Channels without sound are added with the same gain."""
    chosen = dict(zip(group, gains([channel.number for channel in group], evidence), strict=True))
    chosen |= dict.fromkeys(quiet, 1 / len(group))
    tracks: dict[int, list[float]] = {}
    for channel in sorted(chosen, key=lambda channel: channel.number):
        track = tracks.setdefault(channel.track.index, [0.0] * channel.track.channels)
        track[channel.place] = round(chosen[channel], 6)
    return tuple(
        SignalPart(track=index, gains=tuple(of_channels)) for index, of_channels in tracks.items()
    )


def _title(group: Group, groups: Sequence[Group]) -> str:
    """Return the title of a group's track, unless other groups are of the same track."""
    (first, *others) = {channel.track.index for channel in group}
    owners = [g for g in groups if any(channel.track.index == first for channel in g)]
    return "" if others or len(owners) > 1 else group[0].track.title
