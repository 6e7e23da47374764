"""Tags, folders, favorites and bulk changes."""

import asyncio
from typing import Any

import pytest

from common.errors import ConflictError, NotFoundError, ValidationError
from common.postgres import Database
from securetranscribe.v1 import library_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.library.callers import Librarian, ids
from tests.integration.transcriber.recordings.test_erasure import erase_workspace
from tests.integration.transcriber.test_workspaces import workspaces

NOBODY = 2**62
_LEFT = """
SELECT (SELECT count(*) FROM tags) + (SELECT count(*) FROM folders)
     + (SELECT count(*) FROM transcription_tags) AS rows
"""


@pytest.fixture
def librarian(api: Api, caller: Caller) -> Librarian:
    return Librarian(api, caller)


@pytest.fixture
def stranger(api: Api) -> Librarian:
    return Librarian(api, api.caller("b"))


async def test_names_of_tags_differ_in_more_than_case(librarian: Librarian) -> None:
    tag = await librarian.tag("  Große\u00a0 Runde ", "#3366CC")
    with pytest.raises(ConflictError):
        await librarian.tag("GROSSE RUNDE")
    other = await librarian.tag("Other")
    with pytest.raises(ConflictError):
        await librarian.call("UpdateTag", tag_id=other, name="große runde")
    renamed = await librarian.call("UpdateTag", tag_id=tag, name="GROSSE RUNDE", color="")
    assert (renamed.tag.name, renamed.tag.color) == ("GROSSE RUNDE", "")
    for name, color in [("", ""), ("x" * 101, ""), ("a\u202eb", ""), ("a", "red")]:
        with pytest.raises(ValidationError):
            await librarian.tag(name, color)


async def test_same_tag_is_made_once(librarian: Librarian) -> None:
    made = await asyncio.gather(*(librarian.tag("Twice") for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, int) for one in made) == 1
    assert await librarian.tags() == {"Twice": 0}


async def test_deleted_tag_leaves_transcriptions_and_tags_of_others(
    librarian: Librarian, stranger: Librarian
) -> None:
    number, theirs = await librarian.caller.upload_id(), await stranger.caller.upload_id()
    tag, their_tag = await librarian.tag("Budget"), await stranger.tag("Budget")
    shown = await librarian.update(number, tags={"tag_ids": [tag]})
    await stranger.update(theirs, tags={"tag_ids": [their_tag]})
    assert [(one.tag_id, one.name) for one in shown.tags] == [(tag, "Budget")]
    await librarian.call("DeleteTag", tag_id=tag)
    assert list((await librarian.caller.get(number)).tags) == []
    assert await stranger.tags() == {"Budget": 1}


async def test_deleted_folder_moves_everything_up(librarian: Librarian) -> None:
    outer = await librarian.folder("Clients")
    inner, same = await librarian.folder("Acme", outer), await librarian.folder("Shared", outer)
    await librarian.folder("SHARED")
    deep, shallow = await librarian.caller.upload_id(), await librarian.caller.upload_id()
    await librarian.update(deep, folder_id=inner)
    await librarian.update(shallow, folder_id=outer)
    await librarian.call("DeleteFolder", folder_id=inner)
    assert (await librarian.caller.get(deep)).folder_id == outer
    await librarian.call("DeleteFolder", folder_id=outer)
    assert (await librarian.caller.get(deep)).folder_id == 0
    assert (await librarian.caller.get(shallow)).folder_id == 0
    assert await librarian.folders() == {"SHARED": (0, 0), "Shared (2)": (0, 0)}
    with pytest.raises(NotFoundError):
        await librarian.call("DeleteFolder", folder_id=outer)
    await librarian.call("UpdateFolder", folder_id=same, name="Kept")


async def test_folders_are_nested_once(librarian: Librarian) -> None:
    outer = await librarian.folder("Outer")
    inner = await librarian.folder("Inner", outer)
    with pytest.raises(ValidationError):
        await librarian.folder("Deeper", inner)
    other = await librarian.folder("Other")
    with pytest.raises(ValidationError):
        await librarian.call("UpdateFolder", folder_id=outer, parent_id=other)
    with pytest.raises(ValidationError):
        await librarian.call("UpdateFolder", folder_id=other, parent_id=other)
    with pytest.raises(ConflictError):
        await librarian.folder("INNER", outer)
    moved = await librarian.call("UpdateFolder", folder_id=inner, parent_id=0)
    assert moved.folder.parent_id == 0


async def test_things_of_others_are_not_found(librarian: Librarian, stranger: Librarian) -> None:
    number, theirs = await librarian.caller.upload_id(), await stranger.caller.upload_id()
    tag, folder = await librarian.tag("Mine"), await librarian.folder("Mine")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("UpdateTag", {"tag_id": tag, "name": "x"}),
        ("DeleteTag", {"tag_id": tag}),
        ("UpdateFolder", {"folder_id": folder, "name": "x"}),
        ("DeleteFolder", {"folder_id": folder}),
        ("CreateFolder", {"name": "x", "parent_id": folder}),
        ("UpdateTranscription", {"transcription_id": number, "favorite": True}),
        ("UpdateTranscription", {"transcription_id": theirs, "folder_id": folder}),
        ("UpdateTranscription", {"transcription_id": theirs, "tags": {"tag_ids": [tag]}}),
        ("TrashTranscription", {"transcription_id": number}),
        ("RestoreTranscription", {"transcription_id": number}),
        ("SuggestTitle", {"transcription_id": number}),
        ("BulkUpdate", {"action": library_pb2.BULK_ACTION_TAG, "transcription_ids": [theirs],
                        "tag_id": tag}),
        ("BulkUpdate", {"action": library_pb2.BULK_ACTION_MOVE, "transcription_ids": [theirs],
                        "folder_id": folder}),
    ]  # fmt: skip
    for method, fields in calls:
        with pytest.raises(NotFoundError):
            await stranger.call(method, **fields)
    for action in (
        library_pb2.BULK_ACTION_TRASH,
        library_pb2.BULK_ACTION_RESTORE,
        library_pb2.BULK_ACTION_DELETE,
        library_pb2.BULK_ACTION_FAVORITE,
    ):
        assert await stranger.bulk(action, [number]) == {number: "NOT_FOUND"}
    assert await stranger.listed(tag_ids=[tag]) == []
    assert await stranger.listed(folder_id=folder) == []
    assert await librarian.tags() == {"Mine": 0}
    assert await librarian.listed() == [number]


async def test_bulk_change_does_the_same_to_all(librarian: Librarian) -> None:
    first, second = await librarian.caller.upload_id(), await librarian.caller.upload_id()
    tag, folder = await librarian.tag("All"), await librarian.folder("All")
    wanted = [first, NOBODY, second, first]
    result = {first: "", NOBODY: "NOT_FOUND", second: ""}
    for _ in range(2):
        assert await librarian.bulk(library_pb2.BULK_ACTION_TAG, wanted, tag_id=tag) == result
        assert (
            await librarian.bulk(library_pb2.BULK_ACTION_MOVE, wanted, folder_id=folder) == result
        )
        assert (
            await librarian.bulk(library_pb2.BULK_ACTION_FAVORITE, wanted, favorite=True) == result
        )
    assert await librarian.listed(tag_ids=[tag], folder_id=folder, favorite=True) == [second, first]
    for _ in range(2):
        assert await librarian.bulk(library_pb2.BULK_ACTION_TRASH, wanted) == result
    assert await librarian.tags() == {"All": 0}
    assert await librarian.bulk(library_pb2.BULK_ACTION_TAG, [first], tag_id=tag) == {
        first: "NOT_FOUND"
    }
    for _ in range(2):
        assert await librarian.bulk(library_pb2.BULK_ACTION_RESTORE, wanted) == result
    assert await librarian.listed(tag_ids=[tag], folder_id=folder, favorite=True) == [second, first]
    assert await librarian.bulk(library_pb2.BULK_ACTION_UNTAG, wanted, tag_id=tag) == result
    assert await librarian.bulk(library_pb2.BULK_ACTION_DELETE, wanted) == result
    assert await librarian.bulk(library_pb2.BULK_ACTION_DELETE, [first]) == {first: "NOT_FOUND"}


async def test_bulk_change_of_a_filter(librarian: Librarian) -> None:
    numbers = [await librarian.caller.upload_id() for _ in range(3)]
    await librarian.update(numbers[1], favorite=True)
    others = transcription_pb2.TranscriptionFilter(favorite=False)
    everything = transcription_pb2.TranscriptionFilter()
    assert await librarian.bulk(library_pb2.BULK_ACTION_TRASH, filter=others) == {
        numbers[0]: "", numbers[2]: "",
    }  # fmt: skip
    assert await librarian.bulk(library_pb2.BULK_ACTION_DELETE, filter=others) == {}
    assert ids(await librarian.page()) == [numbers[1]]
    assert await librarian.bulk(library_pb2.BULK_ACTION_RESTORE, filter=everything) == {
        numbers[0]: "", numbers[2]: "",
    }  # fmt: skip
    await librarian.bulk(library_pb2.BULK_ACTION_TRASH, filter=others)
    assert await librarian.bulk(
        library_pb2.BULK_ACTION_DELETE, filter=everything, trashed=True
    ) == {numbers[0]: "", numbers[2]: ""}


@pytest.mark.parametrize(
    "fields",
    [
        {"action": library_pb2.BULK_ACTION_TRASH},
        {"action": library_pb2.BULK_ACTION_UNSPECIFIED, "transcription_ids": [1]},
        {"action": library_pb2.BULK_ACTION_TAG, "transcription_ids": [1]},
        {"action": library_pb2.BULK_ACTION_TRASH, "transcription_ids": range(501)},
        {"action": library_pb2.BULK_ACTION_TRASH, "transcription_ids": [1], "filter": {}},
    ],
)
async def test_invalid_bulk_changes_are_refused(
    librarian: Librarian, fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        await librarian.call("BulkUpdate", **fields)


async def test_everything_ends_with_the_workspace(
    api: Api, librarian: Librarian, database: Database
) -> None:
    number = await librarian.caller.upload_id()
    trashed = await librarian.caller.upload_id()
    outer = await librarian.folder("Outer")
    inner, tag = await librarian.folder("Inner", outer), await librarian.tag("Tag")
    await librarian.update(number, folder_id=inner, tags={"tag_ids": [tag]})
    await librarian.call("TrashTranscription", transcription_id=trashed)
    assert await erase_workspace(api, "session_a") == 2
    row = await database.fetch_one(_LEFT)
    assert row is not None
    assert row["rows"] == 0


async def test_workspace_with_tags_only_is_listed_for_erasure(
    api: Api, librarian: Librarian
) -> None:
    assert await workspaces(librarian.caller) == []
    await librarian.tag("Tag")
    assert await workspaces(librarian.caller) == ["session_a"]
    assert await erase_workspace(api, "session_a") == 0
    assert await workspaces(librarian.caller) == []
