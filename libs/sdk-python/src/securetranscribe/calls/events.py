"""Events of the WebSocket."""

from typing import Any

from securetranscribe.calls.sessions import SessionCalls
from securetranscribe.methods import listing
from securetranscribe.steps import Flow, Items, NextEvent

_OPEN_SECONDS, _LOST_SECONDS = 60.0, 30.0


class EventCalls:
    """Calls about events."""

    session_token: str | None

    @listing(dict[str, Any])
    def events(self) -> Flow[None]:
        """Yield the events of the session as they come, with their `type` and `data`.

        A lost connection is made again, and events in between are lost. An event of the type
        `state` has `open`, `lost` or `ended` as its data. After `open`, read the state again.
        The iterator ends with the session.
        """
        if self.session_token is None:
            yield from SessionCalls.get_session.flow(self)
        while True:
            event = yield NextEvent(open_seconds=_OPEN_SECONDS, lost_seconds=_LOST_SECONDS)
            if event is not None:
                yield Items(items=[event])
                if event == {"type": "state", "data": "ended"}:
                    return
