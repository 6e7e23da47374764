"""Fake sharing service over real gRPC, with shares and links in memory."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from common import times
from common.errors import AuthorizationError, NotFoundError
from securetranscribe.v1 import identity_pb2, sharing_pb2, sharing_pb2_grpc, transcription_pb2
from tests.integration.gateway.sounds import BEGUN

TOKEN = "t" * 43
PASSWORD = "correct horse"


@dataclass
class FakeSharing(sharing_pb2_grpc.SharingServiceServicer):
    """Shares and links in dictionaries, of any transcription."""

    shares: dict[int, sharing_pb2.Share] = field(default_factory=dict)
    links: dict[str, sharing_pb2.Link] = field(default_factory=dict)
    created: list[sharing_pb2.CreateLinkRequest] = field(default_factory=list)
    shared: list[sharing_pb2.SharedTranscription] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def ShareTranscription(self, request: Any, context: Any) -> Any:
        share = sharing_pb2.Share(
            share_id=next(self._numbers),
            transcription_id=request.transcription_id,
            user_id=request.user_id,
            workspace_id=request.workspace_id,
            role=request.role,
            create_time=times.timestamp(BEGUN),
        )
        self.shares[share.share_id] = share
        return sharing_pb2.ShareTranscriptionResponse(share=share)

    async def ListShares(self, request: Any, context: Any) -> Any:
        return sharing_pb2.ListSharesResponse(shares=list(self.shares.values()))

    async def RevokeShare(self, request: Any, context: Any) -> Any:
        self.shares.pop(request.share_id, None)
        return sharing_pb2.RevokeShareResponse()

    async def CreateLink(self, request: Any, context: Any) -> Any:
        self.created.append(request)
        link = sharing_pb2.Link(
            link_id=f"link_{next(self._numbers)}",
            transcription_id=request.transcription_id,
            name=request.name,
            password_required=bool(request.password),
            without_audio=request.without_audio,
            state=sharing_pb2.LINK_STATE_OPEN,
            create_time=times.timestamp(BEGUN),
        )
        self.links[link.link_id] = link
        return sharing_pb2.CreateLinkResponse(link=link, token=TOKEN)

    async def ListLinks(self, request: Any, context: Any) -> Any:
        return sharing_pb2.ListLinksResponse(links=list(self.links.values()))

    async def RevokeLink(self, request: Any, context: Any) -> Any:
        link = self.links.get(request.link_id)
        if link is None:
            raise NotFoundError("There is no such link.")
        link.state = sharing_pb2.LINK_STATE_REVOKED
        link.revoke_time.FromDatetime(BEGUN)
        return sharing_pb2.RevokeLinkResponse()

    async def ListLinkUses(self, request: Any, context: Any) -> Any:
        use = sharing_pb2.LinkUse(
            time=times.timestamp(BEGUN),
            address="192.0.2.1",
            outcome=sharing_pb2.LINK_USE_OUTCOME_TOO_MANY,
        )
        return sharing_pb2.ListLinkUsesResponse(uses=[use] * min(request.limit, 2))

    async def ListSharedWithMe(self, request: Any, context: Any) -> Any:
        return sharing_pb2.ListSharedWithMeResponse(shared=self.shared, total=len(self.shared))

    async def ForgetGrantee(self, request: Any, context: Any) -> Any:
        self.forgotten.append(request.user_id)
        return sharing_pb2.ForgetGranteeResponse()

    async def CheckLink(self, request: Any, context: Any) -> Any:
        if request.token != TOKEN:
            raise NotFoundError("There is no such link, or it has ended.")
        if request.password != PASSWORD:
            raise AuthorizationError("This link has a password.", {"reason": "PASSWORD_REQUIRED"})
        return sharing_pb2.CheckLinkResponse(
            link_id="link_1",
            transcription_id=7,
            expire_time=times.timestamp(BEGUN.replace(year=2099)),
        )


def shared_item(transcription_id: int) -> sharing_pb2.SharedTranscription:
    """Return a transcription that others share."""
    return sharing_pb2.SharedTranscription(
        transcription=transcription_pb2.Transcription(
            transcription_id=transcription_id,
            title="Talk",
            status=transcription_pb2.TRANSCRIPTION_STATUS_PENDING,
            create_time=times.timestamp(BEGUN),
            file=transcription_pb2.AudioFile(filename="talk.wav", format="wav"),
        ),
        role=identity_pb2.ROLE_COMMENTER,
        share_time=times.timestamp(BEGUN),
    )
