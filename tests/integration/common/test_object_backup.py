from pathlib import Path

import pytest
from minio import Minio
from minio.error import S3Error

from common import object_backup
from common.object_backup import MANIFEST, BackupError, ObjectBackup
from common.settings import ObjectSettings
from tests.integration.emptying import empty_buckets


@pytest.fixture
def client(s3: ObjectSettings) -> Minio:
    return Minio(
        s3.s3_endpoint.removeprefix("http://"),
        access_key=s3.s3_access_key.get_secret_value(),
        secret_key=s3.s3_secret_key.get_secret_value(),
        secure=False,
    )


@pytest.fixture
def objects(client: Minio, s3: ObjectSettings, tmp_path: Path) -> dict[tuple[str, str], bytes]:
    """Store some objects and no others, one of them large enough for several parts."""
    empty_buckets(s3)
    wanted = {
        (s3.s3_bucket_audio, "backup-test-7/source"): bytes(range(256)) * 40_000,
        (s3.s3_bucket_results, "backup-test-7/abc.pb"): b"result",
        (s3.s3_bucket_results, "backup-test-7/empty.pb"): b"",
    }
    for (bucket, key), data in wanted.items():
        source = tmp_path / "source"
        source.write_bytes(data)
        client.fput_object(bucket, key, str(source))
    return wanted


def _read(client: Minio, bucket: str, key: str) -> bytes:
    response = client.get_object(bucket, key)
    try:
        return response.read()
    finally:
        response.close()
        response.release_conn()


def test_saved_objects_are_restored(
    client: Minio,
    s3: ObjectSettings,
    objects: dict[tuple[str, str], bytes],
    tmp_path: Path,
) -> None:
    backup = ObjectBackup(s3)
    saved = backup.save(tmp_path / "backup")
    assert objects.keys() == {(item.bucket, item.key) for item in saved}
    for bucket, key in objects:
        client.remove_object(bucket, key)
    with pytest.raises(S3Error):
        _read(client, *next(iter(objects)))

    restored = backup.restore(tmp_path / "backup")

    assert restored == saved
    assert {place: _read(client, *place) for place in objects} == objects


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_damaged_backup_writes_nothing(
    client: Minio,
    s3: ObjectSettings,
    objects: dict[tuple[str, str], bytes],
    tmp_path: Path,
    damage: str,
) -> None:
    backup = ObjectBackup(s3)
    saved = backup.save(tmp_path / "backup")
    last = saved[-1].path(tmp_path / "backup")
    if damage == "change":
        last.write_bytes(last.read_bytes() + b"!")
    else:
        last.unlink()
    for bucket, key in objects:
        client.remove_object(bucket, key)
    with pytest.raises(BackupError, match=last.name):
        backup.restore(tmp_path / "backup")
    for bucket, key in objects:
        with pytest.raises(S3Error):
            _read(client, bucket, key)


def test_incomplete_backup_is_rejected(s3: ObjectSettings, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    with pytest.raises(BackupError, match="not hold a complete backup"):
        ObjectBackup(s3).restore(tmp_path)


def test_command_refuses_to_overwrite_a_backup(
    s3: ObjectSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("S3_ENDPOINT", s3.s3_endpoint)
    monkeypatch.setenv("S3_ACCESS_KEY", s3.s3_access_key.get_secret_value())
    monkeypatch.setenv("S3_SECRET_KEY", s3.s3_secret_key.get_secret_value())
    assert object_backup.main(["save", str(tmp_path)]) == 0
    assert (tmp_path / MANIFEST).is_file()
    assert object_backup.main(["save", str(tmp_path)]) == 1
    assert "Save to a new directory" in capsys.readouterr().err
