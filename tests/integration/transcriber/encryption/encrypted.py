"""Helpers of the tests of encryption."""

from common.encryption.key_holders import DeploymentKeys
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import transcription_pb2
from tests.integration.transcriber.conftest import ENCRYPTION_KEY, Caller
from transcriber.encryption.key_ring import KeyRing

#: Part of every WAV file, which a search of encrypted files must not find.
MARK = b"WAVEfmt "
KEYS = "SELECT * FROM data_keys ORDER BY transcription_id, content"
WORKSPACES = "SELECT workspace_id, wrapped, wrapped_by FROM workspace_keys ORDER BY workspace_id"


async def contents(stored: ObjectStore) -> dict[str, bytes]:
    """Return all stored objects but the ledger of erasures."""
    return {
        key: await stored.get(bucket, key)
        for bucket in ("audio", "results")
        for key in await stored.keys(bucket)
        if not key.startswith("ledger/")
    }


async def download(caller: Caller, number: int) -> bytes:
    """Return a recording as its owner gets it."""
    request = transcription_pb2.DownloadRecordingRequest(transcription_id=number)
    call = caller.transcriptions.DownloadRecording(request, metadata=caller.metadata)
    return b"".join([answer.chunk async for answer in call])


def ring(database: Database, key: str = "") -> KeyRing:
    """Return keys as another api has them."""
    return KeyRing(
        database,
        DeploymentKeys.parse(key or ENCRYPTION_KEY),
        bucket_audio="audio",
        encrypting=True,
    )
