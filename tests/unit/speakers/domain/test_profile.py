"""Profiles and their changes."""

import datetime as dt

import pytest

from common.errors import ValidationError
from speakers.domain.profile import Changes, ConfidenceLevel, Description, Page, Profile

NOW = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)


def profile(*, confidence: float = 0.0, samples: int = 0) -> Profile:
    return Profile(
        profile_id=1,
        described=Description(name="Ann", accent="welsh"),
        verified=False,
        active=True,
        sample_count=samples,
        speech_seconds=0.0,
        confidence=confidence,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize(
    ("confidence", "level"),
    [
        (0.0, ConfidenceLevel.VERY_LOW),
        (0.399, ConfidenceLevel.VERY_LOW),
        (0.4, ConfidenceLevel.LOW),
        (0.6, ConfidenceLevel.MEDIUM),
        (0.799, ConfidenceLevel.MEDIUM),
        (0.8, ConfidenceLevel.HIGH),
        (1.0, ConfidenceLevel.HIGH),
    ],
)
def test_levels_of_confidence(confidence: float, level: ConfidenceLevel) -> None:
    assert ConfidenceLevel.of(confidence) is level


def test_reliable_requires_the_highest_level() -> None:
    assert profile(confidence=0.8, samples=1).reliable
    assert not profile(confidence=0.79, samples=1).reliable
    assert not profile().has_voice_data


def test_changes_keep_other_fields() -> None:
    changed = profile().changed(Changes(name="  Anne ", verified=True))
    assert changed.described == Description(name="Anne", accent="welsh")
    assert changed.verified
    assert changed.active


def test_changes_can_clear_and_deactivate() -> None:
    changed = profile().changed(Changes(accent="", active=False))
    assert changed.described.accent == ""
    assert not changed.active


@pytest.mark.parametrize(
    ("description", "field"),
    [
        (Description(name=""), "name"),
        (Description(name="A", gender="x" * 33), "gender"),
        (Description(name="A", age_range="x" * 33), "age_range"),
        (Description(name="A", language="xxxx"), "language"),
        (Description(name="A", accent="x" * 65), "accent"),
        (Description(name="A", description="x" * 2001), "description"),
    ],
)
def test_descriptions_are_checked(description: Description, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        description.cleaned()
    assert refused.value.details == {"field": field}


def test_pages() -> None:
    assert Page.of(0, 0) == Page(number=1, size=50)
    assert Page.of(3, 20).offset == 40
    for number, size in ((-1, 10), (1, 201), (1, -1), (1_000_001, 1)):
        with pytest.raises(ValidationError):
            Page.of(number, size)
