"""Bodies and response models of accounts, users, workspaces and access tokens."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from gateway.accounts.user import MAX_EMAIL, MAX_NAME
from gateway.api.parameters import JsonBody, Text
from gateway.web.envelope import ApiModel, Moment

RoleWord = Literal["viewer", "editor", "manager"]
ScopeWord = Literal["read", "write", "export", "admin"]
Called = Annotated[Text, Field(min_length=1, max_length=MAX_NAME)]
Email = Annotated[Text, Field(max_length=MAX_EMAIL)]
# Longer than a password may be, so that a limit of attempts is reached before one of the body.
Shown = Annotated[Text, Field(max_length=1024)]
NewPassword = Annotated[
    Text,
    Field(
        max_length=1024,
        description=f"{MIN_LENGTH} to {MAX_LENGTH} characters, with no rules of composition.",
    ),
]


class SignInBody(JsonBody):
    """Name or e-mail address, and password."""

    name: Annotated[Text, Field(min_length=1, max_length=MAX_EMAIL)]
    password: Shown
    claim: bool = Field(
        True,
        description="Whether the workspace of the open session that the request shows becomes the "
        "user's.",
    )


class SetupBody(JsonBody):
    """The first administrator."""

    setup_token: Shown
    name: Called
    password: NewPassword
    display_name: Called | None = None
    email: Email = ""


class ResetBody(JsonBody):
    """A new password, with the token of an administrator's link."""

    reset_token: Shown
    new_password: NewPassword


class PasswordBody(JsonBody):
    """A new password instead of the current one."""

    current_password: Shown
    new_password: NewPassword


class UserBody(JsonBody):
    """A new user."""

    name: Called
    display_name: Called | None = None
    email: Email = ""
    administrator: bool = False


class UserUpdateBody(JsonBody):
    """Changes of a user. Absent fields stay unchanged."""

    display_name: Called | None = None
    email: Email | None = None
    administrator: bool | None = None
    disabled: bool | None = None


class OwnAccountBody(JsonBody):
    """The name that others see."""

    display_name: Called


class WorkspaceBody(JsonBody):
    """A name of a workspace."""

    name: Called


class MemberBody(JsonBody):
    """The role of a member."""

    role: RoleWord


class TokenBody(JsonBody):
    """A new access token."""

    name: Called
    scopes: Annotated[list[ScopeWord], Field(min_length=1, max_length=4)]
    workspace_id: Annotated[Text, Field(max_length=64)] | None = Field(
        None, description="The active workspace by default."
    )
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] = 90


class UserData(ApiModel):
    """A person who signs in."""

    user_id: str
    name: str
    display_name: str
    email: str | None
    administrator: bool
    disabled: bool
    has_password: bool
    created_at: Moment
    last_sign_in_at: Moment | None


class ListedUserData(UserData):
    """A user in the list of administrators."""

    sole_workspaces: int = Field(
        description="Number of workspaces without another member, which are erased with the user."
    )


class WorkspaceData(ApiModel):
    """A workspace with the caller's role in it."""

    workspace_id: str
    name: str
    role: RoleWord
    active: bool = Field(description="Whether it is the one that the session works in.")
    member_count: int
    created_at: Moment


class AccountData(ApiModel):
    """The caller's account."""

    user: UserData
    workspaces: list[WorkspaceData]
    session_id: str
    expires_at: Moment
    scopes: list[ScopeWord] | None = Field(
        description="What an access token may be used for. Null for people who signed in."
    )


class SignedInData(ApiModel):
    """A new session of a user, and its token, which is returned only here."""

    session_token: str
    session_id: str
    expires_at: Moment
    user: UserData
    workspace: WorkspaceData
    claimed: bool = Field(
        description="Whether the workspace was that of an open session until now."
    )


class SignedOutData(ApiModel):
    """Confirmation that the session has ended."""

    signed_out: Literal[True] = True


class PasswordChangedData(ApiModel):
    """Confirmation that the password was changed."""

    changed: Literal[True] = True


class SignInData(ApiModel):
    """A sign-in of the caller, and where it came from."""

    session_id: str
    current: bool = Field(description="Whether it is the one of this request.")
    created_at: Moment
    last_used_at: Moment
    expires_at: Moment = Field(description="Its end without further use.")
    address: str
    user_agent: str


class SignInList(ApiModel):
    """Sign-ins, the last used one first."""

    sign_ins: list[SignInData]


class EndedSignInsData(ApiModel):
    """The number of sign-ins just ended."""

    ended: int


class ProviderData(ApiModel):
    """Another service to sign in with."""

    provider_id: str
    name: str


class ProvidersData(ApiModel):
    """How people sign in here."""

    mode: Literal["open", "accounts"]
    setup_required: bool = Field(description="The first administrator has yet to be created.")
    passwords: bool
    providers: list[ProviderData]


class UserList(ApiModel):
    """Users by name."""

    users: list[ListedUserData]


class LinkData(ApiModel):
    """A link to set a password, which works once. `path` belongs to the web interface."""

    reset_token: str
    path: str
    expires_at: Moment


class CreatedUserData(ApiModel):
    """A new user, and the link to set the first password."""

    user: UserData
    link: LinkData


class DeletedUserData(ApiModel):
    """A deleted user."""

    user_id: str
    erased_workspaces: int


class WorkspaceList(ApiModel):
    """Workspaces by name."""

    workspaces: list[WorkspaceData]


class DeletedWorkspaceData(ApiModel):
    """A deleted workspace, whose things are erased within minutes."""

    workspace_id: str


class MemberData(ApiModel):
    """A member of a workspace."""

    user_id: str
    name: str
    display_name: str
    role: RoleWord
    created_at: Moment


class MemberList(ApiModel):
    """Members by name."""

    members: list[MemberData]


class RemovedMemberData(ApiModel):
    """A removed member."""

    user_id: str


class TokenData(ApiModel):
    """An access token, without its secret."""

    token_id: str
    name: str
    user_id: str
    user_name: str
    workspace_id: str
    scopes: list[ScopeWord]
    hint: str = Field(description="First characters of the secret, to recognize it.")
    created_at: Moment
    expires_at: Moment
    last_used_at: Moment | None


class CreatedTokenData(ApiModel):
    """A new access token with its secret, which is returned only here."""

    access_token: TokenData
    secret: str


class TokenList(ApiModel):
    """Access tokens, newest first."""

    access_tokens: list[TokenData]


class RevokedTokenData(ApiModel):
    """A revoked access token."""

    token_id: str
