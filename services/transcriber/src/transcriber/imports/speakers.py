"""Speakers of an imported file, and the speakers of the transcript that they are."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from common import characters
from transcriber.domain.transcripts import NameSource, Segment, Turn
from transcriber.editing.imported_text import Passage
from transcriber.editing.items import Naming, SpeakerItem
from transcriber.editing.journal import Journal
from transcriber.editing.segment_edits import name_speaker
from transcriber.names.rules import match_labels

_LABEL = "Speaker_{}"
# Labels of programs, such as SPEAKER_00, spk1, S2 and A.
_GENERIC = re.compile(r"(?:(?:speaker|spkr?|s|person|unknown)[ _.-]?\d*|[a-z])?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerMatch:
    """Labels of the transcript by the speakers of a file, and names to give to labels."""

    labels: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)

    def assign(self, journal: Journal) -> None:
        """Give the names. They belong to no profile, so that no voice is learned from a file."""
        for label, name in self.names.items():
            naming = Naming(name, NameSource.CONFIRMED, 0, 1.0)
            name_speaker(journal, journal.document.speaker(label), naming)


def match_speakers(
    spoken: Sequence[Turn], turns: Sequence[Turn], speakers: Iterable[SpeakerItem]
) -> SpeakerMatch:
    """Find the speakers of a transcript, who have `turns`, in those of a file, who have `spoken`.

    A name is the speaker with the same name. Others are the speaker who talks during at least half
    of their time, unless that one has another name. Those that are left are new speakers.
    """
    known: dict[str, SpeakerItem] = {}
    merged: set[str] = set()
    for speaker in speakers:
        if speaker.merged_into:
            merged.add(speaker.id)
        else:
            known[speaker.id] = speaker
    taken = {*known, *merged, *(turn.speaker for turn in turns)}
    files = list(dict.fromkeys(turn.speaker for turn in spoken))
    labels: dict[str, str] = {}
    for name in files:
        same = [
            label
            for label, speaker in known.items()
            if _named(speaker) and _key(speaker.name.name) == _key(name)
        ]
        if same and same[0] not in labels.values():
            labels[name] = same[0]
    voices = _voices(spoken, turns)
    for name in files:
        label = voices.get(name, "")
        free = name not in labels and label and label not in labels.values()
        if free and (_is_generic(name) or not _named(known.get(label))):
            labels[name] = label
    for name in files:
        if name not in labels:
            own = name in known and _is_generic(name) and name not in labels.values()
            labels[name] = name if own else _free(taken)
            taken.add(labels[name])
    names = {
        label: name
        for name, label in labels.items()
        if not _is_generic(name) and not _named(known.get(label))
    }
    return SpeakerMatch(labels=labels, names=names)


def matched_voices(passages: Iterable[Passage], turns: Sequence[Turn]) -> dict[str, str]:
    """Return the labels of turns by those of passages at the same time."""
    return _voices(spoken_turns(passages), turns)


def spoken_turns(passages: Iterable[Passage]) -> list[Turn]:
    """Return passages as turns of their speakers."""
    return [
        Turn(
            start=passage.words[0].times.start,
            end=max(passage.words[0].times.start, passage.words[-1].times.end),
            speaker=passage.label,
            channel=passage.channel,
        )
        for passage in passages
    ]


def _voices(spoken: Sequence[Turn], turns: Sequence[Turn]) -> dict[str, str]:
    names = list(dict.fromkeys(turn.speaker for turn in spoken))
    return match_labels(_segments(spoken), _segments(turns), names)


def _named(speaker: SpeakerItem | None) -> bool:
    return speaker is not None and speaker.name.source is NameSource.CONFIRMED


def _key(name: str) -> str:
    """Return the form in which names are equal. RTTM has underscores in place of blanks."""
    return characters.key(name.replace("_", " "))


def _is_generic(name: str) -> bool:
    return _GENERIC.fullmatch(name) is not None


def _free(taken: set[str]) -> str:
    number = 1
    while (label := _LABEL.format(number)) in taken:
        number += 1
    return label


def _segments(turns: Iterable[Turn]) -> list[Segment]:
    return [
        Segment(
            label=turn.speaker,
            text="",
            start=turn.start,
            end=turn.end,
            confidence=0.0,
            language="",
            channel=turn.channel,
        )
        for turn in turns
    ]
