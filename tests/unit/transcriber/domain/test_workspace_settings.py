"""Settings of workspaces within those of the deployment."""

from dataclasses import replace
from typing import Any

import pytest

from common.errors import ValidationError
from transcriber.domain.workspace_settings import NO_SETTINGS, Bounds, WorkspaceSettings

DAY = 86_400.0
DEPLOYMENT = WorkspaceSettings(
    processed=3600.0,
    unprocessed=7 * DAY,
    transcripts=None,
    trash=7 * DAY,
    voice_memory=True,
    stored_bytes=1000,
    queued_seconds=600.0,
    queue_weight=1.0,
)
BOUNDS = Bounds(deployment=DEPLOYMENT, warning=2 * DAY)


def test_a_workspace_without_settings_has_those_of_the_deployment() -> None:
    assert NO_SETTINGS.within(DEPLOYMENT) == DEPLOYMENT


def test_the_stricter_setting_holds() -> None:
    own = WorkspaceSettings(
        processed=0.0,
        unprocessed=30 * DAY,
        transcripts=90 * DAY,
        trash=DAY,
        voice_memory=False,
        stored_bytes=5000,
        queued_seconds=60.0,
        queue_weight=2.5,
    )
    assert own.within(DEPLOYMENT) == WorkspaceSettings(
        processed=0.0,
        unprocessed=7 * DAY,
        transcripts=90 * DAY,
        trash=DAY,
        voice_memory=False,
        stored_bytes=1000,
        queued_seconds=60.0,
        queue_weight=2.5,
    )
    lowered = replace(DEPLOYMENT, transcripts=30 * DAY)
    assert own.within(lowered).transcripts == 30 * DAY


def test_no_workspace_remembers_voices_where_the_deployment_does_not() -> None:
    forgetful = replace(DEPLOYMENT, voice_memory=False)
    assert WorkspaceSettings(voice_memory=True).within(forgetful).voice_memory is False


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("processed", 3601.0, "at most 1h"),
        ("processed", -1.0, "at least 0s"),
        ("unprocessed", 3599.0, "at least 1h"),
        ("transcripts", DAY, "at least 48h"),
        ("trash", 8 * DAY, "at most 168h"),
        ("queued_seconds", 601.0, "at most 601s|at most 10m"),
        ("stored_bytes", 1001, "at most 1000B"),
        ("stored_bytes", -1, "at least 0"),
        ("queue_weight", 0.0, "from 0.1 to 10"),
        ("queue_weight", 10.1, "from 0.1 to 10"),
    ],
)
def test_values_out_of_bounds_are_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        BOUNDS.check(WorkspaceSettings(**{field: value}), {field})
    assert refused.value.details["field"] == field
    # Fields that are not changed are not checked.
    BOUNDS.check(WorkspaceSettings(**{field: value}), {"voice_memory"})


def test_values_within_bounds_and_defaults_are_accepted() -> None:
    fields: dict[str, Any] = {
        "processed": 0.0,
        "unprocessed": 3600.0,
        "transcripts": 2 * DAY,
        "trash": 0.0,
        "stored_bytes": 0,
        "queued_seconds": 0.0,
    }
    BOUNDS.check(WorkspaceSettings(**fields), fields.keys())
    BOUNDS.check(NO_SETTINGS, fields.keys())
    BOUNDS.check(DEPLOYMENT, fields.keys())


def test_a_deployment_with_short_retention_needs_no_longer_one() -> None:
    short = Bounds(deployment=replace(DEPLOYMENT, transcripts=DAY), warning=7 * DAY)
    assert short.least_transcripts == DAY
    short.check(WorkspaceSettings(transcripts=DAY), {"transcripts"})


def test_voices_cannot_be_remembered_against_the_deployment() -> None:
    bounds = replace(BOUNDS, deployment=replace(DEPLOYMENT, voice_memory=False))
    bounds.check(WorkspaceSettings(voice_memory=False), {"voice_memory"})
    with pytest.raises(ValidationError, match="not remembered"):
        bounds.check(WorkspaceSettings(voice_memory=True), {"voice_memory"})
