"""A watched prefix of a bucket: new recordings, finished ones and failed ones."""

import contextlib
import hashlib
import io
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import platformdirs
import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.credentials.providers import AWSConfigProvider, ChainedProvider, EnvAWSProvider
from minio.error import MinioException, S3Error

from securetranscribe.cli import files
from securetranscribe.cli.attempts import Attempts
from securetranscribe.cli.intake import PlaceAwayError, PlaceRefusedError
from securetranscribe.cli.ledger import Ledger
from securetranscribe.cli.recordings import is_recording

_SCHEME = "s3://"
_AMAZON = "https://s3.amazonaws.com"
#: Marks results with the content that they belong to.
_SOURCE = "x-amz-meta-source-etag"
_MISSING = frozenset({"NoSuchKey", "NoSuchObject"})
_REFUSED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"}
)


@dataclass(frozen=True, kw_only=True)
class _Object:
    """A recording in the bucket. Another `etag` stands for other content."""

    key: str
    etag: str
    modified: float


class Bucket:
    """Recordings directly below a prefix, each of them once.

    Each is fetched into a directory of its own while it is transcribed, and its results are written
    back next to it. Finished recordings are moved below `done`, or else remembered in the user's
    state directory. Failed ones are moved below `failed`, with a text that has the reason.
    """

    #: Lists are paid for in some stores.
    pause_seconds = 10.0

    def __init__(
        self,
        address: str,
        *,
        done: str | None,
        failed: str,
        client: Minio,
        scratch: Path | None = None,
        ledger: Path | None = None,
    ) -> None:
        bucket, _, prefix = address.removeprefix(_SCHEME).partition("/")
        self._name = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._done = None if done is None else self._below(done)
        self._failed = self._below(failed)
        self._client = client
        self._address = f"{_SCHEME}{bucket}/{self._prefix}"
        name = hashlib.sha256(self._address.encode()).hexdigest()
        caches = platformdirs.user_cache_path("securetranscribe", appauthor=False)
        self._scratch = scratch or caches / "fetched" / name
        self._finished = Ledger(self._address, ledger)
        self._objects: dict[Path, _Object] = {}
        self._lock = threading.Lock()
        self._attempts = Attempts()

    def __str__(self) -> str:
        return self._address

    def ready(self) -> list[Path]:
        """Return the local paths of recordings that are to be transcribed now."""
        listed: dict[Path, _Object] = {}
        with _store_errors(self._address):
            for entry in self._client.list_objects(self._name, prefix=self._prefix):
                key = str(entry.object_name)
                if not entry.is_dir and entry.size and is_recording(PurePosixPath(key).name):
                    one = _Object(
                        key=key,
                        etag=_plain(entry.etag),
                        modified=entry.last_modified.timestamp() if entry.last_modified else 0.0,
                    )
                    listed[self._local(key)] = one
        with self._lock:
            for path in self._objects.keys() - listed.keys():
                self._attempts.forget(str(path))
            for path, one in listed.items():
                if path in self._objects and self._objects[path].etag != one.etag:
                    self._attempts.forget(str(path))
            self._objects = listed
        return [
            path
            for path, one in listed.items()
            if not self._finished.knows(one.key, [one.etag]) and self._attempts.may_begin(str(path))
        ]

    def fetch(self, recording: Path) -> None:
        """Fetch a recording, unless an earlier run has."""
        one = self._object(recording)
        mark = recording.parent / ".etag"
        if recording.exists() and mark.exists() and mark.read_text() == one.etag:
            return
        shutil.rmtree(recording.parent, ignore_errors=True)
        recording.parent.mkdir(parents=True, mode=0o700)
        with _store_errors(self._address):
            # Another version than the listed one is fetched next time.
            self._client.fget_object(
                self._name, one.key, str(recording), request_headers={"If-Match": f'"{one.etag}"'}
            )
        files.set_time(recording, one.modified)
        mark.write_text(one.etag)

    def is_there(self, recording: Path) -> bool:
        """Whether a recording is still in the bucket, as far as the last look has shown."""
        with self._lock:
            return recording in self._objects

    def postpone(self, recording: Path) -> float:
        """Take a recording again later. Return the seconds until then."""
        return self._attempts.postpone(str(recording))

    def hopeless(self, recording: Path) -> bool:
        """Whether a recording was postponed too often."""
        return self._attempts.hopeless(str(recording))

    def finish(
        self, recording: Path, _fingerprint: files.Fingerprint, results: Sequence[str]
    ) -> Sequence[str] | None:
        """Store the results next to a recording, and move or remember it.

        Return the names of the results, or None for a recording that has changed since. It is taken
        again.
        """
        one = self._object(recording)
        with _store_errors(self._address):
            if self._etag(one.key) not in (one.etag, None):
                self._drop(recording)
                return None
            stored = [self._store(Path(result), recording, one) for result in results]
            if self._done is not None:
                self._move(one, self._done)
            else:
                self._finished.note(one.key, [one.etag], is_there=self._is_listed)
        self._drop(recording)
        return stored

    def set_aside(self, recording: Path, reason: str) -> str:
        """Move a failed recording, and write the reason next to it. Return its new place."""
        one = self._object(recording)
        with _store_errors(self._address):
            moved = self._move(one, self._failed)
            text = f"{reason}\n".encode()
            self._client.put_object(
                self._name, f"{moved}.error.txt", io.BytesIO(text), len(text),
                content_type="text/plain; charset=utf-8",
            )  # fmt: skip
        self._drop(recording)
        return f"{_SCHEME}{self._name}/{moved}"

    def _below(self, directory: str) -> str:
        return f"{self._prefix}{directory.strip('/')}/"

    def _local(self, key: str) -> Path:
        """Return the local path of a recording. Its directory is named after the key."""
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        return self._scratch / name / PurePosixPath(key).name

    def _object(self, recording: Path) -> _Object:
        with self._lock:
            one = self._objects.get(recording)
        if one is None:
            raise PlaceAwayError(f"{recording.name} is no longer in {self._address}.")
        return one

    def _is_listed(self, key: str) -> bool:
        return self.is_there(self._local(key))

    def _etag(self, key: str) -> str | None:
        try:
            return _plain(self._client.stat_object(self._name, key).etag)
        except S3Error as error:
            if error.code in _MISSING:
                return None
            raise

    def _store(self, result: Path, recording: Path, one: _Object) -> str:
        """Store a result that lies next to the local recording. Return its name."""
        if result.parent != recording.parent:
            return str(result)
        path = PurePosixPath(one.key).with_name(result.name)
        key, number = str(path), 2
        while not self._is_free(key, one.etag):
            key = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
            number += 1
        self._client.fput_object(self._name, key, str(result), metadata={_SOURCE: one.etag})
        return f"{_SCHEME}{self._name}/{key}"

    def _is_free(self, key: str, etag: str) -> bool:
        """Whether there is nothing, or the result of the same content before an interruption."""
        try:
            found = self._client.stat_object(self._name, key)
        except S3Error as error:
            if error.code in _MISSING:
                return True
            raise
        known: Any = found.metadata or {}
        return bool(known.get(_SOURCE) == etag)

    def _move(self, one: _Object, directory: str) -> str:
        """Move a recording, under another name if its own is taken. Return its new key."""
        name = PurePosixPath(one.key).name
        path = PurePosixPath(f"{directory}{name}")
        key, number = str(path), 2
        while (found := self._etag(key)) is not None and found != one.etag:
            key = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
            number += 1
        if self._etag(one.key) is not None:
            self._client.copy_object(
                self._name, key, CopySource(self._name, one.key, match_etag=one.etag)
            )
            self._client.remove_object(self._name, one.key)
        return key

    def _drop(self, recording: Path) -> None:
        shutil.rmtree(recording.parent, ignore_errors=True)


def connect() -> Minio:
    """Return a client for the store and the credentials of the environment.

    Raises:
        PlaceRefusedError: there are no credentials, or the address is wrong.
    """
    address = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or _AMAZON
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or not url.netloc:
        raise PlaceRefusedError(f"AWS_ENDPOINT_URL is no address: {address}")
    provider = ChainedProvider([EnvAWSProvider(), AWSConfigProvider()])
    try:
        provider.retrieve()
    except ValueError as error:
        raise PlaceRefusedError(
            "There are no credentials for the object store. Set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or write them to ~/.aws/credentials."
        ) from error
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return Minio(
        url.netloc, secure=url.scheme == "https", credentials=provider, region=region or None
    )


@contextlib.contextmanager
def _store_errors(address: str) -> Iterator[None]:
    """Replace errors of the store by one that tells what to do."""
    try:
        yield
    except S3Error as error:
        kind = PlaceRefusedError if error.code in _REFUSED else PlaceAwayError
        raise kind(
            f"{address}: {error.code}: {error.message} Check the address, the credentials and "
            "their rights to list, read, write and delete."
        ) from error
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise PlaceAwayError(
            f"{address} cannot be reached: {error}. Check AWS_ENDPOINT_URL and the network."
        ) from error


def _plain(etag: str | None) -> str:
    return (etag or "").strip('"')
