"""AccountService: sign-in, sign-out, accounts and users."""

from collections.abc import Mapping
from typing import Any

from common import addresses, identity, times
from common.auth import Access, bearer
from common.errors import AuthorizationError, ValidationError
from common.grpc_server import method_names
from common.identity import Identity
from common.rate_limits import Group, RateLimits
from gateway.accounts import messages
from gateway.accounts.composition import Accounts
from gateway.accounts.entry import FirstAdministrator
from gateway.accounts.sign_ins import Visit
from gateway.accounts.users import NewUser, UserChange
from gateway.sessions.registry import SessionRegistry
from securetranscribe.v1 import identity_pb2 as pb
from securetranscribe.v1 import identity_pb2_grpc

#: Methods that prove the caller by themselves. A token in their metadata is one of an open session.
ACCESS = dict.fromkeys(
    method_names("AccountService", ["SignIn", "CompleteSetup", "ResetPassword", "ListProviders"]),
    Access.ENDED_SESSION,
)
_PER_PAGE, _MOST_PER_PAGE = 20, 100


class AccountServicer(identity_pb2_grpc.AccountServiceServicer):
    """Sign-in, sign-out, accounts and users."""

    def __init__(
        self,
        accounts: Accounts,
        registry: SessionRegistry,
        limits: RateLimits,
        providers: Mapping[str, str],
    ) -> None:
        """Initialize the servicer. `providers` maps identifiers of providers to their names."""
        self._accounts = accounts
        self._registry = registry
        self._limits = limits
        self._providers = providers

    async def SignIn(self, request: pb.SignInRequest, context: Any) -> pb.SignInResponse:
        """Sign a user in. Rate-limited per client address."""
        visit = await self._visit(context)
        done = await self._accounts.entry.sign_in(request.name, request.password, visit)
        return pb.SignInResponse(signed_in=messages.signed_in(done), claimed=done.claimed)

    async def CompleteSetup(
        self, request: pb.CompleteSetupRequest, context: Any
    ) -> pb.CompleteSetupResponse:
        """Create the first administrator. Rate-limited per client address."""
        visit = await self._visit(context)
        first = FirstAdministrator(
            name=request.name,
            display_name=request.display_name,
            email=request.email,
            password=request.password,
        )
        done = await self._accounts.entry.complete_setup(request.setup_token, first, visit)
        return pb.CompleteSetupResponse(signed_in=messages.signed_in(done), claimed=done.claimed)

    async def ResetPassword(
        self, request: pb.ResetPasswordRequest, context: Any
    ) -> pb.ResetPasswordResponse:
        """Set a password with a link. Rate-limited per client address."""
        visit = await self._visit(context)
        done = await self._accounts.entry.reset_password(
            request.reset_token, request.new_password, visit
        )
        return pb.ResetPasswordResponse(signed_in=messages.signed_in(done))

    async def ListProviders(
        self, _request: pb.ListProvidersRequest, _context: Any
    ) -> pb.ListProvidersResponse:
        """Return how people sign in."""
        enabled = self._accounts.enabled
        return pb.ListProvidersResponse(
            accounts=enabled,
            setup_required=enabled and await self._accounts.entry.setup_required(),
            passwords=enabled,
            providers=[
                pb.SignInProvider(provider_id=one, name=name)
                for one, name in self._providers.items()
                if enabled
            ],
        )

    async def SignOut(self, _request: pb.SignOutRequest, _context: Any) -> pb.SignOutResponse:
        """End the caller's session."""
        caller = self._person()
        await self._registry.invalidate(caller.session_id)
        return pb.SignOutResponse()

    async def GetAccount(
        self, _request: pb.GetAccountRequest, _context: Any
    ) -> pb.GetAccountResponse:
        """Return the caller's account."""
        self._accounts.require()
        caller = identity.current()
        account = await self._accounts.people.account(caller)
        return pb.GetAccountResponse(
            user=messages.user(account.user),
            workspaces=[messages.workspace(one, caller.workspace_id) for one in account.workspaces],
        )

    async def UpdateAccount(
        self, request: pb.UpdateAccountRequest, _context: Any
    ) -> pb.UpdateAccountResponse:
        """Change the name that others see."""
        self._accounts.require()
        user = await self._accounts.own.rename(identity.current(), request.display_name)
        return pb.UpdateAccountResponse(user=messages.user(user))

    async def ListSignIns(
        self, _request: pb.ListSignInsRequest, _context: Any
    ) -> pb.ListSignInsResponse:
        """List where the caller is signed in."""
        self._accounts.require()
        caller = identity.current()
        found = await self._accounts.own.sign_ins(caller)
        return pb.ListSignInsResponse(
            sign_ins=[messages.sign_in(one, caller.session_id) for one in found]
        )

    async def EndSignIn(self, request: pb.EndSignInRequest, _context: Any) -> pb.EndSignInResponse:
        """End one sign-in of the caller."""
        self._accounts.require()
        if not request.session_id:
            raise ValidationError.of("session_id", "Name the sign-in to end.")
        await self._accounts.own.end(identity.current(), request.session_id)
        return pb.EndSignInResponse()

    async def EndOtherSignIns(
        self, _request: pb.EndOtherSignInsRequest, _context: Any
    ) -> pb.EndOtherSignInsResponse:
        """End all sign-ins of the caller but the current one."""
        self._accounts.require()
        ended = await self._accounts.own.end_others(identity.current())
        return pb.EndOtherSignInsResponse(ended=ended)

    async def ChangePassword(
        self, request: pb.ChangePasswordRequest, _context: Any
    ) -> pb.ChangePasswordResponse:
        """Change the caller's password."""
        caller = self._person()
        await self._accounts.entry.change_password(
            caller.user_id,
            caller.session_id,
            request.current_password,
            request.new_password,
            addresses.current_address(),
        )
        return pb.ChangePasswordResponse()

    async def ListUsers(self, request: pb.ListUsersRequest, _context: Any) -> pb.ListUsersResponse:
        """List all users."""
        self._accounts.require()
        limit, page = request.page_size or _PER_PAGE, request.page or 1
        if not 1 <= limit <= _MOST_PER_PAGE:
            raise ValidationError.of("page_size", f"Ask for 1 to {_MOST_PER_PAGE} users.")
        if page < 1:
            raise ValidationError.of("page", "Pages begin with 1.")
        users, total = await self._accounts.people.page(
            identity.current(), limit, (page - 1) * limit
        )
        return pb.ListUsersResponse(users=[messages.user(one.user) for one in users], total=total)

    async def CreateUser(
        self, request: pb.CreateUserRequest, _context: Any
    ) -> pb.CreateUserResponse:
        """Create a user."""
        self._accounts.require()
        new = NewUser(
            name=request.name,
            display_name=request.display_name,
            email=request.email,
            administrator=request.administrator,
        )
        user, link = await self._accounts.people.create(identity.current(), new)
        return pb.CreateUserResponse(
            user=messages.user(user),
            reset_token=link.token,
            expire_time=times.timestamp(link.expires_at),
        )

    async def UpdateUser(
        self, request: pb.UpdateUserRequest, _context: Any
    ) -> pb.UpdateUserResponse:
        """Change a user."""
        self._accounts.require()
        change = UserChange(
            **{
                name: getattr(request, name) if request.HasField(name) else None
                for name in ("display_name", "email", "administrator", "disabled")
            }
        )
        user = await self._accounts.people.change(identity.current(), request.user_id, change)
        return pb.UpdateUserResponse(user=messages.user(user))

    async def DeleteUser(
        self, request: pb.DeleteUserRequest, _context: Any
    ) -> pb.DeleteUserResponse:
        """Delete a user."""
        self._accounts.require()
        erased = await self._accounts.people.delete(identity.current(), request.user_id)
        return pb.DeleteUserResponse(erased_workspaces=erased)

    async def CreateResetLink(
        self, request: pb.CreateResetLinkRequest, _context: Any
    ) -> pb.CreateResetLinkResponse:
        """Return a link to set a password."""
        self._accounts.require()
        link = await self._accounts.people.reset_link(identity.current(), request.user_id)
        return pb.CreateResetLinkResponse(
            reset_token=link.token, expire_time=times.timestamp(link.expires_at)
        )

    def _person(self) -> Identity:
        self._accounts.require()
        caller = identity.current()
        if not caller.user_id or caller.scopes is not None:
            raise AuthorizationError("Only people who sign in may do this.")
        return caller

    async def _visit(self, context: Any) -> Visit:
        self._accounts.require()
        address = addresses.current_address()
        await self._limits.enforce_address(Group.SESSION, address)
        metadata = dict(context.invocation_metadata() or ())
        token = bearer(str(metadata.get("authorization", "")))
        return Visit(
            address=address,
            user_agent=str(metadata.get("user-agent", "")),
            open_tokens=(token,) if token else (),
        )
