"""API documentation with its assets, and a landing page in place of a missing web interface."""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from common.errors import NotFoundError

# Only the bundled files (Swagger UI and ReDoc) of this package are used, not its code.
_ASSET_PACKAGE = "fastapi_offline"
_FROM_PACKAGE = ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js")
_OURS = ("docs.js", "redoc.js", "pages.css", "favicon.svg")
_PAGES = {"/": "index.html", "/docs": "docs.html", "/redoc": "redoc.html"}
_KEPT = "public, max-age=3600"


class Documentation:
    """Serves all pages and assets locally, so that browsers need no other host."""

    def __init__(self) -> None:
        ours = Path(str(files("gateway").joinpath("static")))
        theirs = _asset_directory()
        self._pages = {path: (ours / name).read_text() for path, name in _PAGES.items()}
        self._assets = {name: ours / name for name in _OURS}
        self._assets |= {name: theirs / name for name in _FROM_PACKAGE}

    def add_to(self, app: FastAPI) -> None:
        """Register the routes."""
        for path in self._pages:
            app.add_api_route(path, self._page, methods=["GET"], include_in_schema=False)
        app.add_api_route("/static/{name}", self._asset, methods=["GET"], include_in_schema=False)

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(self._pages[request.scope["path"]])

    async def _asset(self, name: str) -> Response:
        path = self._assets.get(name)
        if path is None:
            raise NotFoundError("There is no such page.")
        return FileResponse(path, headers={"Cache-Control": _KEPT})


def _asset_directory() -> Path:
    spec = find_spec(_ASSET_PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the package {_ASSET_PACKAGE} is not installed")
    return Path(spec.origin).parent / "static"
