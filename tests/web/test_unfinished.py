"""The page of a recording that has no transcript."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import expect

from securetranscribe import SecureTranscribeClient
from tests.e2e.owners import asked, token_of
from tests.e2e.stack import Stack
from tests.web.accessibility import assert_accessible
from tests.web.visitors import Visitors

_REASON = "The recording could not be read. Upload it in another format."
_FAIL_JOB = """
UPDATE jobs SET status = 'failed', failure_code = 'AUDIO_PROCESSING_ERROR', failure_message = %s
WHERE job_id = %s
"""
_FAIL = """
UPDATE transcriptions
SET status = 'failed', failure_code = 'AUDIO_PROCESSING_ERROR', failure_message = %s WHERE id = %s
"""


@pytest.fixture
def client(stack: Stack) -> Iterator[SecureTranscribeClient]:
    """Return a client whose jobs are cancelled after the test."""
    with stack.client() as one:
        yield one
        for job in asked(one, "GET", "/queue/jobs")["jobs"]:
            if job["status"] in ("queued", "processing"):
                one.cancel_job(job["job_id"])


def test_the_page_shows_the_stage_and_starts_again(
    visitors: Visitors,
    stack: Stack,
    client: SecureTranscribeClient,
    sample: Path,
    tmp_path: Path,
) -> None:
    uploads = []
    # The last one has to wait for its turn until the end of the test.
    for name in ("first.wav", "second.wav", "third.wav", "fourth.wav"):
        shutil.copy(sample, tmp_path / name)
        with (tmp_path / name).open("rb") as file:
            uploads.append(client.upload_audio(file, auto_start=True))
    waiting = uploads[-1]
    page = visitors.page(token=token_of(client))
    page.goto(f"/t/{waiting['transcription_id']}")
    expect(page.locator("[data-stage=waiting]")).to_contain_text(re.compile(r"Waiting, place \d"))
    again = page.get_by_role("button", name="Try again")
    expect(again).to_have_count(0)

    client.cancel_job(waiting["job_id"])
    expect(page.get_by_text("Cancelled")).to_be_visible()
    assert_accessible(page)
    again.click()
    expect(page.locator("[data-stage=waiting]")).to_be_visible()

    status = client.get_status(waiting["transcription_id"])
    client.cancel_job(status["job_id"])
    url = stack.servers.environment("transcriber")["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FAIL_JOB, (_REASON, status["job_id"]))
        connection.execute(_FAIL, (_REASON, waiting["transcription_id"]))
    page.reload()
    expect(page.get_by_text(_REASON)).to_be_visible()
    assert_accessible(page)
    again.click()
    expect(page.locator("[data-stage=waiting]")).to_be_visible()
    expect(page.get_by_text(_REASON)).to_have_count(0)
