"""Names of speakers: what a person assigns, what was suggestions, and what is shown."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from common.errors import SpeakerError, ValidationError
from transcriber.domain.transcripts import NameSource, Segment, TranscriptSpeaker, same_name

LONGEST_NAME = 255
#: A voice of a new transcript is an old one when it says this part of what that one said.
MATCHED_SHARE = 0.5
_LABEL = re.compile(r"^speaker[_ ]\d+$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A voice that the service for speakers knows. `confidence` is 0 to 1."""

    label: str
    speaker_id: int
    name: str
    confidence: float


def resolve(speakers: Sequence[TranscriptSpeaker], wanted: Mapping[str, str]) -> dict[str, str]:
    """What a person's assignment means: the new name by label, empty where the name is taken away.

    Keys of `wanted` are labels or names that are shown now; case does not matter. A name that
    several labels share stands for all of them.

    Raises:
        SpeakerError: there is no such speaker, one gets two names, or a name looks like a label.
        ValidationError: there is no name, or one is too long or odd.
    """
    if not wanted:
        raise ValidationError.of("names", "Give at least one speaker a name.")
    by_key: dict[str, list[str]] = defaultdict(list)
    for speaker in speakers:
        if speaker.name:
            by_key[same_name(speaker.name)].append(speaker.label)
    by_key.update({same_name(speaker.label): [speaker.label] for speaker in speakers})
    names: dict[str, str] = {}
    for key, value in wanted.items():
        labels = by_key.get(same_name(key))
        if labels is None:
            raise SpeakerError(
                "There is no such speaker in this transcription; use a label or a current name.",
                {"speaker": key[:LONGEST_NAME]},
            )
        for label in labels:
            name = _checked(value, label)
            if same_name(names.setdefault(label, name)) != same_name(name):
                raise SpeakerError("A speaker is given two names at once.", {"speaker": label})
    return names


def assign(
    speakers: Sequence[TranscriptSpeaker], names: Mapping[str, str]
) -> tuple[TranscriptSpeaker, ...]:
    """The speakers after `changes`; profiles of names that are new here are still to be filled in.

    A name that is shown in the transcript stands for the profile behind it, even if that has been
    renamed a moment ago. A name that a person gives to one voice is no longer suggested for
    another.
    """
    taken = {same_name(name) for name in names.values() if name}
    profiles = {same_name(speaker.name): speaker.speaker_id for speaker in speakers if speaker.name}
    return tuple(
        _with_name(speaker, names.get(speaker.label), taken, profiles) for speaker in speakers
    )


def confirmed(speakers: Sequence[TranscriptSpeaker]) -> tuple[TranscriptSpeaker, ...]:
    """The speakers that a person has named."""
    return tuple(item for item in speakers if item.name_source is NameSource.CONFIRMED)


def decided(
    speakers: Sequence[TranscriptSpeaker], newly_named: Collection[str] = ()
) -> tuple[TranscriptSpeaker, ...]:
    """The speakers whose voices are to be remembered; those in `newly_named` were just named.

    A name from before without a profile is one whose profile was deleted for good. It stays in
    the transcript, but only a person who gives it again has the voice remembered again.
    """
    return tuple(
        item for item in confirmed(speakers) if item.speaker_id or item.label in newly_named
    )


def suggest(
    speakers: Sequence[TranscriptSpeaker], suggestions: Sequence[Suggestion]
) -> tuple[TranscriptSpeaker, ...]:
    """The speakers with the names of suggestions voices, where no person has decided.

    A profile that a person gave to one voice is not suggested for another.
    """
    by_label = {item.label: item for item in suggestions}
    decided = {item.speaker_id for item in confirmed(speakers)}
    decided_names = {same_name(item.name) for item in confirmed(speakers)}
    result = []
    for speaker in speakers:
        match = by_label.get(speaker.label)
        if speaker.name_source is NameSource.CONFIRMED:
            result.append(speaker)
        elif match is None or match.speaker_id in decided or same_name(match.name) in decided_names:
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
    return tuple(result)


def without_name(speaker: TranscriptSpeaker) -> TranscriptSpeaker:
    """The speaker without a name."""
    return replace(
        speaker, name="", name_source=NameSource.NONE, speaker_id=0, match_confidence=0.0
    )


def match_labels(
    old: Sequence[Segment], new: Sequence[Segment], labels: Sequence[str]
) -> dict[str, str]:
    """Which label of a new transcript is the voice of an old one's label: new by old.

    An old voice lives on in the new one that shares most of its time, if that is at least half.
    """
    shared: dict[tuple[str, str], float] = defaultdict(float)
    total: dict[str, float] = defaultdict(float)
    begin = 0
    ordered = sorted(new, key=lambda segment: segment.start)
    for segment in sorted(old, key=lambda segment: segment.start):
        total[segment.label] += segment.end - segment.start
        while begin < len(ordered) and ordered[begin].end <= segment.start:
            begin += 1
        for other in ordered[begin:]:
            if other.start >= segment.end:
                break
            overlap = min(segment.end, other.end) - max(segment.start, other.start)
            shared[segment.label, other.label] += max(0.0, overlap)
    result: dict[str, str] = {}
    for (old_label, new_label), seconds in sorted(
        shared.items(), key=lambda item: (-item[1], item[0])
    ):
        free = old_label not in result and new_label not in result.values()
        if old_label in labels and free and seconds >= MATCHED_SHARE * total[old_label]:
            result[old_label] = new_label
    return result


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupedSpeakers:
    """The speakers as a caller sees them: voices with one name are one speaker.

    `primary` is the label under which each label is shown, `names` the name to show by label.
    """

    speakers: tuple[TranscriptSpeaker, ...]
    primary: Mapping[str, str]
    names: Mapping[str, str]


def group_by_name(speakers: Sequence[TranscriptSpeaker]) -> GroupedSpeakers:
    """Puts voices of one name together; the label that appears first stands for them."""
    groups: dict[str, list[TranscriptSpeaker]] = {}
    for speaker in speakers:
        key = f"name {same_name(speaker.name)}" if speaker.name else f"label {speaker.label}"
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


def _together(group: list[TranscriptSpeaker]) -> TranscriptSpeaker:
    best = max(group, key=lambda item: item.voiceprint.speech_seconds if item.voiceprint else 0.0)
    total = sum(item.total_duration for item in group)
    mean = sum(item.average_confidence * item.total_duration for item in group)
    return replace(
        group[0],
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
    """A name as it is kept; the speaker's own label means no name."""
    name = " ".join(unicodedata.normalize("NFC", value).split())
    if any(unicodedata.category(char).startswith("C") for char in name):
        raise ValidationError.of("names", "Names must not contain control characters.")
    if len(name) > LONGEST_NAME:
        raise ValidationError.of("names", f"Names must not exceed {LONGEST_NAME} characters.")
    if same_name(name) == same_name(label):
        return ""
    if _LABEL.match(same_name(name)):
        raise SpeakerError(
            "A speaker cannot be named like the label of another one.", {"speaker": label}
        )
    return name
