"""Conversion of accounts to response models."""

from typing import Any, cast

from common.identity import Role, Scope
from gateway.accounts.one_time_tokens import OneTimeToken
from gateway.accounts.sign_ins import SignedIn
from gateway.accounts.user import AccessToken, LastingWorkspace, Member, User
from gateway.accounts.users import ListedUser
from gateway.api.account_models import (
    LinkData,
    ListedUserData,
    MemberData,
    RoleWord,
    ScopeWord,
    SignedInData,
    SignInData,
    TokenData,
    UserData,
    WorkspaceData,
)
from gateway.sessions.lasting import SignInRecord

RESET_PAGE = "/reset"


def user(value: User) -> UserData:
    """Return the model of a user."""
    return UserData(
        user_id=value.user_id,
        name=value.name,
        display_name=value.display_name,
        email=value.email or None,
        administrator=value.administrator,
        disabled=value.disabled_at is not None,
        has_password=value.has_password,
        created_at=value.created_at,
        last_sign_in_at=value.last_sign_in_at,
    )


def listed_user(value: ListedUser) -> ListedUserData:
    """Return the model of a user in a list."""
    return ListedUserData(**user(value.user).model_dump(), sole_workspaces=value.sole_workspaces)


def sign_in(value: SignInRecord, current: str) -> SignInData:
    """Return the model of a sign-in. `current` is the identifier of the caller's session."""
    return SignInData(**vars(value), current=value.session_id == current)


def workspace(value: LastingWorkspace, active: str) -> WorkspaceData:
    """Return the model of a workspace. `active` is the identifier of the active one."""
    return WorkspaceData(
        workspace_id=value.workspace_id,
        name=value.name,
        role=role(value.role or Role.VIEWER),
        active=value.workspace_id == active,
        member_count=value.members,
        created_at=value.created_at,
    )


def signed_in(value: SignedIn) -> SignedInData:
    """Return the model of a sign-in."""
    return SignedInData(
        session_token=value.token,
        session_id=value.session.session_id,
        expires_at=value.session.expires_at,
        user=user(value.user),
        workspace=workspace(value.workspace, value.session.workspace_id),
        claimed=value.claimed,
    )


def link(value: OneTimeToken) -> LinkData:
    """Return the model of a link. The token is behind `#`, where servers do not see it."""
    return LinkData(
        reset_token=value.token,
        path=f"{RESET_PAGE}#{value.token}",
        expires_at=value.expires_at,
    )


def member(value: Member) -> MemberData:
    """Return the model of a member."""
    return MemberData(**{**vars(value), "role": role(value.role)})


def token(value: AccessToken) -> TokenData:
    """Return the model of an access token."""
    known: dict[str, Any] = dict(vars(value))
    del known["session_id"]
    return TokenData(**{**known, "scopes": scopes(value.scopes)})


def role(value: Role) -> RoleWord:
    """Return the word of a role."""
    return cast("RoleWord", value.word)


def scopes(values: frozenset[Scope]) -> list[ScopeWord]:
    """Return the words of scopes, in the order of the documentation."""
    return [scope.value for scope in Scope if scope in values]
