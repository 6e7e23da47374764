"""Recordings that arrive below a prefix of a bucket, in the real object store."""

import io
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from minio import Minio

from common.settings import ObjectSettings
from securetranscribe.cli import files
from securetranscribe.cli.bucket import Bucket, connect
from securetranscribe.cli.intake import PlaceAwayError, PlaceRefusedError

_BUCKET = "audio"
Make = Callable[..., Bucket]


@pytest.fixture
def client(s3: ObjectSettings, monkeypatch: pytest.MonkeyPatch) -> Minio:
    """Return the client that the environment names."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.s3_access_key.get_secret_value())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.s3_secret_key.get_secret_value())
    monkeypatch.setenv("AWS_REGION", s3.s3_region)
    return connect()


@pytest.fixture
def prefix() -> str:
    """Return a prefix of the test's own."""
    return f"watched/{uuid.uuid4().hex}"


@pytest.fixture
def make(client: Minio, prefix: str, tmp_path: Path) -> Make:
    """Return a function that watches the prefix, as each run of the command does."""

    def one(*, done: str | None = "done", bucket: str = _BUCKET) -> Bucket:
        return Bucket(
            f"s3://{bucket}/{prefix}/",
            done=done,
            failed="failed",
            client=client,
            scratch=tmp_path / "scratch",
            ledger=tmp_path / "ledger.json",
        )

    return one


def put(client: Minio, key: str, data: bytes) -> None:
    client.put_object(_BUCKET, key, io.BytesIO(data), len(data))


def objects(client: Minio, prefix: str) -> dict[str, bytes]:
    """Return what is below a prefix."""
    found = {}
    for entry in client.list_objects(_BUCKET, prefix=f"{prefix}/", recursive=True):
        response = client.get_object(_BUCKET, str(entry.object_name))
        found[str(entry.object_name).removeprefix(f"{prefix}/")] = response.read()
        response.close()
        response.release_conn()
    return found


def transcribed(bucket: Bucket, recording: Path, text: bytes) -> list[str] | None:
    """Fetch a recording, write a result next to it as the batch does, and finish it."""
    bucket.fetch(recording)
    result = recording.with_suffix(".srt")
    result.write_bytes(text)
    stored = bucket.finish(recording, files.fingerprint(recording), [str(result)])
    return None if stored is None else list(stored)


def test_recordings_are_moved_and_results_written_next_to_them(
    client: Minio, prefix: str, make: Make
) -> None:
    put(client, f"{prefix}/a.wav", b"sound")
    put(client, f"{prefix}/below/b.wav", b"elsewhere")
    put(client, f"{prefix}/notes.txt", b"no recording")
    put(client, f"{prefix}/empty.wav", b"")
    bucket = make()
    (recording,) = bucket.ready()
    assert recording.name == "a.wav"
    assert transcribed(bucket, recording, b"words") == [f"s3://{_BUCKET}/{prefix}/a.srt"]
    assert bucket.ready() == []
    assert not recording.parent.exists()
    found = objects(client, prefix)
    assert (found["done/a.wav"], found["a.srt"]) == (b"sound", b"words")
    assert "a.wav" not in found


def test_a_later_recording_of_the_same_name_replaces_nothing(
    client: Minio, prefix: str, make: Make
) -> None:
    bucket = make()
    for sound, words in ((b"one", b"first"), (b"two", b"second")):
        put(client, f"{prefix}/a.wav", sound)
        (recording,) = bucket.ready()
        assert transcribed(bucket, recording, words)
    assert objects(client, prefix) == {
        "done/a.wav": b"one",
        "done/a-2.wav": b"two",
        "a.srt": b"first",
        "a-2.srt": b"second",
    }


def test_finished_recordings_that_stay_are_remembered(
    client: Minio, prefix: str, make: Make
) -> None:
    put(client, f"{prefix}/a.wav", b"sound")
    bucket = make(done=None)
    (recording,) = bucket.ready()
    assert transcribed(bucket, recording, b"words")
    assert make(done=None).ready() == []
    put(client, f"{prefix}/a.wav", b"other sound")
    (again,) = make(done=None).ready()
    assert again == recording


def test_a_recording_that_changed_at_work_is_taken_again(
    client: Minio, prefix: str, make: Make
) -> None:
    put(client, f"{prefix}/a.wav", b"first half")
    bucket = make()
    (recording,) = bucket.ready()
    bucket.fetch(recording)
    put(client, f"{prefix}/a.wav", b"first half, second half")
    assert bucket.finish(recording, files.fingerprint(recording), []) is None
    (again,) = bucket.ready()
    bucket.fetch(again)
    assert again.read_bytes() == b"first half, second half"


def test_an_interrupted_run_fetches_nothing_twice(client: Minio, prefix: str, make: Make) -> None:
    put(client, f"{prefix}/a.wav", b"sound")
    bucket = make()
    (recording,) = bucket.ready()
    bucket.fetch(recording)
    before = recording.stat()
    again = make()
    assert again.ready() == [recording]
    again.fetch(recording)
    after = recording.stat()
    # The journal finds unfinished work by the path, the size and the time.
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    # Its results were stored before it was interrupted.
    result = recording.with_suffix(".srt")
    result.write_bytes(b"words")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(again, "_move", lambda *_: (_ for _ in ()).throw(OSError("interrupted")))
        with pytest.raises(OSError, match="interrupted"):
            again.finish(recording, files.fingerprint(recording), [str(result)])
    assert again.finish(recording, files.fingerprint(recording), [str(result)])
    assert objects(client, prefix) == {"done/a.wav": b"sound", "a.srt": b"words"}


def test_failed_recordings_are_set_aside_with_their_reason(
    client: Minio, prefix: str, make: Make
) -> None:
    put(client, f"{prefix}/a.wav", b"noise")
    bucket = make()
    (recording,) = bucket.ready()
    bucket.fetch(recording)
    moved = bucket.set_aside(recording, "Not audio.")
    assert moved == f"s3://{_BUCKET}/{prefix}/failed/a.wav"
    assert objects(client, prefix) == {
        "failed/a.wav": b"noise",
        "failed/a.wav.error.txt": b"Not audio.\n",
    }


def test_postponed_recordings_wait_until_they_change(
    client: Minio, prefix: str, make: Make
) -> None:
    put(client, f"{prefix}/a.wav", b"sound")
    bucket = make()
    (recording,) = bucket.ready()
    assert bucket.postpone(recording) > 0
    assert bucket.ready() == []
    put(client, f"{prefix}/a.wav", b"other sound")
    assert bucket.ready() == [recording]


def test_wrong_addresses_and_credentials_are_named(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(PlaceRefusedError, match="rights to list"):
        make(bucket="no-such-bucket").ready()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(PlaceRefusedError, match="credentials"):
        Bucket(f"s3://{_BUCKET}/x", done=None, failed="failed", client=connect()).ready()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(PlaceRefusedError, match="Set AWS_ACCESS_KEY_ID"):
        connect()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(PlaceRefusedError, match="AWS_ENDPOINT_URL"):
        connect()


def test_a_store_that_is_away_is_waited_for(
    make: Make, monkeypatch: pytest.MonkeyPatch, client: Minio
) -> None:
    monkeypatch.setattr(client, "_base_url", Minio("127.0.0.1:9", secure=False)._base_url)
    with pytest.raises(PlaceAwayError, match="AWS_ENDPOINT_URL"):
        make().ready()
