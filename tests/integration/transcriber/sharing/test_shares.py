"""Shares with users and workspaces: who reaches what, and nothing else."""

import asyncio
from typing import Any

import pytest

from common.errors import (
    ApplicationError,
    AuthorizationError,
    NotFoundError,
    ValidationError,
)
from common.postgres import Database
from securetranscribe.v1 import transcript_pb2
from tests.integration.transcriber.conftest import Api
from tests.integration.transcriber.fakes import until
from tests.integration.transcriber.sharing.sharing import COMMENTER, EDITOR, VIEWER, Person
from tests.integration.transcriber.transcripts.test_editor import stored

_OWN = """
UPDATE transcriptions SET workspace_id = %s, session_id = %s, favorite = true WHERE id = %s
"""
NOTE = {"add_note": {"first_word_id": "1.1", "last_word_id": "1.1", "text": "Check this"}}
WORDS = {"replace_words": {"first_word_id": "1.1", "last_word_id": "1.1", "text": "Evening"}}
#: What a viewer may do with what is shared, with the fields of the requests.
READS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("GetTranscription", {}),
    ("StreamTranscript", {}),
    ("StreamTranscript", {"for_export": True}),
    ("ReadTranscript", {}),
    ("ListRevisions", {}),
    ("CompareRevisions", {}),
    ("ListConflicts", {}),
    ("Search", {"query": "morning"}),
)
#: What is refused with 404 for other reasons once the access is given.
SOUND: tuple[tuple[str, dict[str, Any]], ...] = (
    ("GetPlayback", {}),
    ("ReadPlayback", {}),
    ("GetPeaks", {}),
    ("DownloadRecording", {}),
    ("GetSpeakerClip", {"speaker_label": "Speaker_1"}),
)
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("EditTranscript", {"revision": 1, "operations": [WORDS]}),
    ("UndoEdits", {}),
    ("RedoEdits", {}),
    ("RestoreRevision", {"revision": 1}),
    ("AssignSpeakers", {"names": {"Speaker_1": "Ada"}}),
    ("ResolveConflict", {"conflict_id": 1, "use": 1}),
)
#: What only members of the owning workspace may do.
OWNERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("StartTranscription", {}),
    ("ReprocessTranscript", {}),
    ("DeleteTranscription", {}),
    ("TrashTranscription", {}),
    ("RestoreTranscription", {}),
    ("UpdateTranscription", {"favorite": True}),
    ("SuggestTitle", {}),
    ("ApplyVocabulary", {}),
    ("UndoVocabulary", {}),
    ("ShareTranscription", {"user_id": "user_x", "role": VIEWER}),
    ("ListShares", {}),
    ("RevokeShare", {"share_id": 1}),
    ("CreateLink", {}),
    ("ListLinks", {}),
    ("RevokeLink", {"link_id": "link_x"}),
    ("ListLinkUses", {"link_id": "link_x"}),
)


async def owned(database: Database, workspace: str = "alpha") -> int:
    """Store a transcript that a workspace owns."""
    number = await stored(database)
    owner = f"session_{workspace}"
    await database.execute(_OWN, (owner, owner, number))
    return number


async def outcome(person: Person, number: int, method: str, fields: dict[str, Any]) -> str:
    """Return the code of the error of a call, empty if it succeeds."""
    try:
        await person.call(method, transcription_id=number, **fields)
    except ApplicationError as error:
        return error.code
    return ""


class People:
    """The owner in workspace alpha, and two users in workspace beta."""

    def __init__(self, api: Api) -> None:
        self.owner = Person(api, "o@alpha;user=olga;role=manager")
        self.ann = Person(api, "a@beta;user=ann;role=manager")
        self.bob = Person(api, "b@beta;user=bob;role=viewer")
        self.open = Person(api, "gamma")


@pytest.fixture
def people(api: Api) -> People:
    return People(api)


@pytest.mark.parametrize(("method", "fields"), [*READS, *SOUND, *CHANGES, *OWNERS])
async def test_strangers_find_nothing(
    people: People, database: Database, method: str, fields: dict[str, Any]
) -> None:
    number = await owned(database)
    await people.owner.share(number, EDITOR, user_id="somebody")
    for stranger in (people.ann, people.open):
        assert await outcome(stranger, number, method, fields) == "NOT_FOUND"


@pytest.mark.parametrize("role", [VIEWER, COMMENTER, EDITOR])
async def test_roles_of_users(people: People, database: Database, role: Any) -> None:
    number, other = await owned(database), await owned(database)
    await people.owner.share(number, role, user_id="ann")
    for method, fields in READS:
        assert await outcome(people.ann, number, method, fields) == "", method
    for method, fields in SOUND:
        # Such a transcript has no sound, which only those with access learn.
        with pytest.raises(ApplicationError) as caught:
            await people.ann.call(method, transcription_id=number, **fields)
        assert caught.value.message != "There is no such transcription.", method
    for method, fields in CHANGES:
        refused = await outcome(people.ann, number, method, fields) == "AUTHORIZATION_ERROR"
        assert refused == (role != EDITOR), method
    for method, fields in OWNERS:
        assert await outcome(people.ann, number, method, fields) == "AUTHORIZATION_ERROR", method
    for method, fields in (*READS, *SOUND, *CHANGES):
        assert await outcome(people.ann, other, method, fields) == "NOT_FOUND", method
        assert await outcome(people.bob, number, method, fields) == "NOT_FOUND", method
    for method, fields in OWNERS:
        assert await outcome(people.ann, other, method, fields) == "NOT_FOUND", method
        # Viewers are refused before anything is looked up.
        assert await outcome(people.bob, number, method, fields) == "AUTHORIZATION_ERROR", method


async def test_members_of_a_workspace_have_no_more_than_their_role(
    people: People, database: Database
) -> None:
    number = await owned(database)
    await people.owner.share(number, EDITOR, workspace_id="session_beta")
    edit = ("EditTranscript", {"revision": 1, "operations": [WORDS]})
    assert await outcome(people.ann, number, *edit) == ""
    assert await outcome(people.bob, number, "ReadTranscript", {}) == ""
    assert await outcome(people.bob, number, *edit) == "AUTHORIZATION_ERROR"
    # A share with the user himself may give more.
    await people.owner.share(number, COMMENTER, user_id="bob")
    note = ("EditTranscript", {"revision": 2, "operations": [NOTE]})
    assert await outcome(people.bob, number, *note) == ""


async def test_scopes_of_tokens_limit_shares(api: Api, people: People, database: Database) -> None:
    number = await owned(database)
    await people.owner.share(number, EDITOR, user_id="ann")
    reader = Person(api, "t@beta;user=ann;role=manager;scopes=read")
    exporter = Person(api, "u@beta;user=ann;role=manager;scopes=export")
    assert await outcome(reader, number, "StreamTranscript", {}) == ""
    export = ("StreamTranscript", {"for_export": True})
    assert await outcome(reader, number, *export) == "AUTHORIZATION_ERROR"
    assert await outcome(exporter, number, *export) == ""
    assert await outcome(exporter, number, "ReadTranscript", {}) == "AUTHORIZATION_ERROR"


async def test_commenters_write_notes_of_their_own(people: People, database: Database) -> None:
    number = await owned(database)
    await people.owner.call(
        "EditTranscript", transcription_id=number, revision=1, operations=[NOTE]
    )
    await people.owner.share(number, COMMENTER, user_id="ann")
    await people.ann.call("EditTranscript", transcription_id=number, revision=2, operations=[NOTE])
    read = await people.ann.call("ReadTranscript", transcription_id=number)
    mine, theirs = sorted(read.notes, key=lambda note: not note.own)
    assert (mine.own, theirs.own) == (True, False)

    async def change(note: transcript_pb2.Note, text: str) -> None:
        operation = {"change_note": {"note_id": note.note_id, "text": text}}
        await people.ann.call(
            "EditTranscript", transcription_id=number, revision=3, operations=[operation]
        )

    await change(mine, "Checked")
    with pytest.raises(AuthorizationError, match="notes of others"):
        await change(theirs, "")
    mixed = [NOTE, WORDS]
    with pytest.raises(AuthorizationError, match="needs the role editor"):
        await people.ann.call(
            "EditTranscript", transcription_id=number, revision=4, operations=mixed
        )


async def test_edits_of_others_are_told_apart(people: People, database: Database) -> None:
    number = await owned(database)
    await people.owner.share(number, EDITOR, user_id="ann")
    await people.ann.call("EditTranscript", transcription_id=number, revision=1, operations=[WORDS])
    history = await people.owner.call("ListRevisions", transcription_id=number)
    assert [(one.author, one.own) for one in history.revisions if one.author] == [("ann", False)]
    assert history.undoable_revision == 0
    await people.ann.call("UndoEdits", transcription_id=number)


async def test_nothing_else_of_the_owner_is_shown(people: People, database: Database) -> None:
    number = await owned(database)
    tag = (await people.owner.call("CreateTag", name="Secret plans")).tag.tag_id
    folder = (await people.owner.call("CreateFolder", name="Clients")).folder.folder_id
    await people.owner.call(
        "UpdateTranscription",
        transcription_id=number,
        folder_id=folder,
        tags={"tag_ids": [tag]},
    )
    await database.execute("UPDATE transcript_speakers SET speaker_id = 7, name = 'Ada'")
    await people.owner.share(number, VIEWER, user_id="ann")
    [item] = await people.ann.shared()
    answer = await people.ann.call("GetTranscription", transcription_id=number)
    [streamed, *_] = await people.ann.call("StreamTranscript", transcription_id=number)
    for shown in (item.transcription, answer.transcription, streamed.transcription):
        assert (shown.session_id, shown.folder_id, shown.favorite, len(shown.tags)) == (
            "", 0, False, 0,
        )  # fmt: skip
        assert {speaker.speaker_id for speaker in shown.speakers} == {0}

    async def found() -> bool:
        # Filters by what only members see find nothing out.
        answer = await people.ann.call(
            "Search", transcription_id=number, query="morning", folder_id=folder + 1
        )
        assert answer.text.total == 0
        return len(answer.hits) > 0

    await until(found)
    own = await people.owner.call("GetTranscription", transcription_id=number)
    assert (own.transcription.folder_id, len(own.transcription.tags)) == (folder, 1)


async def test_list_of_what_others_share(people: People, database: Database) -> None:
    first, second = await owned(database), await owned(database)
    await people.owner.share(first, VIEWER, user_id="ann")
    await people.owner.share(second, EDITOR, workspace_id="session_beta")
    assert [
        (item.transcription.transcription_id, item.role) for item in await people.ann.shared()
    ] == [(second, EDITOR), (first, VIEWER)]
    assert [item.role for item in await people.bob.shared()] == [VIEWER]
    assert await people.owner.shared() == []
    assert (await people.ann.call("ListTranscriptions")).total == 0
    await people.owner.call("TrashTranscription", transcription_id=second)
    assert [item.transcription.transcription_id for item in await people.ann.shared()] == [first]
    assert await outcome(people.ann, second, "ReadTranscript", {}) == "NOT_FOUND"


async def test_revocation_ends_calls_and_streams(people: People, database: Database) -> None:
    number = await owned(database)
    share = await people.owner.share(number, VIEWER, user_id="ann")
    again = await people.owner.share(number, EDITOR, user_id="ann")
    assert again.share_id == share.share_id
    listed = await people.owner.call("ListShares", transcription_id=number)
    assert [(one.user_id, one.role) for one in listed.shares] == [("ann", EDITOR)]
    ended = asyncio.Event()

    async def watch() -> None:
        with pytest.raises(NotFoundError):
            async for _ in people.ann.stream("WatchTranscription", transcription_id=number):
                pass
        ended.set()

    watching = asyncio.create_task(watch())
    await people.owner.call("RevokeShare", transcription_id=number, share_id=share.share_id)
    assert await outcome(people.ann, number, "ReadTranscript", {}) == "NOT_FOUND"
    async with asyncio.timeout(30):
        await watching
    assert ended.is_set()
    # A client that did not hear the answer may repeat it.
    await people.owner.call("RevokeShare", transcription_id=number, share_id=share.share_id)
    assert await outcome(people.ann, number, "ReadTranscript", {}) == "NOT_FOUND"


async def test_invalid_shares(people: People, database: Database) -> None:
    number = await owned(database)
    for fields in (
        {"role": 4, "user_id": "ann"},
        {"role": 0, "user_id": "ann"},
        {"role": VIEWER},
        {"role": VIEWER, "user_id": "not an id"},
        {"role": VIEWER, "workspace_id": "session_alpha"},
    ):
        with pytest.raises(ValidationError):
            await people.owner.call("ShareTranscription", transcription_id=number, **fields)


async def test_viewers_of_the_owning_workspace_cannot_share(
    api: Api, people: People, database: Database
) -> None:
    number = await owned(database)
    viewer = Person(api, "v@alpha;user=vera;role=viewer")
    assert await outcome(viewer, number, "ReadTranscript", {}) == ""
    for method, fields in OWNERS:
        assert await outcome(viewer, number, method, fields) == "AUTHORIZATION_ERROR", method


async def test_shares_go_with_the_grantee(people: People, database: Database, api: Api) -> None:
    from tests.integration.transcriber.recordings.test_erasure import erase_workspace

    number = await owned(database)
    await people.owner.share(number, VIEWER, workspace_id="session_beta")
    await people.owner.share(number, VIEWER, user_id="ann")
    await erase_workspace(api, "session_beta")
    rows = await database.fetch_all("SELECT user_id, workspace_id FROM shares")
    assert rows == [{"user_id": "ann", "workspace_id": ""}]

    async def announced() -> bool:
        return await database.fetch_one("SELECT FROM outbox LIMIT 1") is None

    await until(announced)
