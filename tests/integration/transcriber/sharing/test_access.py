"""Access to one transcription while something is streamed."""

from collections.abc import AsyncIterator

import pytest

from common import identity
from common.errors import NotFoundError
from common.identity import Identity, Role
from common.postgres import Database
from common.rights import Right
from tests.integration.transcriber.sharing.test_shares import owned
from transcriber.sharing import access as module
from transcriber.sharing.access import TranscriptionAccess

_SHARE = """
INSERT INTO shares (transcription_id, user_id, workspace_id, role) VALUES (%s, 'ann', '', 'viewer')
"""
_LINK = """
INSERT INTO links (link_id, transcription_id, token_sha256, name, without_audio, expires_at)
VALUES ('link_stream', %s, 'x', '', false, now() + interval '1 hour')
"""
ANN = Identity(session_id="s", workspace_id="session_beta", user_id="ann", role=Role.MANAGER)
VISITOR = Identity(session_id="v", link_id="link_stream")


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"sound"


@pytest.mark.parametrize(
    ("given", "taken", "caller"),
    [
        (_SHARE, "DELETE FROM shares", ANN),
        (_LINK, "UPDATE links SET revoked_at = now()", VISITOR),
        (_LINK, "UPDATE links SET expires_at = now()", VISITOR),
    ],
)
async def test_streams_end_with_the_access(
    database: Database, monkeypatch: pytest.MonkeyPatch, given: str, taken: str, caller: Identity
) -> None:
    """As running playback and downloads do, which look again twice a second."""
    monkeypatch.setattr(module, "_CHECKED_SECONDS", 0.0)
    number = await owned(database)
    await database.execute(given, (number,))
    token = identity.use(caller)
    access = TranscriptionAccess(database)
    found = await access.find(number, Right.READ, audio=True)
    assert (found.workspace_id, found.own, found.role) == ("session_alpha", False, Role.VIEWER)
    stream = access.guarded(found, endless(), number, Right.READ, audio=True)
    assert [await anext(stream) for _ in range(3)] == [b"sound"] * 3
    await database.execute(taken)
    with pytest.raises(NotFoundError):
        await anext(stream)
    identity.reset(token)
