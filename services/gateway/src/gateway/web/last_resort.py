"""What becomes of exceptions that nobody expected."""

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import logging
from gateway.web.problems import unexpected

_log = logging.get(__name__)


class LastResort:
    """Answers instead of an application that breaks.

    Stands inside the layers that complete answers, so that this one has their headers too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; one whose answer has begun cannot be helped and breaks off."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            raise
        except Exception as error:
            if begun:
                raise
            _log.error("request failed unexpectedly", exc_info=error)
            await unexpected()(scope, receive, send)
