"""uvicorn inside a process that has its own signals, its own loop and a second server."""

import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from common import logging as structured
from common.errors import UnavailableError
from gateway.settings import GatewaySettings

_MAX_MESSAGE_BYTES = 64 * 1024
_PING_SECONDS = 20.0
_BACKLOG = 2048
_log = structured.get(__name__)


class HttpServer:
    """Listens for HTTP and WebSocket. Bound before it serves, so that a taken port is told."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self._address = (settings.host, settings.port)
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=_MAX_MESSAGE_BYTES,
            ws_ping_interval=_PING_SECONDS,
            ws_ping_timeout=_PING_SECONDS,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=list(settings.trusted_proxies),
            ssl_certfile=settings.ssl_cert_path,
            ssl_keyfile=settings.ssl_key_path,
            timeout_graceful_shutdown=max(1, int(settings.shutdown_grace_seconds)),
            timeout_keep_alive=65,
        )
        self._server = _Server(config)
        self._socket: socket.socket | None = None
        self.port = 0
        # uvicorn and websockets log request lines with their headers and queries.
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "websockets"):
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger("uvicorn.error").addFilter(_is_news)

    def bind(self) -> None:
        """Takes the port.

        Raises:
            UnavailableError: it cannot be had.
        """
        host, port = self._address
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise UnavailableError(
                f"Cannot listen on {host} port {port}: {error.strerror}; set HOST and PORT."
            ) from error
        self.port = self._socket.getsockname()[1]

    async def serve(self) -> None:
        """Serves until `stop`, then lets requests in flight end within the grace."""
        assert self._socket is not None
        _log.info("listening for HTTP", host=self._address[0], port=self.port)
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Takes no new connection and makes `serve` return."""
        self._server.should_exit = True


def _is_news(record: logging.LogRecord) -> bool:
    # uvicorn takes a refused handshake for one that the application has forgotten.
    return "without completing handshake" not in record.getMessage()


class _Server(uvicorn.Server):
    """Signals belong to the process's supervisor."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
