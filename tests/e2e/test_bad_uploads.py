"""Files that are refused: each with a clear error, and with nothing left behind."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from common.objects import ObjectStore
from common.settings import ObjectSettings
from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.conftest import Stack
from tests.e2e.recordings import SilentWav, silence


def _video_without_sound() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


@pytest.fixture
def truncated(sample: Path) -> bytes:
    content = sample.read_bytes()
    return content[: len(content) // 2]


@pytest.fixture
def objects(stack: Stack) -> Iterator[ObjectStore]:
    variables = stack.servers.environment("transcriber")
    names = {name.lower(): value for name, value in variables.items() if name.startswith("S3_")}
    store = ObjectStore(ObjectSettings(**names))  # type: ignore[arg-type]
    yield store
    store.close()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.mp3", b"", "FILE_UPLOAD_ERROR"),
        ("notes.mp3", b"These are only words, not sound at all.\n" * 50, "FILE_UPLOAD_ERROR"),
        ("page.wav", b"<html><body>hello</body></html>" * 50, "FILE_UPLOAD_ERROR"),
        ("really-a-wav.mp3", silence(1.0), "FILE_UPLOAD_ERROR"),
        ("silent-film.mp4", _video_without_sound(), "AUDIO_PROCESSING_ERROR"),
        ("noise.flac", b"fLaC" + bytes(range(256)) * 40, "AUDIO_PROCESSING_ERROR"),
    ],
)
async def test_a_file_that_cannot_be_transcribed_is_refused(
    name: str, content: bytes, code: str, client: SecureTranscribeClient, objects: ObjectStore
) -> None:
    before = await objects.keys("audio")
    with pytest.raises(ApiError) as caught:
        client.upload_audio(io.BytesIO(content), filename=name)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.message
    assert client.list_transcriptions()["total"] == 0
    assert await objects.keys("audio") == before


async def test_a_truncated_file_is_refused(
    client: SecureTranscribeClient, truncated: bytes, objects: ObjectStore
) -> None:
    before = await objects.keys("audio")
    with pytest.raises(ApiError) as caught:
        client.upload_audio(io.BytesIO(truncated), filename="half.wav")
    assert (caught.value.status, caught.value.code) == (400, "AUDIO_PROCESSING_ERROR")
    assert client.list_transcriptions()["total"] == 0
    assert await objects.keys("audio") == before


class _CountedWav(SilentWav):
    """Counts what is taken of it, and does not say how long it is."""

    taken = 0

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


async def test_a_file_over_the_limit_is_refused_before_all_of_it_was_sent(
    client: SecureTranscribeClient, objects: ObjectStore
) -> None:
    before = await objects.keys("audio")
    client.get_session()
    # Without a length in the request, only the bytes themselves can tell.
    file = _CountedWav(3 * 1024**3)
    with pytest.raises(ApiError) as caught:
        client.upload_audio(file, filename="huge.wav")  # type: ignore[arg-type]
    assert (caught.value.status, caught.value.code) == (413, "FILE_UPLOAD_ERROR")
    assert caught.value.details["max_size"] == "2GB"
    assert file.taken < 2.2 * 1024**3
    assert await objects.keys("audio") == before


def test_ids_that_do_not_exist_and_ids_of_another_session_are_alike(
    stack: Stack, sample: Path, client: SecureTranscribeClient
) -> None:
    with stack.client() as other, sample.open("rb") as file:
        foreign = other.upload_audio(file)["transcription_id"]
        said = []
        for transcription_id in (foreign, 2**40):
            for call in (
                client.get_status,
                client.start_transcription,
                client.delete_transcription,
                client.export_transcription,
            ):
                with pytest.raises(ApiError) as caught:
                    call(transcription_id)
                assert (caught.value.status, caught.value.code) == (404, "NOT_FOUND")
                said.append(caught.value.message.replace(str(transcription_id), "N"))
        assert said[:4] == said[4:]
        assert other.get_status(foreign)["status"] == "pending"
        other.delete_transcription(foreign)
