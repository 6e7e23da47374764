"""Endpoints of shares and links of transcriptions."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from common import rights
from common.errors import ValidationError
from common.identity import Grant
from common.rights import Right
from gateway.api.parameters import MAX_ID, MAX_OFFSET, Caller, Text, TranscriptionId
from gateway.api.sharing_models import (
    CreatedLinkData,
    LinkBody,
    LinkData,
    LinkUseData,
    OpenBody,
    OpenedLinkData,
    RevokedData,
    ShareBody,
    ShareData,
    SharedItem,
)
from gateway.backends import Backends
from gateway.sessions.registry import MAX_USER_AGENT
from gateway.sharing.grantees import Grantees
from gateway.sharing.opening import LinkOpener
from gateway.web import credentials
from gateway.web.callers import client_address
from gateway.web.credentials import Source
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.rate_limits import OPEN_LINK_PATH
from securetranscribe.v1 import sharing_pb2

_TAG = "Sharing"
_SHARES = "/transcriptions/{transcription_id}/shares"
_LINKS = "/transcriptions/{transcription_id}/links"
_PAGE = "/shared"
ShareId = Annotated[int, Path(ge=1, le=MAX_ID, description="ID of the share.")]
LinkId = Annotated[Text, Path(max_length=64, description="ID of the link.")]


class SharingApi:
    """Shares and links of transcriptions."""

    def __init__(
        self, backends: Backends, grantees: Grantees, opener: LinkOpener, *, accounts: bool
    ) -> None:
        """With `accounts`, workspaces have to be known here."""
        self._backends = backends
        self._service = backends.sharing
        self._grantees = grantees
        self._opener = opener
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path=_SHARES,
                handler=self.list_shares,
                summary="List shares",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path=_SHARES,
                handler=self.share_transcription,
                summary="Share transcription",
                tag=_TAG,
                status=201,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path=f"{_SHARES}/{{share_id}}",
                handler=self.revoke_share,
                summary="End share",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="GET",
                path=_LINKS,
                handler=self.list_links,
                summary="List links",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path=_LINKS,
                handler=self.create_link,
                summary="Create link",
                tag=_TAG,
                status=201,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path=f"{_LINKS}/{{link_id}}",
                handler=self.revoke_link,
                summary="Revoke link",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="GET",
                path=f"{_LINKS}/{{link_id}}/uses",
                handler=self.list_link_uses,
                summary="List uses of a link",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="GET",
                path="/shared",
                handler=self.list_shared_with_me,
                summary="List transcriptions of others",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path=OPEN_LINK_PATH,
                handler=self.open_link,
                summary="Open link",
                tag=_TAG,
                status=201,
                errors=(404,),
            ),
        ]

    async def list_shares(
        self, transcription_id: TranscriptionId, caller: Caller
    ) -> Success[list[ShareData]]:
        """List with whom a transcription is shared."""
        answer = await self._backends.ask(
            self._service.ListShares,
            sharing_pb2.ListSharesRequest(transcription_id=transcription_id),
            caller,
        )
        names = await self._grantees.names(
            [share.user_id or share.workspace_id for share in answer.shares]
        )
        data = [
            ShareData.of(share, names.get(share.user_id or share.workspace_id))
            for share in answer.shares
        ]
        return Success[list[ShareData]].of(data, "Shares retrieved")

    async def share_transcription(
        self, transcription_id: TranscriptionId, caller: Caller, body: ShareBody
    ) -> Success[ShareData]:
        """Share a transcription with a user or a workspace. Sharing it again changes the role."""
        if (body.user is None) == (body.workspace_id is None):
            raise ValidationError.of("user", "Name either a user or a workspace.")
        # Whoever may not share learns no names. The transcriber refuses, and records it.
        permitted = rights.allows(Grant.copy(caller), Right.CHANGE, caller.workspace_id)
        user_id = await self._grantees.user_id(body.user) if body.user and permitted else ""
        workspace_id = body.workspace_id or ""
        if workspace_id and self._accounts and permitted:
            workspace_id = await self._grantees.workspace_id(workspace_id)
        request = sharing_pb2.ShareTranscriptionRequest(
            transcription_id=transcription_id, role=body.role_message()
        )
        if user_id:
            request.user_id = user_id
        else:
            request.workspace_id = workspace_id
        answer = await self._backends.ask(self._service.ShareTranscription, request, caller)
        names = await self._grantees.names([user_id or workspace_id])
        data = ShareData.of(answer.share, names.get(user_id or workspace_id))
        return Success[ShareData].of(data, "Transcription shared")

    async def revoke_share(
        self, transcription_id: TranscriptionId, share_id: ShareId, caller: Caller
    ) -> Success[RevokedData]:
        """End a share. It takes effect within a second."""
        await self._backends.ask(
            self._service.RevokeShare,
            sharing_pb2.RevokeShareRequest(transcription_id=transcription_id, share_id=share_id),
            caller,
        )
        data = RevokedData(message="Share ended", transcription_id=transcription_id)
        return Success[RevokedData].of(data, "Share ended")

    async def list_links(
        self, transcription_id: TranscriptionId, caller: Caller
    ) -> Success[list[LinkData]]:
        """List the links to a transcription, newest first, those that have ended too."""
        answer = await self._backends.ask(
            self._service.ListLinks,
            sharing_pb2.ListLinksRequest(transcription_id=transcription_id),
            caller,
        )
        data = [LinkData.of(link) for link in answer.links]
        return Success[list[LinkData]].of(data, "Links retrieved")

    async def create_link(
        self, transcription_id: TranscriptionId, caller: Caller, body: LinkBody | None = None
    ) -> Success[CreatedLinkData]:
        """Create a link to a transcription. Whoever opens it may read and export."""
        request = (body or LinkBody()).request(transcription_id)
        answer = await self._backends.ask(self._service.CreateLink, request, caller)
        data = CreatedLinkData(
            **LinkData.of(answer.link).model_dump(),
            token=answer.token,
            path=f"{_PAGE}#{answer.token}",
        )
        return Success[CreatedLinkData].of(data, "Link created")

    async def revoke_link(
        self, transcription_id: TranscriptionId, link_id: LinkId, caller: Caller
    ) -> Success[RevokedData]:
        """End a link, for those who have opened it too. It takes effect within a second."""
        await self._backends.ask(
            self._service.RevokeLink,
            sharing_pb2.RevokeLinkRequest(transcription_id=transcription_id, link_id=link_id),
            caller,
        )
        data = RevokedData(message="Link revoked", transcription_id=transcription_id)
        return Success[RevokedData].of(data, "Link revoked")

    async def list_link_uses(
        self,
        transcription_id: TranscriptionId,
        link_id: LinkId,
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Success[list[LinkUseData]]:
        """List attempts to open a link, latest first. The last 1000 are kept."""
        answer = await self._backends.ask(
            self._service.ListLinkUses,
            sharing_pb2.ListLinkUsesRequest(
                transcription_id=transcription_id, link_id=link_id, limit=limit
            ),
            caller,
        )
        data = [LinkUseData.of(use) for use in answer.uses]
        return Success[list[LinkUseData]].of(data, "Uses retrieved")

    async def list_shared_with_me(
        self,
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    ) -> Success[list[SharedItem]]:
        """List transcriptions of others that the caller can reach, the latest shared first."""
        answer = await self._backends.ask(
            self._service.ListSharedWithMe,
            sharing_pb2.ListSharedWithMeRequest(limit=limit, offset=offset),
            caller,
        )
        data = [SharedItem.of(shared) for shared in answer.shared]
        return Success[list[SharedItem]].of(data, "Shared transcriptions retrieved")

    async def open_link(
        self, request: Request, response: Response, body: OpenBody
    ) -> Success[OpenedLinkData]:
        """Open a link. Returns a session that reaches its transcription and nothing else.

        Its cookie is set unless the request has a session cookie, whose session would be lost.
        """
        opened = await self._opener.open(
            body.token,
            body.password or "",
            agent=request.headers.get("user-agent", "")[:MAX_USER_AGENT],
            address=client_address(request.scope),
        )
        if credentials.read(request.headers).source is not Source.COOKIE:
            secure = request.url.scheme == "https"
            credentials.set_cookie(response, opened.token, secure=secure)
        data = OpenedLinkData(
            session_id=opened.session.session_id,
            session_token=opened.token,
            transcription_id=opened.transcription_id,
            expires_at=opened.session.ends_at or opened.session.expires_at,
        )
        return Success[OpenedLinkData].of(data, "Link opened")
