"""How long recordings and transcriptions are kept."""

import datetime as dt
from dataclasses import replace

import pytest

from tests.unit.transcriber.api.test_responses import JOB, NOON, TRANSCRIPTION
from transcriber.domain.jobs import JobStatus
from transcriber.domain.retention import Retention
from transcriber.domain.transcriptions import TranscriptionStatus
from transcriber.domain.workspace_settings import WorkspaceSettings

HOUR = 3600.0
DAY = 24 * HOUR
RULES = Retention(processed=HOUR, unprocessed=7 * DAY, transcripts=30 * DAY, warning=2 * DAY)
DONE = replace(
    TRANSCRIPTION,
    status=TranscriptionStatus.COMPLETED,
    created_at=NOON,
    transcript_at=NOON + dt.timedelta(hours=2),
)


def days(number: float) -> dt.datetime:
    return NOON + dt.timedelta(days=number)


def test_recording_goes_after_its_transcript() -> None:
    assert RULES.recording_until(DONE) == NOON + dt.timedelta(hours=3)
    assert RULES.recording_until(replace(DONE, source_available=False)) is None


@pytest.mark.parametrize("status", [TranscriptionStatus.PENDING, TranscriptionStatus.FAILED])
def test_recording_without_transcript_goes_after_the_last_activity(
    status: TranscriptionStatus,
) -> None:
    waiting = replace(DONE, status=status, transcript_at=None, job=None)
    assert RULES.recording_until(waiting) == days(7)
    ended = replace(JOB, status=JobStatus.CANCELLED, created_at=days(1), completed_at=days(2))
    assert RULES.recording_until(replace(waiting, job=ended)) == days(9)


def test_recordings_of_earlier_versions_count_from_the_upgrade() -> None:
    old = replace(
        DONE,
        status=TranscriptionStatus.PENDING,
        transcript_at=None,
        job=None,
        created_at=days(-100),
        kept_since=days(0),
    )
    assert replace(RULES, transcripts=None).recording_until(old) == days(7)


def test_nothing_goes_while_it_is_processed() -> None:
    running = replace(DONE, status=TranscriptionStatus.PROCESSING)
    assert RULES.recording_until(running) is None
    assert RULES.transcription_until(running) is None


def test_transcripts_stay_without_a_rule() -> None:
    rules = Retention(processed=HOUR, unprocessed=DAY)
    assert rules.transcription_until(DONE) is None


def test_transcript_goes_with_its_recording() -> None:
    assert RULES.transcription_until(DONE) == DONE.transcript_at + dt.timedelta(days=30)  # type: ignore[operator]
    rules = replace(RULES, processed=90 * DAY)
    assert rules.recording_until(DONE) == rules.transcription_until(DONE)


def test_nothing_goes_without_time_for_the_warning() -> None:
    warned = replace(DONE, expiry_warned_at=days(40))
    assert RULES.transcription_until(warned) == days(42)
    # A warning about an earlier transcript does not count.
    earlier = replace(DONE, transcript_at=days(50), expiry_warned_at=days(40))
    assert RULES.transcription_until(earlier) == days(80)


def test_trash_is_emptied_in_its_time_at_the_latest() -> None:
    rules = replace(RULES, trash=7 * DAY)
    trashed = replace(DONE, trashed_at=days(3))
    assert rules.transcription_until(trashed) == days(10)
    assert replace(rules, transcripts=None).transcription_until(trashed) == days(10)
    late = replace(DONE, trashed_at=days(28))
    assert rules.transcription_until(late) == rules.transcription_until(DONE)


def test_a_workspace_may_have_shorter_times() -> None:
    own = WorkspaceSettings(processed=0.0, transcripts=10 * DAY, trash=DAY)
    done = replace(DONE, workspace_settings=own)
    assert RULES.recording_until(done) == NOON + dt.timedelta(hours=2)
    assert RULES.transcription_until(done) == days(10) + dt.timedelta(hours=2)
    trashed = replace(done, trashed_at=days(1))
    assert RULES.transcription_until(trashed) == days(2)
    longer = WorkspaceSettings(processed=DAY, transcripts=90 * DAY, trash=30 * DAY)
    assert RULES.of(longer) == RULES


def test_a_workspace_may_have_a_time_where_the_deployment_has_none() -> None:
    rules = replace(RULES, transcripts=None)
    done = replace(DONE, workspace_settings=WorkspaceSettings(transcripts=10 * DAY))
    assert rules.transcription_until(DONE) is None
    assert rules.transcription_until(done) == days(10) + dt.timedelta(hours=2)
