"""Memory does not grow with the size of an upload."""

from collections.abc import Callable

from securetranscribe import SecureTranscribeClient
from tests.e2e.recordings import SilentWav

GIGABYTE = 1024**3
ALLOWED = 64 * 1024**2


def test_upload_of_a_gigabyte_needs_little_memory(
    client: SecureTranscribeClient, resident_bytes: Callable[[str], int]
) -> None:
    client.get_session()
    before = {name: resident_bytes(name) for name in ("gateway", "transcriber-api")}
    uploaded = client.upload_audio(SilentWav(GIGABYTE))  # type: ignore[arg-type]
    grown = {name: resident_bytes(name) - size for name, size in before.items()}
    assert uploaded["file_size"] == GIGABYTE
    assert grown["gateway"] < ALLOWED, grown
    # The transcriber holds a few parts of the multipart upload and opens the object to examine it.
    assert grown["transcriber-api"] < 4 * ALLOWED, grown
    client.delete_transcription(uploaded["transcription_id"])
