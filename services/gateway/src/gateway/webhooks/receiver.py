"""Requests to receivers of webhooks, over connections to checked addresses only."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpcore2

from gateway.webhooks.addresses import (
    PermittedNetworks,
    RefusedAddressError,
    parsed_url,
    port_of,
)
from gateway.webhooks.webhook import MAX_ANSWER

TIMEOUT_SECONDS = 10.0
#: Bytes that are read of an answer.
MOST_ANSWER_BYTES = 64 * 1024
_LOOKUPS_AT_ONCE = 64
#: The same for names that are unknown and names that are internal, so that nobody tells them apart.
UNREACHABLE = (
    "The host has no address that webhooks may reach. WEBHOOK_ALLOWED_NETWORKS lists the internal "
    "networks that they may."
)
#: Returns the addresses of a host, from its name and a port.
Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Answer of a receiver. `status` is None without one, and `error` is then the reason."""

    status: int | None = None
    retry_after: str = ""
    body: str = ""
    """The first characters."""

    error: str = ""


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host in order of preference, none for an unknown one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))


class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses only.

    A name is resolved once per connection. If one of its addresses is refused, all are. TLS keeps
    the name.
    """

    def __init__(self, permitted: PermittedNetworks, *, secure: bool, find: Resolve) -> None:
        self._permitted = permitted
        self._secure = secure
        self._resolve = find
        self._inner = httpcore2.AnyIOBackend()
        # Lookups cannot be interrupted. They do not occupy the threads of other work.
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="webhook-names")

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the checked addresses of a host.

        Raises:
            RefusedAddressError: it has none, or one that may not be reached.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._resolve, host, port)
        if not found:
            raise RefusedAddressError
        if not all(self._permitted.admits(one, secure=self._secure) for one in found):
            raise RefusedAddressError
        return found

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - by contract
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first answering address."""
        problem: Exception | None = None
        for address in await self.addresses(host, port):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except httpcore2.ConnectError as error:
                problem = error
        assert problem is not None
        raise problem

    def close(self) -> None:
        """End the threads once their lookups have returned."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Receivers:
    """Sends requests. Redirects are not followed, and answers are read up to a limit."""

    def __init__(
        self,
        permitted: PermittedNetworks,
        *,
        version: str,
        find: Resolve = resolve,
        timeout: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout = timeout
        self._headers = {
            "content-type": "application/json",
            "user-agent": f"SecureTranscribe-Webhooks/{version}",
        }
        self._backends = {
            scheme: CheckedBackend(permitted, secure=scheme == "https", find=find)
            for scheme in ("https", "http")
        }
        tls = tls or ssl.create_default_context()
        # A connection is used once, so that every request has its address checked.
        self._pools = {
            scheme: httpcore2.AsyncConnectionPool(
                ssl_context=tls,
                max_connections=None,
                max_keepalive_connections=0,
                network_backend=backend,
            )
            for scheme, backend in self._backends.items()
        }

    async def check(self, url: str) -> None:
        """Look the host of a URL up.

        Raises:
            ValueError: it cannot be sent to. The message is for its owner.
        """
        parts = parsed_url(url)
        try:
            async with asyncio.timeout(self._timeout):
                await self._backends[parts.scheme].addresses(parts.hostname or "", port_of(parts))
        except (RefusedAddressError, TimeoutError):
            raise ValueError(_refusal(parts.scheme)) from None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body within the time limit. Failures are part of the answer."""
        parts = parsed_url(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {
            "host": parts.netloc,
            **self._headers,
            **headers,
            "content-length": str(len(body)),
        }
        request = httpcore2.Request(
            "POST",
            httpcore2.URL(
                scheme=parts.scheme,
                host=parts.hostname or "",
                port=port_of(parts),
                target=target,
            ),
            headers=list(sent.items()),
            content=body,
        )
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            return await self._exchange(self._pools[parts.scheme], request, deadline)
        except RefusedAddressError:
            return Answer(error=_refusal(parts.scheme))
        except TimeoutError:
            return Answer(error=f"No answer within {self._timeout:.0f} seconds.")
        except ssl.SSLError:
            return Answer(error="The TLS connection failed. Check the certificate.")
        except httpcore2.ConnectError as error:
            return Answer(error=_connect_problem(error))
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
            return Answer(error="The connection broke off, or the answer is not HTTP.")

    async def _exchange(
        self, pool: httpcore2.AsyncConnectionPool, request: httpcore2.Request, deadline: float
    ) -> Answer:
        async with asyncio.timeout_at(deadline):
            response = await pool.handle_async_request(request)
        received = bytearray()
        try:
            # The status counts, also if the rest of the answer never comes.
            with contextlib.suppress(TimeoutError, httpcore2.NetworkError, httpcore2.ProtocolError):
                async with asyncio.timeout_at(deadline):
                    async for part in response.aiter_stream():
                        received += part[: MOST_ANSWER_BYTES - len(received)]
                        if len(received) >= MOST_ANSWER_BYTES:
                            break
        finally:
            await response.aclose()
        told = {name.lower(): value for name, value in response.headers}
        return Answer(
            status=response.status,
            retry_after=told.get(b"retry-after", b"").decode("latin-1"),
            body=_prefix(bytes(received)),
        )

    async def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            await pool.aclose()
        for backend in self._backends.values():
            backend.close()


def _refusal(scheme: str) -> str:
    if scheme == "http":
        return "Use https. WEBHOOK_ALLOWED_NETWORKS lists the networks where http will do."
    return UNREACHABLE


def _connect_problem(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "The TLS connection failed. Check the certificate."
        cause = cause.__cause__ or cause.__context__
    return "The connection was refused, or broke off."


def _prefix(received: bytes) -> str:
    """Return the first characters of an answer, without invisible ones."""
    text = received[: 4 * MAX_ANSWER].decode("utf-8", "replace")
    shown = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(shown.split())[:MAX_ANSWER]
