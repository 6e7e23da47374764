"""The web interface: its page at every address that it knows, and its compressed assets."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from common.errors import NotFoundError
from gateway.web.security_headers import STRICT

#: Addresses that the page itself resolves, as `routeOf` of the web interface does.
ADDRESSES = (
    "/",
    "/t/{transcription_id:int}",
    "/record",
    "/people",
    "/vocabulary",
    "/queue",
    "/session",
    "/account",
    "/workspace",
    "/webhooks",
    "/users",
    "/audit",
    "/with-me",
    "/with-me/{transcription_id:int}",
    "/setup",
    "/reset",
    "/system",
)
#: The page behind a link. It fetches the sound itself, since its session is in no cookie.
_SHARED = "/shared"
_SHARED_POLICY = f"{STRICT}; media-src 'self' blob:"
_ASSETS = "/app/{name:path}"
_BUILT = Path(str(files("gateway").joinpath("static", "app")))
_PAGE = "index.html"
#: Names of assets change with their content.
_FOREVER = "public, max-age=31536000, immutable"
#: Encodings in order of preference, with the endings of compressed files.
_ENCODINGS = {"br": ".br", "gzip": ".gz"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file with its compressed copies by encoding."""

    path: Path
    compressed: Mapping[str, Path]


class WebApp:
    """Serves the built web interface."""

    def __init__(self, directory: Path = _BUILT) -> None:
        """Read the names of all files, so that no other file can be asked for."""
        self._page = (directory / _PAGE).read_text(encoding="utf-8")
        self._assets = {
            path.relative_to(directory).as_posix(): _asset(path)
            for path in directory.rglob("*")
            if path.is_file() and path.suffix not in _ENCODINGS.values() and path.name != _PAGE
        }

    @staticmethod
    def is_built(directory: Path = _BUILT) -> bool:
        """Return whether the web interface has been built."""
        return (directory / _PAGE).is_file()

    def add_to(self, app: FastAPI) -> None:
        """Register the routes."""
        for address in ADDRESSES:
            app.add_api_route(address, self._show, methods=["GET"], include_in_schema=False)
        app.add_api_route(_SHARED, self._show_shared, methods=["GET"], include_in_schema=False)
        app.add_api_route(_ASSETS, self._send, methods=["GET"], include_in_schema=False)

    async def _show(self) -> Response:
        return HTMLResponse(self._page, headers={"Cache-Control": "no-cache"})

    async def _show_shared(self) -> Response:
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _SHARED_POLICY}
        return HTMLResponse(self._page, headers=headers)

    async def _send(self, name: str, request: Request) -> Response:
        asset = self._assets.get(name)
        if asset is None:
            raise NotFoundError("There is no such file.")
        headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
        path = asset.path
        encoding = _chosen(request.headers.get("accept-encoding", ""), asset.compressed)
        if encoding is not None:
            headers["Content-Encoding"] = encoding
            path = asset.compressed[encoding]
        if not path.is_file():
            # The interface was built again since the names were read.
            raise NotFoundError("There is no such file any more. Load the page again.")
        return FileResponse(path, media_type=_type(asset.path), headers=headers)


def _asset(path: Path) -> Asset:
    copies = {
        encoding: path.with_name(path.name + ending) for encoding, ending in _ENCODINGS.items()
    }
    return Asset(
        path=path, compressed={name: copy for name, copy in copies.items() if copy.is_file()}
    )


def _chosen(accepted: str, compressed: Mapping[str, Path]) -> str | None:
    """Return the best encoding accepted by a browser."""
    names = set()
    for one in accepted.split(","):
        name, _, quality = one.partition(";")
        if quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
            names.add(name.strip().lower())
    return next((name for name in compressed if name in names), None)


def _type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
