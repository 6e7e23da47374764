"""Rules of speaker names: assignments, suggestions, and grouping for display."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from common import characters
from common.audio.signals import ChannelMode, ChannelPlan
from common.errors import SpeakerError, ValidationError
from transcriber.domain.transcripts import NameSource, Segment, TranscriptSpeaker, same_name
from transcriber.editing.items import SpeakerItem

LONGEST_NAME = 255
#: A label of a new transcript matches an old one if it covers at least this share of its speech.
MATCHED_SHARE = 0.5
_LABEL = re.compile(r"^speaker[_ ]\d+$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A known voice, recognized by the speakers service. `confidence` is 0 to 1."""

    label: str
    speaker_id: int
    name: str
    confidence: float


def resolve(speakers: Sequence[TranscriptSpeaker], assignment: Mapping[str, str]) -> dict[str, str]:
    """Return the new names of an assignment by label, empty where a name is removed.

    Keys of `assignment` are labels or current names, compared without case. A name shared by
    several labels means all of them. A merged label means its target.

    Example: `{"Ada": "Eve"}` gives `{"Speaker_1": "Eve"}` if Speaker_1 is named Ada.

    Raises:
        SpeakerError: a speaker does not exist or gets two names, or a name looks like a label.
        ValidationError: there are no names, or one is too long or has control characters.
    """
    if not assignment:
        raise ValidationError.of("names", "Give at least one speaker a name.")
    by_key: dict[str, list[str]] = defaultdict(list)
    by_label = {speaker.label: speaker for speaker in speakers}
    for speaker in speakers:
        if speaker.name and not speaker.merged_into:
            by_key[same_name(speaker.name)].append(speaker.label)
    by_key.update(
        {same_name(speaker.label): [_merged(speaker, by_label).label] for speaker in speakers}
    )
    names: dict[str, str] = {}
    for key, value in assignment.items():
        labels = by_key.get(same_name(key))
        if labels is None:
            raise SpeakerError(
                "There is no such speaker in this transcription. Use a label or a current name.",
                {"speaker": key[:LONGEST_NAME]},
            )
        for label in labels:
            name = _checked(value, label)
            if same_name(names.setdefault(label, name)) != same_name(name):
                raise SpeakerError("One speaker is given two names.", {"speaker": label})
    return names


def assign(
    speakers: Sequence[TranscriptSpeaker], names: Mapping[str, str]
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers with new names by label. Names new to the transcript have no profile.

    A name in the transcript means the profile behind it, even if the profile was just renamed. A
    name given to one speaker is not suggested for another.
    """
    taken = {same_name(name) for name in names.values() if name}
    profiles = {same_name(speaker.name): speaker.speaker_id for speaker in speakers if speaker.name}
    return tuple(
        _with_name(speaker, names.get(speaker.label), taken, profiles) for speaker in speakers
    )


def confirmed(speakers: Sequence[TranscriptSpeaker]) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers named by a person."""
    return tuple(item for item in speakers if item.name_source is NameSource.CONFIRMED)


def decided(
    speakers: Sequence[TranscriptSpeaker], newly_named: Collection[str] = ()
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers whose voices the speakers service should learn.

    `newly_named` has the labels of the current assignment. An earlier name without a profile
    stays in the transcript, but its profile was deleted: the voice is learned again only when a
    person gives the name again. The voice of a merged label belongs to its target.
    """
    by_label = {speaker.label: speaker for speaker in speakers}
    return tuple(
        replace(
            speaker,
            name=own.name,
            name_source=own.name_source,
            speaker_id=own.speaker_id,
            match_confidence=own.match_confidence,
        )
        for speaker in speakers
        for own in [_merged(speaker, by_label)]
        if own.name_source is NameSource.CONFIRMED and (own.speaker_id or own.label in newly_named)
    )


def titles_of(plan: ChannelPlan | None) -> dict[int, str]:
    """Return the titles of channels that may be names, by the number of the channel.

    A title shared by several channels is the name of none of them.
    """
    if plan is None or plan.decided is not ChannelMode.SEPARATE:
        return {}
    titles = [characters.tidied(planned.signal.title) for planned in plan.signals]
    count = Counter(same_name(title) for title in titles)
    return {
        number: title
        for number, title in enumerate(titles, start=1)
        if _may_be_name(title) and count[same_name(title)] == 1
    }


def suggest(
    speakers: Sequence[TranscriptSpeaker],
    suggestions: Sequence[Suggestion],
    titles: Mapping[int, str] | None = None,
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers with suggested names, except those named by a person.

    A speaker whose name a person removed gets none.
    A profile assigned to one speaker is not suggested for another. `titles` are those of channels
    (see `titles_of`). A title is suggested, without a profile, for the speaker with most of the
    speech in the channel, unless the voice is known.
    """
    return _with_titles(_with_known_voices(speakers, suggestions), titles or {})


def _with_known_voices(
    speakers: Sequence[TranscriptSpeaker], suggestions: Sequence[Suggestion]
) -> list[TranscriptSpeaker]:
    by_label = {item.label: item for item in suggestions}
    assigned_ids = {item.speaker_id for item in confirmed(speakers)}
    assigned_names = {same_name(item.name) for item in confirmed(speakers)}
    result = []
    for speaker in speakers:
        match = by_label.get(speaker.label)
        if speaker.name_source is NameSource.CONFIRMED:
            result.append(speaker)
        elif (
            match is None
            or speaker.name_removed
            or match.speaker_id in assigned_ids
            or same_name(match.name) in assigned_names
        ):
            result.append(without_name(speaker))
        else:
            result.append(
                replace(
                    speaker,
                    name=match.name,
                    name_source=NameSource.SUGGESTED,
                    speaker_id=match.speaker_id,
                    match_confidence=match.confidence,
                )
            )
    return result


def _with_titles(
    speakers: Sequence[TranscriptSpeaker], titles: Mapping[int, str]
) -> tuple[TranscriptSpeaker, ...]:
    taken = {same_name(speaker.name) for speaker in speakers if speaker.name}
    main: dict[int, TranscriptSpeaker] = {}
    for speaker in speakers:
        before = main.get(speaker.channel)
        if before is None or speaker.total_duration > before.total_duration:
            main[speaker.channel] = speaker
    return tuple(
        replace(speaker, name=title, name_source=NameSource.SUGGESTED)
        if speaker is main[speaker.channel]
        and not speaker.name
        and not speaker.name_removed
        and (title := titles.get(speaker.channel, ""))
        and same_name(title) not in taken
        else speaker
        for speaker in speakers
    )


def changed(
    before: Sequence[TranscriptSpeaker], after: Sequence[TranscriptSpeaker]
) -> list[TranscriptSpeaker]:
    """Return the speakers of `after` that differ from `before`, given in the same order.

    Only these are stored: the others may have followed their profile in the meantime.
    """
    return [new for old, new in zip(before, after, strict=True) if new != old]


def without_name(speaker: TranscriptSpeaker) -> TranscriptSpeaker:
    """Return the speaker without a name."""
    return replace(
        speaker, name="", name_source=NameSource.NONE, speaker_id=0, match_confidence=0.0
    )


def match_labels(
    old: Sequence[Segment], new: Sequence[Segment], labels: Sequence[str]
) -> dict[str, str]:
    """Match the labels of two transcripts of one recording, as new labels by old ones.

    An old label matches the new one that shares most of its time, if that is at least half.
    Speakers of different channels do not match, since people on two channels speak at once.
    """
    shared: dict[tuple[str, str], float] = defaultdict(float)
    total: dict[str, float] = defaultdict(float)
    ordered = _united(new)
    present: list[_Time] = []
    begin = 0
    for time in _united(old):
        total[time.label] += time.end - time.start
        while begin < len(ordered) and ordered[begin].start < time.end:
            present.append(ordered[begin])
            begin += 1
        present = [other for other in present if other.end > time.start]
        for other in present:
            if other.start >= time.end or 0 != time.channel != other.channel != 0:
                continue
            overlap = min(time.end, other.end) - max(time.start, other.start)
            shared[time.label, other.label] += max(0.0, overlap)
    result: dict[str, str] = {}
    for (old_label, new_label), seconds in sorted(
        shared.items(), key=lambda item: (-item[1], item[0])
    ):
        free = old_label not in result and new_label not in result.values()
        if old_label in labels and free and seconds >= MATCHED_SHARE * total[old_label]:
            result[old_label] = new_label
    return result


class _Time(NamedTuple):
    """Time during which a label speaks on a channel."""

    start: float
    end: float
    label: str
    channel: int


def _united(segments: Iterable[Segment]) -> list[_Time]:
    """Return the times of labels in order, with overlapping ones of a label joined.

    Then the number of those at one moment is bounded by that of labels and channels.
    """
    united: list[_Time] = []
    last: dict[tuple[str, int], int] = {}
    for segment in sorted(segments, key=lambda segment: segment.start):
        key = segment.label, segment.channel
        place = last.get(key, -1)
        if place >= 0 and segment.start <= united[place].end:
            end = max(united[place].end, segment.end)
            united[place] = united[place]._replace(end=end)
        else:
            last[key] = len(united)
            united.append(_Time(segment.start, segment.end, segment.label, segment.channel))
    return united


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupedSpeakers:
    """Speakers for display. Labels with the same name are one speaker.

    `primary` has the label that stands for each label, `names` the display name of each label.
    """

    speakers: tuple[TranscriptSpeaker, ...]
    primary: Mapping[str, str]
    names: Mapping[str, str]


def group_by_name(speakers: Sequence[TranscriptSpeaker]) -> GroupedSpeakers:
    """Group speakers with the same name, and those that were merged.

    The first label of one that was not merged into another stands for the group.
    """
    by_label = {speaker.label: speaker for speaker in speakers}
    groups: dict[str, list[TranscriptSpeaker]] = {}
    for speaker in sorted(speakers, key=lambda item: bool(item.merged_into)):
        own = _merged(speaker, by_label)
        key = f"name {same_name(own.name)}" if own.name else f"label {own.label}"
        groups.setdefault(key, []).append(speaker)
    together = tuple(_together(group) for group in groups.values())
    primary = {
        speaker.label: one.label
        for one, group in zip(together, groups.values(), strict=True)
        for speaker in group
    }
    names = {one.label: one.display_name for one in together}
    return GroupedSpeakers(
        speakers=together,
        primary=primary,
        names={label: names[primary[label]] for label in primary},
    )


def as_merged(
    speakers: Sequence[TranscriptSpeaker], merges: Mapping[str, str]
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers as they were merged in a revision, given by label."""
    return tuple(
        replace(speaker, merged_into=merges.get(speaker.label, "")) for speaker in speakers
    )


def as_of(
    speakers: Sequence[TranscriptSpeaker], items: Iterable[SpeakerItem]
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers as they were named and merged in a revision."""
    by_label = {item.id: item for item in items}
    return tuple(
        replace(
            speaker,
            merged_into=by_label[speaker.label].merged_into,
            name=by_label[speaker.label].name.name,
            name_source=by_label[speaker.label].name.source,
        )
        for speaker in speakers
        if speaker.label in by_label
    )


def _merged(
    speaker: TranscriptSpeaker, by_label: Mapping[str, TranscriptSpeaker]
) -> TranscriptSpeaker:
    """Return the speaker who a speaker turned out to be."""
    for _ in by_label:
        if speaker.merged_into not in by_label:
            break
        speaker = by_label[speaker.merged_into]
    return speaker


def _together(group: list[TranscriptSpeaker]) -> TranscriptSpeaker:
    best = max(group, key=lambda item: item.voiceprint.speech_seconds if item.voiceprint else 0.0)
    total = sum(item.total_duration for item in group)
    mean = sum(item.average_confidence * item.total_duration for item in group)
    channels = {item.channel for item in group}
    return replace(
        group[0],
        # A person heard on several channels belongs to none of them.
        channel=group[0].channel if len(channels) == 1 else 0,
        segment_count=sum(item.segment_count for item in group),
        total_duration=total,
        average_confidence=mean / total if total else group[0].average_confidence,
        speech_seconds=sum(item.speech_seconds for item in group),
        voiceprint=best.voiceprint,
    )


def _with_name(
    speaker: TranscriptSpeaker, name: str | None, taken: set[str], profiles: Mapping[str, int]
) -> TranscriptSpeaker:
    if name is None:
        suggestion = speaker.name_source is NameSource.SUGGESTED
        gone = suggestion and same_name(speaker.name) in taken
        return without_name(speaker) if gone else speaker
    if not name:
        return without_name(speaker)
    return replace(
        speaker,
        name=name,
        name_source=NameSource.CONFIRMED,
        speaker_id=profiles.get(same_name(name), 0),
        match_confidence=1.0,
    )


def _checked(value: str, label: str) -> str:
    """Return a name as it is stored, empty for the speaker's own label."""
    name = characters.tidied(value)
    if characters.has_forbidden(name):
        raise ValidationError.of("names", "Names must not contain control characters.")
    if len(name) > LONGEST_NAME:
        raise ValidationError.of("names", f"Names must not exceed {LONGEST_NAME} characters.")
    if same_name(name) == same_name(label):
        return ""
    if _LABEL.match(same_name(name)):
        raise SpeakerError(
            "A speaker cannot have the label of another speaker as a name.", {"speaker": label}
        )
    return name


def _may_be_name(title: str) -> bool:
    """Return whether a title would be accepted as a name."""
    fits = 0 < len(title) <= LONGEST_NAME and not characters.has_forbidden(title)
    return fits and not _LABEL.match(same_name(title))
