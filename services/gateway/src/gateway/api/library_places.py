"""Endpoints of tags and folders."""

from typing import Annotated

from fastapi import Path

from gateway.api.library_models import (
    DeletedFolder,
    DeletedTag,
    FolderBody,
    FolderData,
    FolderList,
    FolderUpdateBody,
    TagBody,
    TagList,
    TagUpdateBody,
    TagUseData,
)
from gateway.api.parameters import MAX_ID, Caller
from gateway.api.transcription_conversion import tag
from gateway.api.transcription_models import TagData
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import library_pb2

_TAG = "Library"
_TagId = Annotated[int, Path(ge=1, le=MAX_ID, description="Tag ID.")]
_FolderId = Annotated[int, Path(ge=1, le=MAX_ID, description="Folder ID.")]


class TagApi:
    """Tags of a workspace."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.library

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET", path="/tags", handler=self.list_tags, summary="List tags", tag=_TAG
            ),
            Endpoint(
                method="POST",
                path="/tags",
                handler=self.create_tag,
                summary="Create a tag",
                tag=_TAG,
                status=201,
                errors=(409,),
            ),
            Endpoint(
                method="PUT",
                path="/tags/{tag_id}",
                handler=self.update_tag,
                summary="Update a tag",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/tags/{tag_id}",
                handler=self.delete_tag,
                summary="Delete a tag",
                tag=_TAG,
                errors=(404,),
            ),
        ]

    async def list_tags(self, caller: Caller) -> Success[TagList]:
        """List all tags by name."""
        answer = await self._backends.ask(
            self._service.ListTags, library_pb2.ListTagsRequest(), caller
        )
        data = TagList(
            tags=[
                TagUseData(**dict(tag(one.tag)), transcription_count=one.transcription_count)
                for one in answer.tags
            ]
        )
        return Success[TagList].of(data, "Tags retrieved")

    async def create_tag(self, caller: Caller, body: TagBody) -> Success[TagData]:
        """Create a tag. Upper and lower case are the same."""
        answer = await self._backends.ask(
            self._service.CreateTag,
            library_pb2.CreateTagRequest(name=body.name, color=body.color),
            caller,
        )
        return Success[TagData].of(tag(answer.tag), "Tag created")

    async def update_tag(
        self, tag_id: _TagId, caller: Caller, body: TagUpdateBody
    ) -> Success[TagData]:
        """Change the name or the color of a tag."""
        answer = await self._backends.ask(
            self._service.UpdateTag,
            library_pb2.UpdateTagRequest(tag_id=tag_id, name=body.name, color=body.color),
            caller,
        )
        return Success[TagData].of(tag(answer.tag), "Tag updated")

    async def delete_tag(self, tag_id: _TagId, caller: Caller) -> Success[DeletedTag]:
        """Delete a tag. Transcriptions that had it stay."""
        request = library_pb2.DeleteTagRequest(tag_id=tag_id)
        await self._backends.ask(self._service.DeleteTag, request, caller)
        return Success[DeletedTag].of(DeletedTag(tag_id=tag_id), "Tag deleted")


class FolderApi:
    """Folders of a workspace."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.library

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/folders",
                handler=self.list_folders,
                summary="List folders",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/folders",
                handler=self.create_folder,
                summary="Create a folder",
                tag=_TAG,
                status=201,
                errors=(404, 409),
            ),
            Endpoint(
                method="PUT",
                path="/folders/{folder_id}",
                handler=self.update_folder,
                summary="Update a folder",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/folders/{folder_id}",
                handler=self.delete_folder,
                summary="Delete a folder",
                tag=_TAG,
                errors=(404,),
            ),
        ]

    async def list_folders(self, caller: Caller) -> Success[FolderList]:
        """List all folders by name."""
        answer = await self._backends.ask(
            self._service.ListFolders, library_pb2.ListFoldersRequest(), caller
        )
        data = FolderList(folders=[_folder(one) for one in answer.folders])
        return Success[FolderList].of(data, "Folders retrieved")

    async def create_folder(self, caller: Caller, body: FolderBody) -> Success[FolderData]:
        """Create a folder, at the top or in a folder at the top."""
        answer = await self._backends.ask(
            self._service.CreateFolder,
            library_pb2.CreateFolderRequest(name=body.name, parent_id=body.parent_id),
            caller,
        )
        return Success[FolderData].of(_folder(answer.folder), "Folder created")

    async def update_folder(
        self, folder_id: _FolderId, caller: Caller, body: FolderUpdateBody
    ) -> Success[FolderData]:
        """Change the name or the place of a folder."""
        answer = await self._backends.ask(
            self._service.UpdateFolder,
            library_pb2.UpdateFolderRequest(
                folder_id=folder_id, name=body.name, parent_id=body.parent_id
            ),
            caller,
        )
        return Success[FolderData].of(_folder(answer.folder), "Folder updated")

    async def delete_folder(self, folder_id: _FolderId, caller: Caller) -> Success[DeletedFolder]:
        """Delete a folder. Its transcriptions and folders move up to the place where it was."""
        request = library_pb2.DeleteFolderRequest(folder_id=folder_id)
        await self._backends.ask(self._service.DeleteFolder, request, caller)
        return Success[DeletedFolder].of(DeletedFolder(folder_id=folder_id), "Folder deleted")


def _folder(folder: library_pb2.Folder) -> FolderData:
    return FolderData(
        folder_id=folder.folder_id,
        name=folder.name,
        parent_id=folder.parent_id or None,
        transcription_count=folder.transcription_count,
    )
