"""Certificate of this machine's own authority, for devices to trust."""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, Response

AUTHORITY_PATH = "/local-authority.crt"
_FILE_NAME = "securetranscribe-authority.crt"


class LocalAuthority:
    """Offers the certificate as phones and computers install it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add_to(self, app: FastAPI) -> None:
        """Register the route."""
        app.add_api_route(AUTHORITY_PATH, self._send, methods=["GET"], include_in_schema=False)

    async def _send(self) -> Response:
        return FileResponse(
            self._path,
            media_type="application/x-x509-ca-cert",
            filename=_FILE_NAME,
            headers={"Cache-Control": "no-store"},
        )
