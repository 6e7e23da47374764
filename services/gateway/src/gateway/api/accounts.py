"""Endpoints of signing in and out, and of the caller's account."""

from fastapi import Request, Response

from common.errors import AuthorizationError
from common.identity import Grant
from gateway.accounts.composition import Accounts
from gateway.accounts.entry import FirstAdministrator
from gateway.accounts.sign_ins import SignedIn, Visit
from gateway.api import account_conversion as convert
from gateway.api.account_models import (
    AccountData,
    PasswordBody,
    PasswordChangedData,
    ProviderData,
    ProvidersData,
    ResetBody,
    SetupBody,
    SignedInData,
    SignedOutData,
    SignInBody,
)
from gateway.api.parameters import Caller
from gateway.sessions.registry import MAX_USER_AGENT, SessionRegistry
from gateway.web import credentials
from gateway.web.callers import client_address
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.rate_limits import SIGN_IN_PATH

_TAG = "Accounts"


class AccountApi:
    """Sign-in, sign-out, and the caller's own account."""

    def __init__(
        self,
        accounts: Accounts,
        registry: SessionRegistry,
        providers: tuple[ProviderData, ...] = (),
    ) -> None:
        self._accounts = accounts
        self._registry = registry
        self._providers = providers

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/auth/providers",
                handler=self.list_sign_in_providers,
                summary="List the ways to sign in",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path=SIGN_IN_PATH,
                handler=self.sign_in,
                summary="Sign in",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="POST",
                path="/auth/sign-out",
                handler=self.sign_out,
                summary="Sign out",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="GET",
                path="/auth/me",
                handler=self.get_account,
                summary="Get the own account",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="POST",
                path="/auth/password",
                handler=self.change_password,
                summary="Change the own password",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="POST",
                path="/auth/setup",
                handler=self.complete_setup,
                summary="Create the first administrator",
                tag=_TAG,
                status=201,
                errors=(409,),
            ),
            Endpoint(
                method="POST",
                path="/auth/reset",
                handler=self.reset_password,
                summary="Set a password with a link",
                tag=_TAG,
                errors=(409,),
            ),
        ]

    async def list_sign_in_providers(self) -> Success[ProvidersData]:
        """Return how people sign in here. Needs no credentials."""
        enabled = self._accounts.enabled
        data = ProvidersData(
            mode="accounts" if enabled else "open",
            setup_required=enabled and await self._accounts.entry.setup_required(),
            passwords=enabled,
            providers=list(self._providers) if enabled else [],
        )
        return Success[ProvidersData].of(data, "Ways to sign in retrieved")

    async def sign_in(
        self, request: Request, response: Response, body: SignInBody
    ) -> Success[SignedInData]:
        """Sign in with name and password, and set the session cookie.

        If the request shows the token or the cookie of an open session, its workspace becomes the
        user's, with everything in it.
        """
        self._accounts.require()
        done = await self._accounts.entry.sign_in(
            body.name, body.password, _visit(request, claim=body.claim)
        )
        return _welcome(request, response, done)

    async def sign_out(
        self, caller: Caller, request: Request, response: Response
    ) -> Success[SignedOutData]:
        """End the session. Every service rejects its token from then on."""
        self._accounts.require()
        _require_person(Grant.copy(caller))
        await self._registry.invalidate(caller.session_id)
        secure = request.url.scheme == "https"
        credentials.clear_cookie(response, secure=secure)
        credentials.clear_previous(response, secure=secure)
        return Success[SignedOutData].of(SignedOutData(), "Signed out")

    async def get_account(self, caller: Caller) -> Success[AccountData]:
        """Return the caller's account with the workspaces that the caller belongs to."""
        self._accounts.require()
        account = await self._accounts.people.account(Grant.copy(caller))
        data = AccountData(
            user=convert.user(account.user),
            workspaces=[convert.workspace(one, caller.workspace_id) for one in account.workspaces],
            session_id=caller.session_id,
            expires_at=caller.expires_at,
            scopes=None if caller.scopes is None else convert.scopes(caller.scopes),
        )
        return Success[AccountData].of(data, "Account retrieved")

    async def change_password(
        self, caller: Caller, request: Request, body: PasswordBody
    ) -> Success[PasswordChangedData]:
        """Change the own password, and end the other sign-ins."""
        self._accounts.require()
        _require_person(Grant.copy(caller))
        await self._accounts.entry.change_password(
            caller.user_id,
            caller.session_id,
            body.current_password,
            body.new_password,
            client_address(request.scope),
        )
        return Success[PasswordChangedData].of(PasswordChangedData(), "Password changed")

    async def complete_setup(
        self, request: Request, response: Response, body: SetupBody
    ) -> Success[SignedInData]:
        """Create the first administrator with the one-time token of the server, and sign in."""
        self._accounts.require()
        first = FirstAdministrator(
            name=body.name,
            display_name=body.display_name or "",
            email=body.email,
            password=body.password,
        )
        done = await self._accounts.entry.complete_setup(
            body.setup_token, first, _visit(request, claim=True)
        )
        return _welcome(request, response, done)

    async def reset_password(
        self, request: Request, response: Response, body: ResetBody
    ) -> Success[SignedInData]:
        """Set a password with the token of an administrator's link, and sign in.

        The link works once. All other sign-ins of the user end.
        """
        self._accounts.require()
        done = await self._accounts.entry.reset_password(
            body.reset_token, body.new_password, _visit(request, claim=True)
        )
        return _welcome(request, response, done)


def _visit(request: Request, *, claim: bool) -> Visit:
    tokens = credentials.resumable_tokens(request.headers) if claim else []
    return Visit(
        address=client_address(request.scope),
        user_agent=request.headers.get("user-agent", "")[:MAX_USER_AGENT],
        open_tokens=tuple(tokens),
    )


def _welcome(request: Request, response: Response, done: SignedIn) -> Success[SignedInData]:
    secure = request.url.scheme == "https"
    credentials.set_cookie(response, done.token, secure=secure)
    credentials.clear_previous(response, secure=secure)
    return Success[SignedInData].of(convert.signed_in(done), "Signed in")


def _require_person(caller: Grant) -> None:
    if not caller.user_id or caller.scopes is not None:
        raise AuthorizationError("Only people who sign in may do this.")
