"""Validated processing options."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common import characters, languages
from common.audio.signals import ChannelMode, Signal, dump_signals
from common.errors import ValidationError
from transcriber.domain.jobs import Stage

DEFAULT_PRIORITY = 5
MOST_SPEAKERS = 100
MOST_PHRASES = 200
LONGEST_PHRASE = 100
LONGEST_REQUEST_ID = 128
LONGEST_MODEL = 100
#: Option of the diarize stage for voices that may not be remembered.
WITHOUT_VOICEPRINTS = "without_voiceprints"
#: Option of the transcribe stage for text in English.
TRANSLATE = "translate"
#: Option of the transcribe stage for a requested model.
MODEL = "model"


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerBounds:
    """Bounds on the number of speakers. 0 means unknown."""

    count: int = 0
    fewest: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        for field, value in (
            ("diarization.speaker_count", self.count),
            ("diarization.min_speaker_count", self.fewest),
            ("diarization.max_speaker_count", self.most),
        ):
            if not 0 <= value <= MOST_SPEAKERS:
                raise ValidationError.of(field, f"{field} must be from 0 to {MOST_SPEAKERS}.")
        if self.most and self.fewest > self.most:
            raise ValidationError.of(
                "diarization.min_speaker_count",
                "diarization.min_speaker_count must not exceed max_speaker_count.",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessingOptions:
    """Options of processing. An empty language is detected, and an empty model is the default.

    Without `voice_memory`, no voiceprint is kept. None leaves it to the workspace. With
    `translate`, the text is in English. Without `diarize`, speakers are not told apart.
    """

    language: str = ""
    phrases: tuple[str, ...] = ()
    speakers: SpeakerBounds = SpeakerBounds()
    channels: ChannelMode = ChannelMode.AUTO
    voice_memory: bool | None = True
    translate: bool = False
    diarize: bool = True
    model: str = ""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of a job with these options."""
        return tuple(stage for stage in Stage if self.diarize or stage is not Stage.DIARIZE)

    def of_stage(self, stage: Stage, signals: Sequence[Signal] = ()) -> dict[str, Any]:
        """Return the options that affect a stage's result, comparable and fit for JSON.

        `signals` are those of the plan. Without any, the options equal those of recordings stored
        before there were plans.
        """
        if stage is Stage.TRANSCRIBE:
            found: dict[str, Any] = {"language": self.language, "phrases": list(self.phrases)}
            # Absent unless requested, so that results from before these options are used again.
            if self.translate:
                found[TRANSLATE] = True
            if self.model:
                found[MODEL] = self.model
        elif stage is Stage.DIARIZE:
            found = {
                "speaker_count": self.speakers.count,
                "min_speakers": self.speakers.fewest,
                "max_speakers": self.speakers.most,
            }
            # Absent with memory, so that results from before this option are used again.
            if not self.voice_memory:
                found[WITHOUT_VOICEPRINTS] = True
        else:
            return {}
        return {**found, "signals": dump_signals(signals)} if signals else found


def language(tag: str) -> str:
    """Return the code of a language tag: `en` for `en`, `EN` or `en-US`. Empty means detect.

    Raises:
        ValidationError: the language cannot be recognized.
    """
    return languages.requested(tag)


def priority(value: int) -> int:
    """Return a priority from 1 to 10. 0 means the default of 5.

    Raises:
        ValidationError: the priority is out of range.
    """
    if not 0 <= value <= 10:
        raise ValidationError.of("priority", "priority must be from 1 (last) to 10 (first).")
    return value or DEFAULT_PRIORITY


def phrases(values: Sequence[str]) -> tuple[str, ...]:
    """Return phrases without surrounding spaces, invisible characters and repetitions.

    Raises:
        ValidationError: there are too many, or one is too long or has control characters.
    """
    cleaned = tuple(dict.fromkeys(filter(None, map(characters.tidied, values))))
    if any(map(characters.has_forbidden, cleaned)):
        raise ValidationError.of("phrases", "Phrases must not contain control characters.")
    if len(cleaned) > MOST_PHRASES or any(len(phrase) > LONGEST_PHRASE for phrase in cleaned):
        raise ValidationError.of(
            "phrases",
            f"There may be {MOST_PHRASES} phrases of {LONGEST_PHRASE} characters at most.",
        )
    return cleaned


def model(value: str) -> str:
    """Return the name of a model, empty for the default.

    Raises:
        ValidationError: it is too long or has control characters.
    """
    if len(value) > LONGEST_MODEL or not value.isprintable():
        raise ValidationError.of(
            "model", f"model must be text of at most {LONGEST_MODEL} characters."
        )
    return value.strip()


def request_id(value: str) -> str | None:
    """Return an idempotency key, None if it is empty.

    Raises:
        ValidationError: it is too long or has control characters.
    """
    if len(value) > LONGEST_REQUEST_ID or not value.isprintable():
        raise ValidationError.of(
            "request_id", f"request_id must be text of at most {LONGEST_REQUEST_ID} characters."
        )
    return value or None
