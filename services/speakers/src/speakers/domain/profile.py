"""Profiles: what is known of a person apart from the voice itself."""

import datetime as dt
import enum
from dataclasses import dataclass, replace

from common.errors import ValidationError
from speakers.domain.names import clean_language, clean_name, clean_text


class Level(enum.Enum):
    """How sure a statement about a voice is."""

    VERY_LOW = "very_low"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @classmethod
    def of(cls, confidence: float) -> "Level":
        """The level of a confidence between 0 and 1."""
        if confidence >= 0.8:
            return cls.HIGH
        if confidence >= 0.6:
            return cls.MEDIUM
        return cls.LOW if confidence >= 0.4 else cls.VERY_LOW


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """What people say of a person; every field but the name may be empty."""

    name: str
    gender: str = ""
    age_range: str = ""
    language: str = ""
    accent: str = ""
    description: str = ""

    def cleaned(self) -> "Description":
        """The same as it is kept.

        Raises:
            ValidationError: a field is too long or not of its form; the details name it.
        """
        return Description(
            name=clean_name(self.name),
            gender=clean_text(self.gender, "gender", 32),
            age_range=clean_text(self.age_range, "age_range", 32),
            language=clean_language(self.language),
            accent=clean_text(self.accent, "accent", 64),
            description=clean_text(self.description, "description", 2000),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What is to change about a profile; None leaves a field as it is."""

    name: str | None = None
    gender: str | None = None
    age_range: str | None = None
    language: str | None = None
    accent: str | None = None
    description: str | None = None
    verified: bool | None = None
    active: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A person whose voice can be remembered.

    `confidence` says how far the voice data can be relied on (0 to 1), `speech_seconds` how much
    speech they rest on, `sample_count` how many observations; all are 0 without voice data.
    """

    profile_id: int
    described: Description
    verified: bool
    active: bool
    sample_count: int
    speech_seconds: float
    confidence: float
    created_at: dt.datetime
    updated_at: dt.datetime

    @property
    def name(self) -> str:
        """The person's name."""
        return self.described.name

    @property
    def has_voice_data(self) -> bool:
        """Whether there is anything to recognise the person by."""
        return self.sample_count > 0

    @property
    def reliable(self) -> bool:
        """Whether the voice data are enough to recognise the person by."""
        return Level.of(self.confidence) is Level.HIGH

    def changed(self, changes: Changes) -> "Profile":
        """The profile after the changes.

        Raises:
            ValidationError: a new value is not acceptable; the details name the field.
        """
        texts = {
            field: value
            for field in ("name", "gender", "age_range", "language", "accent", "description")
            if (value := getattr(changes, field)) is not None
        }
        return replace(
            self,
            described=replace(self.described, **texts).cleaned(),
            verified=self.verified if changes.verified is None else changes.verified,
            active=self.active if changes.active is None else changes.active,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Which part of a list is wanted: `number` from 1, `size` rows each."""

    number: int
    size: int

    @classmethod
    def of(cls, number: int, size: int) -> "Page":
        """A page as a request names it: 0 stands for the first page, and for 50 rows.

        Raises:
            ValidationError: a number is out of range.
        """
        if number < 0 or number > 1_000_000:
            raise ValidationError.of("page", "Pages are counted from 1.")
        if not 0 <= size <= 200:
            raise ValidationError.of("page_size", "A page has 1 to 200 rows.")
        return cls(number=number or 1, size=size or 50)

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.number - 1) * self.size
