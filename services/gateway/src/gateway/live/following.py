"""WebSocket of followers: the text of a live session for whoever may read its transcription."""

from common.errors import ValidationError
from common.rate_limits import Group
from common.rights import Right
from gateway.live import recognition_messages as recognition
from gateway.live.connection import LiveCall, LiveConnections, LiveStream, race
from gateway.live.send_queue import Closing
from gateway.sessions.session import Session


class FollowSocket(LiveConnections):
    """ASGI application of the WebSocket of followers, which also openers of links may use.

    The transcriber decides on the access, and checks it again all the time.
    """

    right = Right.READ
    links = True
    group = Group.STATUS

    async def relayed(self, stream: LiveStream, session: Session) -> Closing | None:
        """Send the text of the session that the address names."""
        request = recognition.follow(stream.query)
        call = LiveCall(self.backends.follow_live(request, session))
        try:
            return await race(stream.relay(call), _reading(stream))
        finally:
            call.cancel()


async def _reading(stream: LiveStream) -> None:
    """Read until the client disconnects.

    Raises:
        ValidationError: it has sent something else than a ping.
    """
    async for _ in stream.received():
        raise ValidationError.of("type", "Followers can only send ping.")
