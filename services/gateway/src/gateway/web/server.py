"""uvicorn as one of several servers in a process, with signals handled elsewhere."""

import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from common import logging as structured
from common.addresses import TrustedProxies
from common.errors import UnavailableError
from gateway.settings import GatewaySettings
from gateway.web.connection import ConnectionLimits, bounded

_MAX_MESSAGE_BYTES = 64 * 1024
_PING_SECONDS = 20.0
_BACKLOG = 2048
_log = structured.get(__name__)


class HttpServer:
    """HTTP and WebSocket server. Binding is separate, so that a port in use is reported early."""

    def __init__(
        self,
        app: ASGIApp,
        settings: GatewaySettings,
        limits: ConnectionLimits | None = None,
        *,
        plain: bool = False,
    ) -> None:
        """Initialize. With `plain`, the port next to HTTPS is served, without TLS."""
        proxies = TrustedProxies(settings.trusted_proxies)
        port = settings.http_redirect_port if plain else settings.port
        self._address = (settings.host, port)
        config = uvicorn.Config(
            app,
            http=bounded(proxies, limits or ConnectionLimits()),  # type: ignore[arg-type]
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
            ssl_certfile=None if plain else settings.ssl_cert_path,
            ssl_keyfile=None if plain else settings.ssl_key_path,
            timeout_graceful_shutdown=max(1, int(settings.shutdown_grace_seconds)),
            timeout_keep_alive=65,
        )
        self._config = config
        self._server = _Server(config)
        self._socket: socket.socket | None = None
        self.port = 0
        # At lower levels, uvicorn and websockets log request lines with headers and queries.
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "websockets"):
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger("uvicorn.error").addFilter(_is_relevant)

    def bind(self) -> None:
        """Bind the port.

        Raises:
            UnavailableError: the port cannot be bound.
        """
        host, port = self._address
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise UnavailableError(
                f"Cannot listen on {host} port {port}: {error.strerror}. Set HOST and PORT."
            ) from error
        self.port = self._socket.getsockname()[1]

    async def serve(self) -> None:
        """Serve until `stop`, then let requests in flight finish within the grace period."""
        assert self._socket is not None
        _log.info("listening for HTTP", host=self._address[0], port=self.port)
        await self._server.serve(sockets=[self._socket])

    def use_certificate(self, certificate: Path, key: Path) -> None:
        """Use a renewed certificate for new connections.

        Raises:
            OSError: a file is missing or invalid (ssl.SSLError), or the key is of another one.
        """
        # Tried first, because a context that rejects a pair is left without its key.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        if self._config.ssl is not None:
            self._config.ssl.load_cert_chain(certificate, key)

    def stop(self) -> None:
        """Stop accepting connections and let `serve` return."""
        self._server.should_exit = True


def _is_relevant(record: logging.LogRecord) -> bool:
    # uvicorn mistakes a rejected handshake for one that the application did not complete.
    return "without completing handshake" not in record.getMessage()


class _Server(uvicorn.Server):
    """Leaves signals to the process's supervisor."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
