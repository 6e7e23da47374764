"""A disk that fills up under a running stack and has space again later."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from minio import Minio

from securetranscribe import ApiError, SecureTranscribeClient
from tests import small_disk
from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS, eventually
from tests.e2e.supervised import SupervisedStack, supervised_stack

DISK_MEGABYTES = 1200
#: Less than uploads leave free, more than the results of accepted work need.
LITTLE_MEGABYTES = 160

pytestmark = pytest.mark.skipif(not small_disk.possible(), reason=small_disk.SKIP)


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Replace the fixture that needs the stack of the other tests."""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[SupervisedStack]:
    """Run the product on a small disk."""
    with supervised_stack(tmp_path, disk_megabytes=DISK_MEGABYTES) as stack:
        yield stack


@pytest.fixture
def client(supervised: SupervisedStack) -> Iterator[SecureTranscribeClient]:
    """Open a client with its own session."""
    with SecureTranscribeClient(supervised.api_url) as one:
        yield one


def objects(stack: SupervisedStack) -> set[str]:
    """Return the keys of all recordings in the object store, including unfinished uploads."""
    variables = stack.variables("transcriber")
    store = Minio(
        variables["S3_ENDPOINT"].removeprefix("http://"),
        access_key=variables["S3_ACCESS_KEY"],
        secret_key=variables["S3_SECRET_KEY"],
        secure=False,
        region="us-east-1",
    )
    stored = {str(one.object_name) for one in store.list_objects("audio", recursive=True)}
    unfinished = store._list_multipart_uploads("audio").uploads
    return stored | {str(one.object_name) for one in unfinished}


def free(stack: SupervisedStack, megabytes: float) -> None:
    """Leave this much free on the disk of the stack."""
    small_disk.leave_free(stack.runner.pid, stack.data.parent, megabytes)


def upload(client: SecureTranscribeClient, recording: bytes, *, start: bool) -> dict[str, Any]:
    """Upload a recording."""
    return client.upload_audio(
        io.BytesIO(recording), filename="short.wav", auto_start=start, language="en"
    )


def refused(client: SecureTranscribeClient, recording: bytes) -> ApiError:
    """Upload a recording and return the error of its rejection."""
    with pytest.raises(ApiError) as caught:
        upload(client, recording, start=True)
    return caught.value


def starts(client: SecureTranscribeClient, uploaded: dict[str, Any]) -> bool:
    """Start a transcription. Return False if it is rejected as documented."""
    try:
        client.start_transcription(uploaded["transcription_id"], language="en")
    except ApiError as error:
        if (error.status, error.code) != (503, "RESOURCE_EXHAUSTED"):
            raise
        return False
    return True


def completed(client: SecureTranscribeClient, uploaded: dict[str, Any]) -> str:
    """Wait for a transcript and return it."""
    state = client.wait(uploaded["transcription_id"], timeout_seconds=JOB_SECONDS)
    assert state["status"] == "completed", state
    return str(state["full_transcript"])


def test_uploads_stop_first_and_everything_heals(
    supervised: SupervisedStack, client: SecureTranscribeClient, sample: Path
) -> None:
    recording = excerpt(sample, start=7, seconds=4)
    first, second = (upload(client, recording, start=False) for _ in range(2))
    expected = completed(client, upload(client, recording, start=True))
    before = objects(supervised)

    free(supervised, LITTLE_MEGABYTES)
    error = refused(client, recording)
    assert (error.status, error.code) == (503, "RESOURCE_EXHAUSTED")
    assert "disk is full" in error.message
    assert starts(client, first)
    assert completed(client, first) == expected
    assert client.list_transcriptions()["total"] == 3
    # An aborted upload is removed soon after its answer.
    eventually(lambda: objects(supervised) == before)

    free(supervised, 0)
    error = refused(client, recording)
    assert (error.status, error.code) == (503, "RESOURCE_EXHAUSTED")
    started = starts(client, second)

    free(supervised, DISK_MEGABYTES)
    supervised.wait_well()
    assert started or starts(client, second)
    assert completed(client, second) == expected
    assert completed(client, upload(client, recording, start=True)) == expected
    assert supervised.stop() == 0, supervised.log()
