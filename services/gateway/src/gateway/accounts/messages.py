"""Accounts as protobuf messages."""

from collections.abc import Iterable

from common import times
from common.errors import ValidationError
from common.identity import Role, Scope
from common.identity_messages import SCOPES, role_message, role_of, scopes_of
from gateway.accounts.sign_ins import SignedIn
from gateway.accounts.user import AccessToken, LastingWorkspace, Member, User
from gateway.sessions.lasting import SignInRecord
from securetranscribe.v1 import identity_pb2


def user(value: User) -> identity_pb2.User:
    """Return a user as a message."""
    return identity_pb2.User(
        user_id=value.user_id,
        name=value.name,
        display_name=value.display_name,
        email=value.email,
        administrator=value.administrator,
        disabled=value.disabled_at is not None,
        has_password=value.has_password,
        create_time=times.timestamp(value.created_at),
        last_sign_in_time=times.timestamp(value.last_sign_in_at),
    )


def sign_in(value: SignInRecord, current: str) -> identity_pb2.SignInEntry:
    """Return a sign-in as a message. `current` is the identifier of the caller's session."""
    return identity_pb2.SignInEntry(
        session_id=value.session_id,
        current=value.session_id == current,
        create_time=times.timestamp(value.created_at),
        last_use_time=times.timestamp(value.last_used_at),
        expire_time=times.timestamp(value.expires_at),
        address=value.address,
        user_agent=value.user_agent,
    )


def workspace(value: LastingWorkspace, active: str) -> identity_pb2.Workspace:
    """Return a workspace as a message. `active` is the identifier of the active one."""
    return identity_pb2.Workspace(
        workspace_id=value.workspace_id,
        name=value.name,
        role=role_message(value.role),
        active=value.workspace_id == active,
        members=value.members,
        create_time=times.timestamp(value.created_at),
    )


def member(value: Member) -> identity_pb2.Member:
    """Return a member as a message."""
    return identity_pb2.Member(
        user_id=value.user_id,
        name=value.name,
        display_name=value.display_name,
        role=role_message(value.role),
        create_time=times.timestamp(value.created_at),
    )


def access_token(value: AccessToken) -> identity_pb2.AccessToken:
    """Return an access token as a message."""
    return identity_pb2.AccessToken(
        token_id=value.token_id,
        name=value.name,
        user_id=value.user_id,
        workspace_id=value.workspace_id,
        scopes=[SCOPES[scope] for scope in Scope if scope in value.scopes],
        hint=value.hint,
        create_time=times.timestamp(value.created_at),
        expire_time=times.timestamp(value.expires_at),
        last_use_time=times.timestamp(value.last_used_at),
    )


def signed_in(value: SignedIn) -> identity_pb2.SignedIn:
    """Return a sign-in as a message."""
    return identity_pb2.SignedIn(
        session_token=value.token,
        session_id=value.session.session_id,
        expire_time=times.timestamp(value.session.expires_at),
        user=user(value.user),
        workspace=workspace(value.workspace, value.session.workspace_id),
    )


def role(value: int) -> Role:
    """Return the role in a request. Raise ValidationError without one."""
    found = role_of(value)
    if found is None:
        raise ValidationError.of("role", "Name a role: viewer, editor or manager.")
    return found


def scopes(values: Iterable[int]) -> frozenset[Scope]:
    """Return the scopes in a request. Raise ValidationError for an unknown one."""
    wanted = set(values)
    found = scopes_of(wanted)
    if len(found) != len(wanted):
        raise ValidationError.of("scopes", "Name scopes: read, write, export or admin.")
    return found
