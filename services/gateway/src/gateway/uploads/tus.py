"""Headers of the tus protocol."""

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from email.utils import format_datetime

from common import filenames
from common.errors import FileUploadError, ValidationError
from gateway.sessions.session import Preferences
from gateway.uploads.form import UploadForm
from gateway.web.tus import CHECKSUM_ALGORITHMS
from securetranscribe.v1 import transcription_pb2, upload_pb2

CONTENT_TYPE = "application/offset+octet-stream"
_LONGEST_METADATA = 8192
#: Keys of metadata that name the file: those of the protocol's clients, the most usual one first.
_NAMES = ("filename", "name")
#: Keys that clients of the protocol send by themselves.
_OF_CLIENTS = frozenset({*_NAMES, "filetype", "type", "relativePath"})


@dataclass(frozen=True, kw_only=True)
class Checksum:
    """Value of `Upload-Checksum`. The algorithm is empty without one."""

    algorithm: str = ""
    digest: bytes = b""


def length(header: str | None) -> int:
    """Return the value of `Upload-Length`.

    Raises:
        ValidationError: it is missing or no number.
        FileUploadError: it is 0.
    """
    size = _number("Upload-Length", header)
    if not size:
        raise FileUploadError("The file is empty.")
    return size


def offset(header: str | None) -> int:
    """Return the value of `Upload-Offset`.

    Raises:
        ValidationError: it is missing or no number.
    """
    return _number("Upload-Offset", header)


def metadata(header: str | None) -> dict[str, bytes]:
    """Return the pairs in `Upload-Metadata`.

    Raises:
        ValidationError: it is malformed or too long.
    """
    if header and len(header) > _LONGEST_METADATA:
        raise _invalid("Upload-Metadata", f"At most {_LONGEST_METADATA} characters are accepted.")
    found: dict[str, bytes] = {}
    for pair in (header or "").split(","):
        if not pair.strip():
            continue
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise _invalid("Upload-Metadata", "Values must be in Base64.") from error
    return found


def checksum(header: str | None) -> Checksum:
    """Return the value of `Upload-Checksum`.

    Raises:
        ValidationError: it is malformed, or the algorithm is not supported.
    """
    if not header:
        return Checksum()
    algorithm, _, value = header.strip().partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise _invalid("Upload-Checksum", f"Use one of {', '.join(CHECKSUM_ALGORITHMS)}.")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid("Upload-Checksum", "The checksum must be in Base64.") from error
    return Checksum(algorithm=algorithm, digest=digest)


def config(
    size: int, pairs: dict[str, bytes], preferences: Preferences, *, request_id: str = ""
) -> transcription_pb2.UploadConfig:
    """Return the description of an upload, with the options of the plain upload's form.

    Raises:
        ValidationError: there is no such option, or it has an invalid value.
    """
    form = UploadForm(preferences, ignored=_OF_CLIENTS)
    for key, value in pairs.items():
        form.begin(key)
        form.add(value)
    name = filenames.clean(_filename(pairs))
    return form.options().config(name, size_bytes=size, request_id=request_id)


def headers(upload: upload_pb2.Upload) -> dict[str, str]:
    """Return the headers about an upload."""
    expires = upload.expire_time.ToDatetime(dt.UTC)
    found = {
        "Upload-Offset": str(upload.offset_bytes),
        "Upload-Length": str(upload.size_bytes),
        "Upload-Expires": format_datetime(expires, usegmt=True),
    }
    if upload.client_metadata:
        found["Upload-Metadata"] = upload.client_metadata
    if upload.transcription_id:
        found["Transcription-Id"] = str(upload.transcription_id)
    if upload.job_id:
        found["Job-Id"] = upload.job_id
    return found


def _filename(pairs: dict[str, bytes]) -> str:
    for name in _NAMES:
        if name in pairs:
            try:
                return pairs[name].decode()
            except UnicodeDecodeError as error:
                raise _invalid("Upload-Metadata", f"{name} is not UTF-8 text.") from error
    return ""


def _number(name: str, header: str | None) -> int:
    text = (header or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _invalid(name, f"{name} must be a number of bytes.")
    return int(text)


def _invalid(name: str, message: str) -> ValidationError:
    return ValidationError.of(name, message)
