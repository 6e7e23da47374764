"""A key service for tests, which speaks the protocol of docs/encryption.md."""

import base64
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from common.encryption import wrapping
from common.encryption.wrapping import WrongKeyError


@dataclass
class KeyServer:
    """Keys by name. `refusing` ones unwrap nothing."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    keys: dict[str, bytes] = field(
        default_factory=lambda: {name: wrapping.new_key() for name in ("first", "second")}
    )
    current: str = "first"
    refusing: bool = False
    contexts: list[str] = field(default_factory=list)
    url: str = ""

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator["KeyServer"]:
        server = cls()
        application = web.Application()
        application.add_routes(
            [
                web.get("/keys/key", server._key),
                web.post("/keys/wrap", server._wrap),
                web.post("/keys/unwrap", server._unwrap),
            ]
        )
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address: Any = runner.addresses[0]
        server.url = f"http://127.0.0.1:{address[1]}/keys"
        try:
            yield server
        finally:
            await runner.cleanup()

    async def _body(self, request: web.Request) -> Any:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise web.HTTPUnauthorized
        body = await request.json() if request.can_read_body else {}
        if "context" in body:
            self.contexts.append(body["context"])
        return body

    async def _key(self, request: web.Request) -> web.Response:
        await self._body(request)
        return web.json_response({"key": self.current})

    async def _wrap(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        secret = base64.b64decode(body["plaintext"])
        wrapped = wrapping.wrap(self.keys[self.current], secret, body["context"])
        return web.json_response(
            {"key": self.current, "ciphertext": base64.b64encode(wrapped).decode()}
        )

    async def _unwrap(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        wrapped = base64.b64decode(body["ciphertext"])
        try:
            if self.refusing:
                raise WrongKeyError
            secret = wrapping.unwrap(self.keys[body["key"]], wrapped, body["context"])
        except (KeyError, WrongKeyError):
            raise web.HTTPForbidden from None
        return web.json_response({"plaintext": base64.b64encode(secret).decode()})
