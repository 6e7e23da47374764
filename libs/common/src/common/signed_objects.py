"""Single objects behind presigned URLs, for processes that hold no key of the object store.

A task carries the URLs of its recording and its result. A worker that was taken over by a recording
can therefore reach nothing else in the store. The URL of an encrypted object carries its key, too
(see `common.encryption.task_access`).
"""

import asyncio
import datetime as dt
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, TypeVar
from urllib.parse import parse_qs, urlsplit

import urllib3
from minio import Minio

from common.disk_reserve import DiskReserve
from common.encryption import task_access
from common.encryption.object_cipher import SealedFile
from common.encryption.task_access import split_url
from common.encryption.wrapping import WrongKeyError
from common.errors import DiskFullError, NotFoundError, UnavailableError
from common.objects import FAILED_CODES, FULL_CODES, RangedObject, connection_pool
from common.read_ahead import ReadAhead
from common.settings import ObjectSettings
from securetranscribe.v1 import queue_pb2

#: A task may wait and run for so long. One whose URLs have expired is released again.
VALIDITY = dt.timedelta(days=3)
#: Codes for URLs that were signed with another key than the store has now.
_OTHER_KEY = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch"})
_CODE = re.compile(rb"<Code>(\w+)</Code>")
_TIME = "%Y%m%dT%H%M%SZ"
_REFUSED = "The object store refused the request. Try again soon."
Answer = TypeVar("Answer")


class AccessExpiredError(Exception):
    """A URL is missing, too old, or signed with a replaced key. Its issuer has to sign another."""


@dataclass(frozen=True, kw_only=True)
class TaskAccess:
    """The URLs of one task: reading its recording, and reading and writing its result.

    `playback` and `peaks` permit writing a playback copy. They are empty if none is wanted.
    """

    recording: str
    stored_result: str
    result: str
    playback: str = ""
    peaks: str = ""


class UrlSigner:
    """Signer of URLs. It makes no calls."""

    def __init__(
        self, settings: ObjectSettings, *, endpoint: str = "", validity: dt.timedelta = VALIDITY
    ) -> None:
        """`endpoint` is the address of the store as the users of the URLs see it."""
        url = urlsplit(endpoint or settings.s3_endpoint)
        self._client = Minio(
            url.netloc,
            access_key=settings.s3_access_key.get_secret_value(),
            secret_key=settings.s3_secret_key.get_secret_value(),
            secure=url.scheme == "https",
            region=settings.s3_region,
        )
        self._audio = settings.s3_bucket_audio
        self._results = settings.s3_bucket_results
        self._validity = validity

    def task(self, audio_key: str, result_key: str) -> TaskAccess:
        """Return the URLs of a task."""
        return TaskAccess(
            recording=self._sign("GET", self._audio, audio_key),
            stored_result=self._sign("GET", self._results, result_key),
            result=self._sign("PUT", self._results, result_key),
        )

    def task_on_copy(self, copy_key: str, result_key: str) -> TaskAccess:
        """Return the URLs of a task that reads a copy of the recording, stored next to results."""
        return TaskAccess(
            recording=self._sign("GET", self._results, copy_key),
            stored_result=self._sign("GET", self._results, result_key),
            result=self._sign("PUT", self._results, result_key),
        )

    def writable(self, key: str) -> str:
        """Return a URL that permits writing an object next to results."""
        return self._sign("PUT", self._results, key)

    def _sign(self, method: str, bucket: str, key: str) -> str:
        url: str = self._client.get_presigned_url(method, bucket, key, expires=self._validity)
        return url


class SignedObjects:
    """Client of objects behind presigned URLs. Calls run on its own threads.

    Every method raises AccessExpiredError for a URL that has to be signed again, and
    UnavailableError when the store does not answer or refuses.
    """

    def __init__(self, reserve: DiskReserve, *, threads: int = 4, service_key: str = "") -> None:
        """`reserve` is that of the store's disk, if it is on this machine.

        `service_key` is the key of the kind of worker.
        """
        self._reserve = reserve
        self._service_key = service_key
        self._pool = connection_pool(threads)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="objects")

    def close(self) -> None:
        """Drop idle connections. Calls in flight finish."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    def unseal(self, task: queue_pb2.Task) -> None:
        """Decrypt the URLs of a task, if they are encrypted.

        Raises:
            AccessExpiredError: they were encrypted for another key of workers.
        """
        try:
            task_access.unseal(task, self._service_key)
        except WrongKeyError as error:
            raise AccessExpiredError("the task is encrypted with another SERVICE_KEY") from error

    async def open(self, url: str) -> RangedObject:
        """Open an object for seeking and ranged reads, from a worker thread.

        Raises:
            NotFoundError: there is no such object.
        """
        address, cipher = split_url(url)
        stored = await self._call(self._size, address)
        fetch = ReadAhead(partial(self._read, address), stored, self._threads)
        if cipher is None:
            return RangedObject(fetch, stored)
        # They are decrypted on the thread that uses them, while the next ones are read.
        reader = cipher.reader(fetch, stored)
        return RangedObject(reader.view, reader.size)

    async def exists(self, url: str) -> bool:
        """Return whether the object exists. The URL permits reading it."""
        try:
            await self._call(self._size, split_url(url)[0])
        except NotFoundError:
            return False
        return True

    async def put(self, url: str, data: bytes) -> None:
        """Write a small object in one piece.

        Raises:
            DiskFullError: the store has no room.
        """
        await self._call(self._put, url, data)

    def send(self, url: str, file: BinaryIO, size: int) -> None:
        """Write an object from the `size` bytes of a file, on the calling thread.

        Raises:
            DiskFullError: the store has no room, or only that for results.
        """
        self._reserve.require()
        address, cipher = split_url(url)
        file.seek(0)
        body: BinaryIO | SealedFile = file
        if cipher is not None:
            body = SealedFile(file, size, cipher)
            size = body.size
        self._request("PUT", address, body=body, headers={"Content-Length": str(size)})

    def _size(self, url: str) -> int:
        # The URL is signed for GET alone, so the size comes with the first byte.
        response = self._request("GET", url, headers={"Range": "bytes=0-0"}, allowed=(416,))
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        if total.isdecimal():
            return int(total)
        return 0 if response.status == 416 else len(response.data)

    def _read(self, url: str, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, read on the calling thread."""
        wanted = {"Range": f"bytes={offset}-{offset + length - 1}"}
        data: bytes = self._request("GET", url, headers=wanted).data
        return data

    def _put(self, url: str, data: bytes) -> None:
        address, cipher = split_url(url)
        self._request("PUT", address, body=data if cipher is None else cipher.seal(data))

    def _request(
        self, method: str, url: str, *, allowed: tuple[int, ...] = (), **named: Any
    ) -> urllib3.BaseHTTPResponse:
        if not url:
            raise AccessExpiredError("the task came without a URL")
        try:
            response = self._pool.request(method, url, redirect=False, **named)
        except urllib3.exceptions.HTTPError as error:
            raise UnavailableError("The object store does not answer. Try again soon.") from error
        if response.status < 300 or response.status in allowed:
            return response
        self._refuse(url, response)
        raise UnavailableError(_REFUSED)

    def _refuse(self, url: str, response: urllib3.BaseHTTPResponse) -> None:
        """Raise the error of a response, if it is not just a refusal."""
        found = _CODE.search(response.data)
        code = found[1].decode() if found else ""
        if response.status == 404 and code != "NoSuchBucket":
            raise NotFoundError("The stored object no longer exists.")
        if code in FULL_CODES or (code in FAILED_CODES and self._reserve.touched):
            raise DiskFullError
        if response.status in (400, 401, 403) and expired(url):
            raise AccessExpiredError("the URL is too old")
        if code in _OTHER_KEY:
            raise AccessExpiredError("the key or the address of the object store has changed")

    async def _call(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: function(*arguments)
        )


def expired(url: str) -> bool:
    """Return whether the time of a presigned URL is over, by the clock of this machine."""
    query = parse_qs(urlsplit(url).query)
    try:
        signed = dt.datetime.strptime(query["X-Amz-Date"][0], _TIME).replace(tzinfo=dt.UTC)
        validity = dt.timedelta(seconds=int(query["X-Amz-Expires"][0]))
    except (KeyError, ValueError):
        return False
    return dt.datetime.now(dt.UTC) >= signed + validity
