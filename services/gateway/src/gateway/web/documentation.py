"""The pages for people: the landing page, and the API documentation with its assets."""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from common.errors import NotFoundError

# The package is used for the files it carries (swagger-ui and ReDoc); its code is not run.
_ASSET_PACKAGE = "fastapi_offline"
_FROM_PACKAGE = ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js")
_OURS = ("docs.js", "redoc.js", "pages.css", "favicon.svg")
_PAGES = {"/": "index.html", "/docs": "docs.html", "/redoc": "redoc.html"}
_KEPT = "public, max-age=3600"


class Documentation:
    """Serves pages and assets from this machine alone."""

    def __init__(self) -> None:
        ours = Path(str(files("gateway").joinpath("static")))
        theirs = _asset_directory()
        self._pages = {path: (ours / name).read_text() for path, name in _PAGES.items()}
        self._assets = {name: ours / name for name in _OURS}
        self._assets |= {name: theirs / name for name in _FROM_PACKAGE}

    def add_to(self, app: FastAPI) -> None:
        """Makes the routes."""
        for path in self._pages:
            app.add_api_route(path, self._page, methods=["GET"], include_in_schema=False)
        app.add_api_route("/static/{name}", self._asset, methods=["GET"], include_in_schema=False)

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(self._pages[request.scope["path"]])

    async def _asset(self, name: str) -> Response:
        path = self._assets.get(name)
        if path is None:
            raise NotFoundError("There is nothing at this address.")
        return FileResponse(path, headers={"Cache-Control": _KEPT})


def _asset_directory() -> Path:
    spec = find_spec(_ASSET_PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the package {_ASSET_PACKAGE} is not installed")
    return Path(spec.origin).parent / "static"
