"""Profiles of people, apart from the voiceprints themselves."""

import datetime as dt
import enum
from dataclasses import dataclass, replace

from common import languages
from common.errors import ValidationError
from speakers.domain.names import clean_name, clean_text


class ConfidenceLevel(enum.Enum):
    """Confidence in a recognition or in a profile's voice data, in four steps."""

    VERY_LOW = "very_low"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @classmethod
    def of(cls, confidence: float) -> "ConfidenceLevel":
        """Return the level of a confidence between 0 and 1."""
        if confidence >= 0.8:
            return cls.HIGH
        if confidence >= 0.6:
            return cls.MEDIUM
        return cls.LOW if confidence >= 0.4 else cls.VERY_LOW


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """Description of a person, entered by people. Every field except the name may be empty."""

    name: str
    gender: str = ""
    age_range: str = ""
    language: str = ""
    accent: str = ""
    description: str = ""

    def cleaned(self) -> "Description":
        """Return the description in stored form.

        Raises:
            ValidationError: A field is too long or malformed. The details name the field.
        """
        return Description(
            name=clean_name(self.name),
            gender=clean_text(self.gender, "gender", 32),
            age_range=clean_text(self.age_range, "age_range", 32),
            language=languages.of_person(self.language),
            accent=clean_text(self.accent, "accent", 64),
            description=clean_text(self.description, "description", 2000),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """Requested changes of a profile. None leaves a field as it is."""

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
    """A person and the figures derived from the person's ledger.

    `confidence` (0 to 1) rates the voice data, `speech_seconds` is the clean speech behind them,
    and `sample_count` the number of observations. All three are 0 without voice data. `pool` is
    the workspace to which the profile belongs, empty for the deployment.
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
    pool: str = ""

    @property
    def name(self) -> str:
        """Name of the person."""
        return self.described.name

    @property
    def has_voice_data(self) -> bool:
        """Whether the profile has any observation to recognize the person by."""
        return self.sample_count > 0

    @property
    def reliable(self) -> bool:
        """Whether the voice data suffice for reliable recognition."""
        return ConfidenceLevel.of(self.confidence) is ConfidenceLevel.HIGH

    def changed(self, changes: Changes) -> "Profile":
        """Return the profile with the changes applied.

        Raises:
            ValidationError: A new value is invalid. The details name the field.
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
    """One page of a list. `number` counts from 1, `size` is the number of rows per page."""

    number: int
    size: int

    @classmethod
    def of(cls, number: int, size: int) -> "Page":
        """Return the page named in a request. 0 selects the defaults: page 1, 50 rows.

        Raises:
            ValidationError: The number or size is out of range.
        """
        if number < 0 or number > 1_000_000:
            raise ValidationError.of("page", "The page must be between 1 and 1000000.")
        if not 0 <= size <= 200:
            raise ValidationError.of("page_size", "The page size must be between 1 and 200.")
        return cls(number=number or 1, size=size or 50)

    @property
    def offset(self) -> int:
        """Number of rows before the page."""
        return (self.number - 1) * self.size
