"""Copy the objects of both buckets to a directory and back: `python -m common.object_backup`.

The directory holds one file per object and `manifest.jsonl`, a list of them with size and SHA-256.
Restoring verifies every file against the manifest before writing anything. `save-ledger` and
`restore-ledger` do the same for the ledger of erasures alone, in a directory that is kept apart.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from common import settings
from common.erasure_ledger import PREFIX as LEDGER_PREFIX
from common.settings import ObjectSettings

MANIFEST = "manifest.jsonl"
_BLOCK = 1 << 20
_GONE = frozenset({"NoSuchKey", "NoSuchObject"})


class BackupError(Exception):
    """A backup is incomplete or was altered. The message names the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedObject:
    """One line of the manifest."""

    bucket: str
    key: str
    size: int
    sha256: str

    def path(self, directory: Path) -> Path:
        """Return the path of its file. Quoting keeps every key inside the directory."""
        return directory / self.bucket / quote(self.key, safe="")


class ObjectBackup:
    """Backup and restoration of a deployment's objects."""

    def __init__(self, wanted: ObjectSettings) -> None:
        url = urlsplit(wanted.s3_endpoint)
        self._buckets = (wanted.s3_bucket_audio, wanted.s3_bucket_results)
        self._client = Minio(
            url.netloc,
            access_key=wanted.s3_access_key.get_secret_value(),
            secret_key=wanted.s3_secret_key.get_secret_value(),
            secure=url.scheme == "https",
            region=wanted.s3_region,
        )

    def save(self, directory: Path) -> list[SavedObject]:
        """Write every object and then the manifest.

        Raises:
            FileExistsError: the directory already holds a backup.
        """
        manifest = directory / MANIFEST
        if manifest.exists():
            raise FileExistsError(f"{manifest} already exists. Save to a new directory.")
        saved = [done for bucket in self._buckets for done in self._save_bucket(bucket, directory)]
        lines = "".join(f"{json.dumps(asdict(item), sort_keys=True)}\n" for item in saved)
        # A manifest exists only once all objects have been written.
        partial = manifest.with_suffix(".partial")
        partial.write_text(lines, encoding="utf-8")
        partial.rename(manifest)
        return saved

    def restore(self, directory: Path) -> list[SavedObject]:
        """Upload every object of the backup. Other objects stay as they are.

        Raises:
            BackupError: a file is missing or was altered. Nothing has been written.
        """
        saved = list(read_manifest(directory))
        for item in saved:
            _verify(item, directory)
        for item in saved:
            path = item.path(directory)
            self._client.fput_object(item.bucket, item.key, str(path))
        return saved

    def save_ledger(self, directory: Path) -> list[SavedObject]:
        """Copy entries of the ledger of erasures that a directory lacks.

        It belongs to no single backup: restoring an old one must not restore an old ledger.
        """
        bucket = self._buckets[1]
        (directory / bucket).mkdir(mode=0o700, parents=True, exist_ok=True)
        saved = []
        for listed in self._client.list_objects(bucket, prefix=LEDGER_PREFIX, recursive=True):
            key = listed.object_name or ""
            path = SavedObject(bucket=bucket, key=key, size=0, sha256="").path(directory)
            if not listed.is_dir and not path.exists():
                done = self._save_one(bucket, key, directory)
                saved += [done] if done is not None else []
        return saved

    def restore_ledger(self, directory: Path) -> list[SavedObject]:
        """Upload all entries of the ledger in a directory. Entries in the store stay."""
        bucket = self._buckets[1]
        saved = []
        for path in sorted((directory / bucket).iterdir()):
            key = unquote(path.name)
            self._client.fput_object(bucket, key, str(path))
            saved.append(
                SavedObject(bucket=bucket, key=key, size=path.stat().st_size, sha256=_digest(path))
            )
        return saved

    def _save_bucket(self, bucket: str, directory: Path) -> Iterator[SavedObject]:
        (directory / bucket).mkdir(mode=0o700, parents=True, exist_ok=True)
        for listed in self._client.list_objects(bucket, recursive=True):
            if listed.object_name and not listed.is_dir:
                saved = self._save_one(bucket, listed.object_name, directory)
                if saved is not None:
                    yield saved

    def _save_one(self, bucket: str, key: str, directory: Path) -> SavedObject | None:
        path = SavedObject(bucket=bucket, key=key, size=0, sha256="").path(directory)
        try:
            self._client.fget_object(bucket, key, str(path))
        except S3Error as error:
            if error.code in _GONE:  # deleted since it was listed
                return None
            raise
        return SavedObject(bucket=bucket, key=key, size=path.stat().st_size, sha256=_digest(path))


def read_manifest(directory: Path) -> Iterator[SavedObject]:
    """Yield the objects of a backup. Raise BackupError when it is incomplete."""
    try:
        lines = (directory / MANIFEST).read_text(encoding="utf-8").splitlines()
        yield from (SavedObject(**json.loads(line)) for line in lines)
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{directory} does not hold a complete backup: {error}") from error


def _verify(item: SavedObject, directory: Path) -> None:
    path = item.path(directory)
    if not path.is_file():
        raise BackupError(f"{path} is missing")
    if path.stat().st_size != item.size or _digest(path) != item.sha256:
        raise BackupError(f"{path} has been altered since it was saved")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when everything was copied. Else print the reason and return 1."""
    parser = argparse.ArgumentParser(prog="python -m common.object_backup", description=__doc__)
    parser.add_argument("command", choices=("save", "restore", "save-ledger", "restore-ledger"))
    parser.add_argument("directory", type=Path)
    asked = parser.parse_args(arguments)
    backup = ObjectBackup(settings.load(ObjectSettings))
    try:
        work = {
            "save": backup.save,
            "restore": backup.restore,
            "save-ledger": backup.save_ledger,
            "restore-ledger": backup.restore_ledger,
        }
        done = work[asked.command](asked.directory)
    except (OSError, BackupError, MinioException, urllib3.exceptions.HTTPError) as error:
        print(f"objects: {error}", file=sys.stderr)
        return 1
    print(f"objects: {len(done)}, {sum(item.size for item in done):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
