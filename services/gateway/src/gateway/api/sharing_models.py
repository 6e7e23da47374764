"""Request and response models of shares and links."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field

from common import times
from common.identity_messages import role_of
from gateway.api import transcription_conversion
from gateway.api.parameters import JsonBody, Text
from gateway.api.transcription_models import TranscriptionItem
from gateway.web.envelope import ApiModel, Moment
from securetranscribe.v1 import identity_pb2, sharing_pb2

ShareRole = Literal["viewer", "commenter", "editor"]
LinkStateWord = Literal["open", "expired", "revoked"]
UseOutcomeWord = Literal[
    "opened", "expired", "revoked", "wrong_password", "too_late", "too_many_attempts"
]
_ROLES: dict[ShareRole, identity_pb2.Role.ValueType] = {
    "viewer": identity_pb2.ROLE_VIEWER,
    "commenter": identity_pb2.ROLE_COMMENTER,
    "editor": identity_pb2.ROLE_EDITOR,
}
_STATES: dict[int, LinkStateWord] = {
    sharing_pb2.LINK_STATE_OPEN: "open",
    sharing_pb2.LINK_STATE_EXPIRED: "expired",
    sharing_pb2.LINK_STATE_REVOKED: "revoked",
}
_OUTCOMES: dict[int, UseOutcomeWord] = {
    sharing_pb2.LINK_USE_OUTCOME_OPENED: "opened",
    sharing_pb2.LINK_USE_OUTCOME_EXPIRED: "expired",
    sharing_pb2.LINK_USE_OUTCOME_REVOKED: "revoked",
    sharing_pb2.LINK_USE_OUTCOME_WRONG_PASSWORD: "wrong_password",  # pragma: allowlist secret
    sharing_pb2.LINK_USE_OUTCOME_TOO_LATE: "too_late",
    sharing_pb2.LINK_USE_OUTCOME_TOO_MANY: "too_many_attempts",
}
_LONGEST_DAYS = 366


class ShareBody(JsonBody):
    """With whom a transcription is shared: a user or a workspace."""

    user: Annotated[Text, Field(min_length=1, max_length=255)] | None = Field(
        None, description="Identifier, name or e-mail address of a user."
    )
    workspace_id: Annotated[Text, Field(min_length=1, max_length=128)] | None = None
    role: ShareRole = "viewer"

    def role_message(self) -> identity_pb2.Role.ValueType:
        """Return the role as in messages."""
        return _ROLES[self.role]


class ShareData(ApiModel):
    """A transcription shared with a user or a workspace. The other one is null."""

    id: int
    user_id: str | None
    workspace_id: str | None
    name: str | None = Field(description="Name of the user or the workspace, if it has one.")
    role: ShareRole
    created_at: Moment

    @classmethod
    def of(cls, share: sharing_pb2.Share, name: str | None) -> Self:
        """Convert a share."""
        return cls(
            id=share.share_id,
            user_id=share.user_id or None,
            workspace_id=share.workspace_id or None,
            name=name,
            role=_word(share.role),
            created_at=times.moment(share.create_time),
        )


class LinkBody(JsonBody):
    """A new link. `0` days are for a link that lasts, which only LINKS_MAY_LAST permits."""

    name: Annotated[Text, Field(max_length=100)] = ""
    expires_in_days: Annotated[float, Field(ge=0, le=_LONGEST_DAYS, allow_inf_nan=False)] = 7
    password: Annotated[Text, Field(max_length=256)] | None = None
    without_audio: bool = False

    def request(self, transcription_id: int) -> sharing_pb2.CreateLinkRequest:
        """Return the request that creates it."""
        return sharing_pb2.CreateLinkRequest(
            transcription_id=transcription_id,
            name=self.name,
            lifetime=times.duration(self.expires_in_days * 86_400),
            password=self.password or "",
            without_audio=self.without_audio,
        )


class LinkData(ApiModel):
    """A link to a transcription."""

    id: str
    name: str | None
    state: LinkStateWord
    password_required: bool
    without_audio: bool
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    use_count: int

    @classmethod
    def of(cls, link: sharing_pb2.Link) -> Self:
        """Convert a link."""
        return cls(
            id=link.link_id,
            name=link.name or None,
            state=_STATES[link.state],
            password_required=link.password_required,
            without_audio=link.without_audio,
            created_at=times.moment(link.create_time),
            expires_at=_maybe(link, "expire_time"),
            revoked_at=_maybe(link, "revoke_time"),
            use_count=link.use_count,
        )


class CreatedLinkData(LinkData):
    """A new link with its token, which is returned only here."""

    token: str
    path: str = Field(
        description="Path of the page that opens it. The token is behind a `#`, so that no server "
        "logs it."
    )


class LinkUseData(ApiModel):
    """An attempt to open a link."""

    used_at: Moment
    address: str
    outcome: UseOutcomeWord
    ended_at: Moment | None = Field(description="When the access ended, if it did.")

    @classmethod
    def of(cls, use: sharing_pb2.LinkUse) -> Self:
        """Convert a use."""
        return cls(
            used_at=times.moment(use.time),
            address=use.address,
            outcome=_OUTCOMES[use.outcome],
            ended_at=_maybe(use, "end_time"),
        )


class RevokedData(ApiModel):
    """Confirmation that a share or a link has ended."""

    message: str
    transcription_id: int


class SharedItem(TranscriptionItem):
    """A transcription of others."""

    role: ShareRole
    without_audio: bool
    shared_at: Moment
    access_ends_at: Moment | None

    @classmethod
    def of(cls, shared: sharing_pb2.SharedTranscription) -> Self:
        """Convert a shared transcription."""
        return cls(
            **transcription_conversion.item(shared.transcription).model_dump(),
            role=_word(shared.role),
            without_audio=shared.without_audio,
            shared_at=times.moment(shared.share_time),
            access_ends_at=_maybe(shared, "expire_time"),
        )


class OpenBody(JsonBody):
    """The token of a link, and its password if it has one."""

    token: Annotated[Text, Field(min_length=1, max_length=64)]
    password: Annotated[Text, Field(max_length=256)] | None = None


class OpenedLinkData(ApiModel):
    """The session of an opened link. Its token is returned only here."""

    session_id: str
    session_token: str
    transcription_id: int
    expires_at: Moment


def _word(role: int) -> ShareRole:
    found = role_of(role)
    # A share never gives more than the editor's role.
    return (
        next((word for word, value in _ROLES.items() if value == role), "editor")
        if found
        else ("viewer")
    )


def _maybe(
    message: sharing_pb2.Link | sharing_pb2.LinkUse | sharing_pb2.SharedTranscription, field: str
) -> dt.datetime | None:
    return times.moment(getattr(message, field)) if message.HasField(field) else None  # type: ignore[arg-type]
