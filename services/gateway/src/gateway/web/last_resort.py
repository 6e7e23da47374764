"""Responses to unexpected exceptions."""

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import logging
from gateway.web.problems import unexpected

_log = logging.get(__name__)


class LastResort:
    """Turns unexpected exceptions into error responses.

    It sits inside the middleware that adds headers, so that these responses have them too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. An exception after the response has started is raised again."""
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
