"""Headers of the tus protocol, and its middleware."""

import base64

import pytest

from common.errors import FileUploadError, ValidationError
from gateway.sessions.session import Preferences
from gateway.uploads import tus
from gateway.web.tus import TusProtocol
from securetranscribe.v1 import diarization_pb2, transcription_pb2, upload_pb2
from tests.unit.gateway.asgi import Inner, call, scope_of

PATH = f"/api/uploads/{'a' * 32}"


def encoded(**fields: str) -> str:
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items()
    )


@pytest.mark.parametrize("header", [None, "", "-1", "1.5", "9" * 19, "٣", "abc"])
def test_length_must_be_a_number(header: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        tus.length(header)
    assert caught.value.details == {"field": "Upload-Length"}


def test_empty_file_is_refused() -> None:
    with pytest.raises(FileUploadError):
        tus.length("0")
    assert tus.offset("0") == 0
    assert tus.length(" 12 ") == 12


def test_metadata_are_pairs_in_base64() -> None:
    assert tus.metadata(None) == {}
    assert tus.metadata("is_final") == {"is_final": b""}
    assert tus.metadata(encoded(filename="Größe.wav", language="de")) == {
        "filename": "Größe.wav".encode(),
        "language": b"de",
    }


@pytest.mark.parametrize("header", ["filename ü", "filename a", "a " + "QUFB" * 3000])
def test_malformed_metadata_are_refused(header: str) -> None:
    with pytest.raises(ValidationError):
        tus.metadata(header)


def test_options_are_those_of_the_plain_upload() -> None:
    pairs = tus.metadata(
        encoded(
            name="../a.wav",
            language="de-AT",
            auto_start="false",
            channels="separate",
            allow_truncated="yes",
            voice_memory="off",
            num_speakers="2",
            diarize="false",
            phrases="Ann\nBob",
            model="whisper-base",
            priority="3",
            filetype="audio/wav",
            relativePath="null",
        )
    )
    config = tus.config(10, pairs, Preferences(), request_id="key-1")
    assert config == transcription_pb2.UploadConfig(
        filename="a.wav",
        language="de",
        auto_start=False,
        size_bytes=10,
        channels=transcription_pb2.CHANNEL_MODE_SEPARATE,
        allow_truncated=True,
        voice_memory=False,
        diarization=diarization_pb2.DiarizationConfig(speaker_count=2),
        diarize=False,
        phrases=["Ann", "Bob"],
        model="whisper-base",
        priority=3,
        request_id="key-1",
    )


@pytest.mark.parametrize(
    "fields",
    [{"language": "klingon"}, {"speakers": "2"}, {"channels": "left"}, {"num_speakers": "two"}],
)
def test_wrong_options_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        tus.config(10, tus.metadata(encoded(**fields)), Preferences())


def test_checksum() -> None:
    assert tus.checksum(None) == tus.Checksum()
    told = tus.checksum(f"sha256 {base64.b64encode(b'x' * 32).decode()}")
    assert told == tus.Checksum(algorithm="sha256", digest=b"x" * 32)
    for header in ("md5 eHg=", "sha256 ?"):
        with pytest.raises(ValidationError):
            tus.checksum(header)


def test_headers_describe_an_upload() -> None:
    upload = upload_pb2.Upload(
        upload_id="u", size_bytes=10, offset_bytes=4, client_metadata="a Yg=="
    )
    upload.expire_time.FromSeconds(0)
    assert tus.headers(upload) == {
        "Upload-Offset": "4",
        "Upload-Length": "10",
        "Upload-Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
        "Upload-Metadata": "a Yg==",
    }
    upload.transcription_id, upload.job_id = 7, "job_1"
    told = tus.headers(upload)
    assert (told["Transcription-Id"], told["Job-Id"]) == ("7", "job_1")


async def test_discovery_needs_no_version() -> None:
    inner = Inner()
    scope = scope_of("/api/uploads", method="OPTIONS", headers={})
    answer = await call(TusProtocol(inner, max_bytes=77), scope)
    assert answer.status == 204
    assert answer.headers["tus-max-size"] == "77"
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert not inner.scopes


@pytest.mark.parametrize(
    ("method", "version", "status"),
    [
        ("PATCH", None, 200),
        ("PATCH", "2.0.0", 412),
        ("TRACE", "0.2.2", 200),
        ("POST", "0.2.2", 412),
        ("HEAD", "0.2.2", 412),
        ("GET", None, 200),
        ("DELETE", None, 200),
        ("PATCH", "1.0.0", 200),
    ],
)
async def test_version(method: str, version: str | None, status: int) -> None:
    headers = {} if version is None else {"tus-resumable": version}
    scope = scope_of(PATH, method=method, headers=headers)
    answer = await call(TusProtocol(Inner(), max_bytes=1), scope)
    assert answer.status == status
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers.get("tus-version") == ("1.0.0" if status == 412 else None)


@pytest.mark.parametrize(
    ("path", "override", "method"),
    [
        (PATH, "patch", "PATCH"),
        (PATH, "DELETE", "DELETE"),
        (PATH, "GET", "POST"),
        ("/api/speakers", "DELETE", "POST"),
    ],
)
async def test_method_override(path: str, override: str, method: str) -> None:
    inner = Inner()
    headers = {"tus-resumable": "1.0.0", "x-http-method-override": override}
    scope = scope_of(path, method="POST", headers=headers)
    await call(TusProtocol(inner, max_bytes=1), scope)
    assert inner.scopes[0]["method"] == method
