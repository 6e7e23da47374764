"""Transcriptions shared with people and by links."""

from typing import Any

from securetranscribe import results
from securetranscribe.methods import flow, operation, record, records
from securetranscribe.steps import Data, Flow, Parts, present

_SHARES = "/transcriptions/{transcription_id}/shares"
_LINKS = "/transcriptions/{transcription_id}/links"


class SharingCalls:
    """Calls about shares and links."""

    @operation("GET", _SHARES, records(results.ShareData))
    def list_shares(self, transcription_id: int) -> Parts:
        """Return with whom a transcription is shared."""
        return Parts()

    @operation("POST", _SHARES, record(results.ShareData))
    def create_share(
        self,
        transcription_id: int,
        *,
        user: str | None = None,
        workspace_id: str | None = None,
        role: str = "viewer",
    ) -> Parts:
        """Share a transcription with a user (name, e-mail address or id) or a workspace."""
        return Parts(json=present(user=user, workspace_id=workspace_id, role=role))

    @operation("DELETE", f"{_SHARES}/{{share_id}}", record(results.RevokedData))
    def delete_share(self, transcription_id: int, share_id: int) -> Parts:
        """End a share."""
        return Parts()

    @operation("GET", _LINKS, records(results.SharingLinkData))
    def list_links(self, transcription_id: int) -> Parts:
        """Return the links of a transcription."""
        return Parts()

    @operation("POST", _LINKS, record(results.CreatedLinkData))
    def create_link(self, /, transcription_id: int, **options: Any) -> Parts:
        """Create a link. Return it with its `token` and `path`, which are shown only here.

        `options` are `name`, `expires_in_days` (7, 0 for never), `password` and `without_audio`.
        """
        return Parts(json=options)

    @operation("DELETE", f"{_LINKS}/{{link_id}}", record(results.RevokedData))
    def revoke_link(self, transcription_id: int, link_id: str) -> Parts:
        """Revoke a link, and end every access by it."""
        return Parts()

    @operation("GET", f"{_LINKS}/{{link_id}}/uses", records(results.LinkUseData))
    def list_link_uses(self, transcription_id: int, link_id: str, *, limit: int = 100) -> Parts:
        """Return who opened a link, the latest first."""
        return Parts(query={"limit": limit})

    @operation("GET", "/shared", records(results.SharedItem))
    def list_shared(self, *, limit: int = 50, offset: int = 0) -> Parts:
        """Return transcriptions that others share with the caller."""
        return Parts(query={"limit": limit, "offset": offset})

    @flow(record(results.OpenedLinkData))
    def open_link(self, token: str, *, password: str | None = None) -> Flow[Data]:
        """Open a link, and use the session that it gives from now on."""
        opened = yield from SharingCalls.request_link.flow(self, token, password=password)
        self.session_token = str(opened["session_token"])
        return opened

    session_token: str | None

    @operation("POST", "/shared/open", record(results.OpenedLinkData))
    def request_link(self, token: str, *, password: str | None = None) -> Parts:
        """Open a link. Return its session, without using it."""
        return Parts(json=present(token=token, password=password))
