"""Client of LibraryService, and requests about lists."""

from collections.abc import Sequence
from typing import Any

from common.grpc_client import unwrap
from securetranscribe.v1 import library_pb2, library_pb2_grpc, transcription_pb2
from tests.integration.transcriber.conftest import Api, Caller


class Librarian:
    """A session's client of LibraryService."""

    def __init__(self, api: Api, caller: Caller) -> None:
        self.caller = caller
        self._service: Any = library_pb2_grpc.LibraryServiceStub(api.channel)

    async def call(self, method: str, **fields: Any) -> Any:
        """Call a method with the fields of its request."""
        request = getattr(library_pb2, f"{method}Request")(**fields)
        return await unwrap(getattr(self._service, method)(request, metadata=self.caller.metadata))

    async def tag(self, name: str, color: str = "") -> int:
        """Make a tag and return its id."""
        return int((await self.call("CreateTag", name=name, color=color)).tag.tag_id)

    async def folder(self, name: str, parent_id: int = 0) -> int:
        """Make a folder and return its id."""
        answer = await self.call("CreateFolder", name=name, parent_id=parent_id)
        return int(answer.folder.folder_id)

    async def folders(self) -> dict[str, tuple[int, int]]:
        """Return the parents of all folders and the numbers of their transcriptions, by name."""
        answer = await self.call("ListFolders")
        return {one.name: (one.parent_id, one.transcription_count) for one in answer.folders}

    async def tags(self) -> dict[str, int]:
        """Return how many transcriptions have each tag."""
        answer = await self.call("ListTags")
        return {one.tag.name: one.transcription_count for one in answer.tags}

    async def update(self, transcription_id: int, **fields: Any) -> Any:
        """Change a transcription and return it."""
        answer = await self.call("UpdateTranscription", transcription_id=transcription_id, **fields)
        return answer.transcription

    async def page(self, **fields: Any) -> Any:
        """Return a page of transcriptions."""
        request = transcription_pb2.ListTranscriptionsRequest(**fields)
        return await unwrap(
            self.caller.transcriptions.ListTranscriptions(request, metadata=self.caller.metadata)
        )

    async def listed(self, sort: int = 0, **wanted: Any) -> list[int]:
        """Return the ids of the transcriptions that match a filter."""
        found = transcription_pb2.TranscriptionFilter(**wanted)
        return ids(await self.page(filter=found, sort=sort))

    async def bulk(self, action: int, of: Sequence[int] = (), **fields: Any) -> dict[int, str]:
        """Change transcriptions and return the codes of their errors."""
        answer = await self.call("BulkUpdate", action=action, transcription_ids=of, **fields)
        return {one.transcription_id: one.error_code for one in answer.results}


def ids(page: Any) -> list[int]:
    """Return the ids of a page."""
    return [one.transcription_id for one in page.transcriptions]
