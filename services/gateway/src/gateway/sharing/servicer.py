"""LinkService: opening of links by native clients."""

from typing import Any

from common import addresses
from common.auth import Access
from common.grpc_server import method_names
from common.rate_limits import Group, RateLimits
from common.times import timestamp
from gateway.sharing.opening import LinkOpener
from securetranscribe.v1 import sharing_pb2, sharing_pb2_grpc

SERVICE = "securetranscribe.v1.LinkService"
ACCESS = dict.fromkeys(method_names("LinkService", ["OpenLink"]), Access.ENDED_SESSION)


class LinkServicer(sharing_pb2_grpc.LinkServiceServicer):
    """Serves LinkService. Calls need no session, and are limited per client address."""

    def __init__(self, opener: LinkOpener, limits: RateLimits) -> None:
        self._opener = opener
        self._limits = limits

    async def OpenLink(
        self, request: sharing_pb2.OpenLinkRequest, _context: Any
    ) -> sharing_pb2.OpenLinkResponse:
        """Open a link."""
        address = addresses.current_address()
        await self._limits.enforce_address(Group.SESSION, address)
        opened = await self._opener.open(request.token, request.password, agent="", address=address)
        return sharing_pb2.OpenLinkResponse(
            session_id=opened.session.session_id,
            session_token=opened.token,
            expire_time=timestamp(opened.session.ends_at),
            transcription_id=opened.transcription_id,
        )
