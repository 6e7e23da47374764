"""SharingService: shares and links of transcriptions."""

import datetime as dt
from typing import Any

from common import identity, times
from common.auth import Access
from common.errors import AuthenticationError, ValidationError
from common.grpc_server import method_names
from common.identity_messages import role_message, role_of
from common.postgres import Database
from common.times import timestamp
from securetranscribe.v1 import sharing_pb2, sharing_pb2_grpc
from transcriber.api import requests, responses
from transcriber.domain.retention import Retention
from transcriber.sharing.access import role_in
from transcriber.sharing.links import DEFAULT_LIFETIME, LinkRequest, TranscriptionLinks
from transcriber.sharing.shares import TranscriptionShares
from transcriber.store.links import Link, LinkUse, UseOutcome
from transcriber.store.shares import Share, SharedWithMe, Shares
from transcriber.store.transcriptions import Transcriptions

#: Methods reserved for other services. All others require a session.
ACCESS = dict.fromkeys(
    method_names("SharingService", ["CheckLink", "ForgetGrantee"]), Access.SERVICE
)
_MOST_USES, _DEFAULT_USES = 1000, 100
_MOST_SHARED, _DEFAULT_SHARED = 200, 50
_OUTCOMES = {
    UseOutcome.OPENED: sharing_pb2.LINK_USE_OUTCOME_OPENED,
    UseOutcome.EXPIRED: sharing_pb2.LINK_USE_OUTCOME_EXPIRED,
    UseOutcome.REVOKED: sharing_pb2.LINK_USE_OUTCOME_REVOKED,
    UseOutcome.WRONG_PASSWORD: sharing_pb2.LINK_USE_OUTCOME_WRONG_PASSWORD,
    UseOutcome.TOO_LATE: sharing_pb2.LINK_USE_OUTCOME_TOO_LATE,
    UseOutcome.TOO_MANY: sharing_pb2.LINK_USE_OUTCOME_TOO_MANY,
}


class SharingServicer(sharing_pb2_grpc.SharingServiceServicer):
    """Serves SharingService."""

    def __init__(
        self,
        database: Database,
        shares: TranscriptionShares,
        links: TranscriptionLinks,
        retention: Retention,
    ) -> None:
        self._database = database
        self._shares = shares
        self._links = links
        self._retention = retention

    async def ShareTranscription(
        self, request: sharing_pb2.ShareTranscriptionRequest, _context: Any
    ) -> sharing_pb2.ShareTranscriptionResponse:
        """Share a transcription, or change the role of a share."""
        share = await self._shares.share(
            request.transcription_id,
            user_id=request.user_id,
            workspace_id=request.workspace_id,
            role=role_of(request.role),
        )
        return sharing_pb2.ShareTranscriptionResponse(share=_share(share))

    async def ListShares(
        self, request: sharing_pb2.ListSharesRequest, _context: Any
    ) -> sharing_pb2.ListSharesResponse:
        """List the shares of a transcription."""
        found = await self._shares.all(request.transcription_id)
        return sharing_pb2.ListSharesResponse(shares=map(_share, found))

    async def RevokeShare(
        self, request: sharing_pb2.RevokeShareRequest, _context: Any
    ) -> sharing_pb2.RevokeShareResponse:
        """End a share."""
        await self._shares.revoke(request.transcription_id, request.share_id)
        return sharing_pb2.RevokeShareResponse()

    async def CreateLink(
        self, request: sharing_pb2.CreateLinkRequest, _context: Any
    ) -> sharing_pb2.CreateLinkResponse:
        """Create a link."""
        wanted = LinkRequest(
            name=request.name,
            lifetime=times.timedelta(request.lifetime)
            if request.HasField("lifetime")
            else DEFAULT_LIFETIME,
            password=request.password,
            without_audio=request.without_audio,
        )
        link, token = await self._links.create(request.transcription_id, wanted)
        return sharing_pb2.CreateLinkResponse(link=_link(link), token=token)

    async def ListLinks(
        self, request: sharing_pb2.ListLinksRequest, _context: Any
    ) -> sharing_pb2.ListLinksResponse:
        """List the links to a transcription."""
        found = await self._links.all(request.transcription_id)
        return sharing_pb2.ListLinksResponse(links=map(_link, found))

    async def RevokeLink(
        self, request: sharing_pb2.RevokeLinkRequest, _context: Any
    ) -> sharing_pb2.RevokeLinkResponse:
        """End a link."""
        await self._links.revoke(request.transcription_id, request.link_id)
        return sharing_pb2.RevokeLinkResponse()

    async def ListLinkUses(
        self, request: sharing_pb2.ListLinkUsesRequest, _context: Any
    ) -> sharing_pb2.ListLinkUsesResponse:
        """List the uses of a link."""
        if not 0 <= request.limit <= _MOST_USES:
            raise ValidationError.of("limit", f"limit must be from 1 to {_MOST_USES}.")
        found = await self._links.uses(
            request.transcription_id, request.link_id, request.limit or _DEFAULT_USES
        )
        return sharing_pb2.ListLinkUsesResponse(uses=map(_use, found))

    async def ListSharedWithMe(
        self, request: sharing_pb2.ListSharedWithMeRequest, _context: Any
    ) -> sharing_pb2.ListSharedWithMeResponse:
        """List the transcriptions of others within the caller's reach."""
        caller = identity.current()
        if not caller.session_id:
            raise AuthenticationError("A session is required.")
        limit, offset = requests.page(request.limit, request.offset)
        if limit > _MOST_SHARED:
            raise ValidationError.of("limit", f"limit must be from 1 to {_MOST_SHARED}.")
        async with self._database.transaction() as connection:
            shared, total = await Shares(connection).with_me(
                workspace_id=caller.workspace_id if caller.own_role is not None else "",
                user_id=caller.user_id,
                link_id=caller.link_id,
                limit=request.limit or _DEFAULT_SHARED,
                offset=offset,
            )
            ids = [item.transcription_id for item in shared]
            found = {item.id: item for item in await Transcriptions(connection).get_all(ids)}
        now = dt.datetime.now(dt.UTC)
        return sharing_pb2.ListSharedWithMeResponse(
            shared=[
                _shared(
                    item,
                    responses.shared(
                        responses.transcription(found[item.transcription_id], now, self._retention)
                    ),
                    caller,
                )
                for item in shared
                if item.transcription_id in found
            ],
            total=total,
        )

    async def CheckLink(
        self, request: sharing_pb2.CheckLinkRequest, _context: Any
    ) -> sharing_pb2.CheckLinkResponse:
        """Check the token and the password of a link, for the gateway."""
        opened = await self._links.open(request.token, request.password)
        return sharing_pb2.CheckLinkResponse(
            link_id=opened.link.link_id,
            transcription_id=opened.link.transcription_id,
            expire_time=timestamp(opened.until),
        )

    async def ForgetGrantee(
        self, request: sharing_pb2.ForgetGranteeRequest, _context: Any
    ) -> sharing_pb2.ForgetGranteeResponse:
        """Forget the shares with a user or a workspace, for the gateway."""
        ended = await self._shares.forget(
            user_id=request.user_id, workspace_id=request.workspace_id
        )
        return sharing_pb2.ForgetGranteeResponse(shares=ended)


def _share(share: Share) -> sharing_pb2.Share:
    return sharing_pb2.Share(
        share_id=share.share_id,
        transcription_id=share.transcription_id,
        user_id=share.user_id,
        workspace_id=share.workspace_id,
        role=role_message(share.role),
        create_time=timestamp(share.created_at),
    )


def _link(link: Link) -> sharing_pb2.Link:
    state = sharing_pb2.LINK_STATE_OPEN
    if link.revoked_at is not None:
        state = sharing_pb2.LINK_STATE_REVOKED
    elif link.expired:
        state = sharing_pb2.LINK_STATE_EXPIRED
    return sharing_pb2.Link(
        link_id=link.link_id,
        transcription_id=link.transcription_id,
        name=link.name,
        password_required=link.password_hash is not None,
        without_audio=link.without_audio,
        state=state,
        create_time=timestamp(link.created_at),
        expire_time=timestamp(link.expires_at),
        revoke_time=timestamp(link.revoked_at),
        use_count=link.uses,
    )


def _use(use: LinkUse) -> sharing_pb2.LinkUse:
    return sharing_pb2.LinkUse(
        time=timestamp(use.used_at),
        address=use.address,
        outcome=_OUTCOMES[use.outcome],
        end_time=timestamp(use.ended_at),
    )


def _shared(
    item: SharedWithMe, message: Any, caller: identity.Identity
) -> sharing_pb2.SharedTranscription:
    return sharing_pb2.SharedTranscription(
        transcription=message,
        role=role_message(role_in(caller, item.reach)),
        without_audio=item.reach.linked and item.reach.without_audio,
        share_time=timestamp(item.shared_at),
        expire_time=timestamp(item.expires_at),
    )
