"""Accounts over gRPC: two people, their workspaces, and a program."""

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest

from common.errors import (
    AuthenticationError,
    AuthorizationError,
    ConflictError,
    NotFoundError,
    ValidationError,
)
from common.grpc_client import unwrap
from common.postgres import Database
from securetranscribe.v1 import identity_pb2 as pb
from securetranscribe.v1 import identity_pb2_grpc, session_pb2, session_pb2_grpc
from tests.integration.gateway.accounts import PASSWORD, setup_token, start_over
from tests.integration.gateway.conftest import MakeGateway, Running


class Caller:
    """Stubs that send a token, or none."""

    def __init__(self, channel: grpc.aio.Channel, token: str = "") -> None:
        self.token = token
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self.accounts = identity_pb2_grpc.AccountServiceStub(channel)
        self.workspaces = identity_pb2_grpc.WorkspaceServiceStub(channel)
        self.tokens = identity_pb2_grpc.AccessTokenServiceStub(channel)
        self.sessions = session_pb2_grpc.SessionServiceStub(channel)

    async def ask(self, method: Any, request: Any) -> Any:
        return await unwrap(method(request, metadata=self._metadata, timeout=30))


@pytest.fixture(scope="module")
async def closed(make_gateway: MakeGateway) -> AsyncIterator[Running]:
    """A gateway where people sign in."""
    async with make_gateway(auth_mode="accounts") as one:
        yield one


@pytest.fixture(autouse=True)
async def nobody(database: Database) -> AsyncIterator[None]:
    await start_over(database)
    yield
    await start_over(database)


@pytest.fixture
async def channel(closed: Running) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(closed.grpc_address) as one:
        yield one


@pytest.fixture
async def ada(channel: grpc.aio.Channel, database: Database) -> Caller:
    """The first administrator."""
    stranger = Caller(channel)
    request = pb.CompleteSetupRequest(
        setup_token=await setup_token(database), name="Ada", password=PASSWORD
    )
    answer = await stranger.ask(stranger.accounts.CompleteSetup, request)
    return Caller(channel, answer.signed_in.session_token)


async def user(channel: grpc.aio.Channel, administrator: Caller, name: str) -> Caller:
    made = await administrator.ask(
        administrator.accounts.CreateUser, pb.CreateUserRequest(name=name)
    )
    stranger = Caller(channel)
    await stranger.ask(
        stranger.accounts.ResetPassword,
        pb.ResetPasswordRequest(reset_token=made.reset_token, new_password=PASSWORD),
    )
    answer = await stranger.ask(
        stranger.accounts.SignIn, pb.SignInRequest(name=name, password=PASSWORD)
    )
    return Caller(channel, answer.signed_in.session_token)


async def test_two_people_and_a_workspace(channel: grpc.aio.Channel, ada: Caller) -> None:
    bob = await user(channel, ada, "Bob")
    account = await bob.ask(bob.accounts.GetAccount, pb.GetAccountRequest())
    assert (account.user.name, account.user.administrator) == ("Bob", False)
    with pytest.raises(AuthorizationError):
        await bob.ask(bob.accounts.ListUsers, pb.ListUsersRequest())
    made = await ada.ask(ada.workspaces.CreateWorkspace, pb.CreateWorkspaceRequest(name="Team"))
    team = made.workspace.workspace_id
    with pytest.raises(NotFoundError):
        await bob.ask(bob.workspaces.ListMembers, pb.ListMembersRequest(workspace_id=team))
    for role in (pb.ROLE_COMMENTER, pb.ROLE_UNSPECIFIED):
        with pytest.raises(ValidationError):
            await ada.ask(
                ada.workspaces.SetMember,
                pb.SetMemberRequest(workspace_id=team, user="bob", role=role),
            )
    request = pb.SetMemberRequest(workspace_id=team, user="bob", role=pb.ROLE_VIEWER)
    await ada.ask(ada.workspaces.SetMember, request)
    switched = await bob.ask(
        bob.workspaces.SwitchWorkspace, pb.SwitchWorkspaceRequest(workspace_id=team)
    )
    assert switched.workspace.active
    found = await bob.ask(
        bob.sessions.AuthenticateSession,
        session_pb2.AuthenticateSessionRequest(session_token=bob.token),
    )
    assert (found.workspace_id, found.role) == (team, pb.ROLE_VIEWER)
    assert found.user_id == account.user.user_id
    assert found.authenticated
    members = await bob.ask(bob.workspaces.ListMembers, pb.ListMembersRequest(workspace_id=team))
    assert [one.name for one in members.members] == ["Ada", "Bob"]
    with pytest.raises(AuthorizationError):
        await bob.ask(bob.workspaces.DeleteWorkspace, pb.DeleteWorkspaceRequest(workspace_id=team))
    with pytest.raises(ConflictError):
        await ada.ask(
            ada.workspaces.RemoveMember,
            pb.RemoveMemberRequest(workspace_id=team, user_id=members.members[0].user_id),
        )
    await ada.ask(ada.workspaces.DeleteWorkspace, pb.DeleteWorkspaceRequest(workspace_id=team))
    own = await bob.ask(bob.workspaces.ListOwnWorkspaces, pb.ListOwnWorkspacesRequest())
    assert [one.active for one in own.workspaces] == [False]


async def test_a_program_has_a_session_of_its_user(channel: grpc.aio.Channel, ada: Caller) -> None:
    with pytest.raises(ValidationError):
        await ada.ask(
            ada.tokens.CreateAccessToken, pb.CreateAccessTokenRequest(name="x", scopes=[])
        )
    endless = pb.CreateAccessTokenRequest(name="x", scopes=[pb.SCOPE_READ])
    endless.duration.seconds = 2**62
    with pytest.raises(ValidationError, match="ten years"):
        await ada.ask(ada.tokens.CreateAccessToken, endless)
    made = await ada.ask(
        ada.tokens.CreateAccessToken,
        pb.CreateAccessTokenRequest(name="robot", scopes=[pb.SCOPE_READ]),
    )
    robot = Caller(channel, made.secret)
    created = await robot.ask(robot.sessions.CreateSession, session_pb2.CreateSessionRequest())
    child = Caller(channel, created.session_token)
    assert created.session.user_identifier == "Ada"
    assert created.session.authenticated
    for program in (robot, child):
        await program.ask(
            program.sessions.GetCurrentSession, session_pb2.GetCurrentSessionRequest()
        )
        with pytest.raises(AuthorizationError):
            await program.ask(program.accounts.SignOut, pb.SignOutRequest())
        with pytest.raises(AuthorizationError):
            await program.ask(program.accounts.ListUsers, pb.ListUsersRequest())
    (listed,) = (
        await ada.ask(ada.tokens.ListAccessTokens, pb.ListAccessTokensRequest())
    ).access_tokens
    assert listed.HasField("last_use_time")
    await ada.ask(
        ada.tokens.RevokeAccessToken, pb.RevokeAccessTokenRequest(token_id=listed.token_id)
    )
    for program in (robot, child):
        with pytest.raises(AuthenticationError):
            await program.ask(
                program.sessions.GetCurrentSession, session_pb2.GetCurrentSessionRequest()
            )


async def test_people_change_their_name_and_end_sign_ins(
    channel: grpc.aio.Channel, ada: Caller
) -> None:
    bob = await user(channel, ada, "Bob")
    changed = await bob.ask(
        bob.accounts.UpdateAccount, pb.UpdateAccountRequest(display_name=" Robert ")
    )
    assert (changed.user.name, changed.user.display_name) == ("Bob", "Robert")
    for name in ("", "x" * 101):
        with pytest.raises(ValidationError):
            await bob.ask(bob.accounts.UpdateAccount, pb.UpdateAccountRequest(display_name=name))
    listed = (await bob.ask(bob.accounts.ListSignIns, pb.ListSignInsRequest())).sign_ins
    # That of the link to set a password, and the one after it.
    assert [one.current for one in listed] == [True, False]
    assert all(one.HasField("expire_time") and one.address for one in listed)
    # Sign-ins of others are not found.
    with pytest.raises(NotFoundError):
        await ada.ask(ada.accounts.EndSignIn, pb.EndSignInRequest(session_id=listed[1].session_id))
    with pytest.raises(ValidationError):
        await bob.ask(bob.accounts.EndSignIn, pb.EndSignInRequest())
    await bob.ask(bob.accounts.EndSignIn, pb.EndSignInRequest(session_id=listed[1].session_id))
    with pytest.raises(NotFoundError):
        await bob.ask(bob.accounts.EndSignIn, pb.EndSignInRequest(session_id=listed[1].session_id))
    again = await Caller(channel).ask(
        bob.accounts.SignIn, pb.SignInRequest(name="Bob", password=PASSWORD)
    )
    ended = await bob.ask(bob.accounts.EndOtherSignIns, pb.EndOtherSignInsRequest())
    assert ended.ended == 1
    other = Caller(channel, again.signed_in.session_token)
    with pytest.raises(AuthenticationError):
        await other.ask(other.accounts.ListSignIns, pb.ListSignInsRequest())
    assert len((await bob.ask(bob.accounts.ListSignIns, pb.ListSignInsRequest())).sign_ins) == 1


async def test_programs_change_nothing_of_their_user(
    channel: grpc.aio.Channel, ada: Caller
) -> None:
    scopes = [pb.SCOPE_READ, pb.SCOPE_WRITE, pb.SCOPE_EXPORT, pb.SCOPE_ADMIN]
    made = await ada.ask(
        ada.tokens.CreateAccessToken, pb.CreateAccessTokenRequest(name="robot", scopes=scopes)
    )
    robot = Caller(channel, made.secret)
    for method, request in (
        (robot.accounts.UpdateAccount, pb.UpdateAccountRequest(display_name="Eve")),
        (robot.accounts.ListSignIns, pb.ListSignInsRequest()),
        (robot.accounts.EndSignIn, pb.EndSignInRequest(session_id="session_" + "0" * 32)),
        (robot.accounts.EndOtherSignIns, pb.EndOtherSignInsRequest()),
    ):
        with pytest.raises(AuthorizationError):
            await robot.ask(method, request)


async def test_nul_characters_are_refused(channel: grpc.aio.Channel, ada: Caller) -> None:
    stranger, text = Caller(channel), "a\0b"
    for caller, method, request in (
        (stranger, stranger.accounts.SignIn, pb.SignInRequest(name=text, password=PASSWORD)),
        (ada, ada.accounts.DeleteUser, pb.DeleteUserRequest(user_id=text)),
        (ada, ada.workspaces.ListMembers, pb.ListMembersRequest(workspace_id=text)),
        (ada, ada.tokens.RevokeAccessToken, pb.RevokeAccessTokenRequest(token_id=text)),
    ):
        with pytest.raises(ValidationError):
            await caller.ask(method, request)


async def test_without_credentials_there_is_no_session(channel: grpc.aio.Channel) -> None:
    stranger = Caller(channel)
    with pytest.raises(AuthenticationError, match="Sign in"):
        await stranger.ask(stranger.sessions.CreateSession, session_pb2.CreateSessionRequest())
    providers = await stranger.ask(stranger.accounts.ListProviders, pb.ListProvidersRequest())
    assert providers.accounts
    assert providers.setup_required


async def test_in_the_open_mode_nobody_signs_in(running: Running) -> None:
    async with grpc.aio.insecure_channel(running.grpc_address) as channel:
        stranger = Caller(channel)
        providers = await stranger.ask(stranger.accounts.ListProviders, pb.ListProvidersRequest())
        assert not providers.accounts
        with pytest.raises(ConflictError):
            await stranger.ask(
                stranger.accounts.SignIn, pb.SignInRequest(name="a", password=PASSWORD)
            )
