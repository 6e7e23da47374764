"""Endpoints of sign-in with OpenID Connect providers."""

import html
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs

from fastapi import Path, Query, Request
from pydantic import Field
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from common.audit import call as audited
from common.errors import ApplicationError, AuthenticationError
from gateway.accounts.composition import Accounts
from gateway.accounts.sign_ins import Visit
from gateway.api.parameters import Text
from gateway.oidc.service import Oidc
from gateway.oidc.sign_in import safe_return
from gateway.oidc.store import ProviderSession
from gateway.sessions.registry import MAX_USER_AGENT, SessionRegistry
from gateway.web import credentials
from gateway.web.callers import client_address
from gateway.web.credentials import Source
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import ApiModel, ErrorEnvelope, Success
from gateway.web.problems import problem, status_of

_TAG = "Accounts"
#: Secret of the browser that signs in, sent to these paths only.
BROWSER_COOKIE = "sign_in_browser"
_COOKIE_PATH = "/api"
_COOKIE_SECONDS = 900
_LONGEST_BODY = 64 * 1024
_Provider = Annotated[Text, Path(max_length=32, description="Identifier of the provider.")]
_REDIRECT: dict[int | str, dict[str, Any]] = {302: {"description": "Where to go on."}}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign-in failed</title>
<link rel="stylesheet" href="/static/pages.css">
</head>
<body>
<main>
<h1>You are not signed in</h1>
<p>{message}</p>
<p><a href="/api/auth/oidc/{provider}/start">Try again</a></p>
<p><a href="/">Back to the start</a></p>
</main>
</body>
</html>
"""


class EndedData(ApiModel):
    """Confirmation that the session has ended here."""

    redirect_url: str | None = Field(
        description="Where the browser signs out at the provider. Null without one."
    )


class LogoutRefusal(ApiModel):
    """Refusal of a log-out token, as the specification of back-channel log-out has it."""

    error: Literal["invalid_request"] = "invalid_request"
    error_description: str


class OidcApi:
    """Sign-in and sign-out with providers."""

    def __init__(self, oidc: Oidc, accounts: Accounts, registry: SessionRegistry) -> None:
        self._oidc = oidc
        self._accounts = accounts
        self._registry = registry

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/auth/oidc/{provider}/start",
                handler=self.start_provider_sign_in,
                summary="Sign in with a provider",
                tag=_TAG,
                status=302,
                errors=(404, 409),
                responses=_REDIRECT,
                response_class=Response,
            ),
            Endpoint(
                method="GET",
                path="/auth/oidc/{provider}/callback",
                open_query=True,
                handler=self.finish_provider_sign_in,
                summary="Come back from a provider",
                tag=_TAG,
                status=302,
                errors=(404, 409),
                responses=_REDIRECT,
                response_class=Response,
            ),
            Endpoint(
                method="POST",
                path="/auth/oidc/{provider}/logout",
                handler=self.end_sessions_by_provider,
                summary="End sessions as a provider says",
                tag=_TAG,
                errors=(404, 409),
                extra={
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/x-www-form-urlencoded": {
                                "schema": {
                                    "type": "object",
                                    "required": ["logout_token"],
                                    "properties": {"logout_token": {"type": "string"}},
                                }
                            }
                        },
                    }
                },
                responses={
                    200: {"description": "The sessions have ended."},
                    400: {
                        "model": LogoutRefusal | ErrorEnvelope,
                        "description": "The log-out token or the path is not valid.",
                    },
                },
                response_class=Response,
            ),
            Endpoint(
                method="POST",
                path="/auth/oidc/sign-out",
                handler=self.sign_out_with_provider,
                summary="Sign out here and at the provider",
                tag=_TAG,
                errors=(409,),
            ),
        ]

    async def start_provider_sign_in(
        self,
        request: Request,
        provider: _Provider,
        return_to: Annotated[
            str, Query(max_length=2000, description="Path of this server to go to afterwards.")
        ] = "/",
    ) -> Response:
        """Send the browser to a provider to sign in there."""
        try:
            self._accounts.require()
            departure = await self._oidc.sign_in.start(
                provider,
                browser=_browser_of(request),
                return_to=safe_return(return_to),
                redirect_uri=self._redirect_uri(request, provider),
            )
        except ApplicationError as error:
            return _failed(request, provider, error)
        answer = RedirectResponse(departure.url, status_code=302)
        answer.set_cookie(
            BROWSER_COOKIE,
            departure.browser,
            max_age=_COOKIE_SECONDS,
            path=_COOKIE_PATH,
            httponly=True,
            # The browser comes back from a page of the provider.
            samesite="lax",
            secure=self._is_secure(request),
        )
        return answer

    async def finish_provider_sign_in(self, request: Request, provider: _Provider) -> Response:
        """Sign the browser in that comes back from a provider, and send it where it came from.

        A request without a valid answer of the provider gets an error: a page for browsers, and
        the documented JSON for others.
        """
        try:
            self._accounts.require()
            arrival = await self._oidc.sign_in.finish(
                provider,
                dict(request.query_params),
                browser=_browser_of(request),
                redirect_uri=self._redirect_uri(request, provider),
            )
            settings = self._oidc.sign_in.connection(provider).provider
            user_id = await self._oidc.users.admit(arrival.person, settings)
            return await self._welcome(request, user_id, arrival.began, arrival.return_to)
        except ApplicationError as error:
            return _failed(request, provider, error)

    async def _welcome(
        self, request: Request, user_id: str, began: ProviderSession, return_to: str
    ) -> Response:
        """Begin a session and show its cookie."""
        visit = Visit(
            address=client_address(request.scope),
            user_agent=request.headers.get("user-agent", "")[:MAX_USER_AGENT],
            open_tokens=tuple(credentials.resumable_tokens(request.headers)),
        )
        done = await self._accounts.sign_ins.begin(user_id, visit)
        await self._oidc.store.add_session(done.session.session_id, began)
        answer = RedirectResponse(safe_return(return_to), status_code=302)
        secure = self._is_secure(request)
        credentials.set_cookie(answer, done.token, secure=secure)
        credentials.clear_previous(answer, secure=secure)
        return answer

    async def end_sessions_by_provider(self, request: Request, provider: _Provider) -> Response:
        """End the sessions that a provider has ended (back-channel log-out)."""
        form = parse_qs((await request.body())[:_LONGEST_BODY].decode("latin-1"))
        token = form.get("logout_token", [""])[0]
        try:
            self._accounts.require()
            ended = await self._oidc.sign_out.by_provider(provider, token)
        except AuthenticationError as error:
            audited.failed("UNAUTHENTICATED")
            refusal = LogoutRefusal(error_description=error.message)
            return JSONResponse(refusal.model_dump(), status_code=400)
        audited.concerns("", *ended)
        return Response(status_code=200)

    async def sign_out_with_provider(
        self, request: Request, response: Response
    ) -> Success[EndedData]:
        """End the caller's session, and return where to end the one at the provider."""
        self._accounts.require()
        shown = credentials.read(request.headers)
        token = shown.token if shown.source in (Source.COOKIE, Source.BEARER) else ""
        session = await self._registry.authenticate(token)
        back = f"{self._public_url(request)}/"
        address = await self._oidc.sign_out.address(session.session_id, return_to=back)
        audited.concerns(session.workspace_id, session.session_id)
        await self._registry.invalidate(session.session_id)
        secure = self._is_secure(request)
        credentials.clear_cookie(response, secure=secure)
        credentials.clear_previous(response, secure=secure)
        return Success[EndedData].of(EndedData(redirect_url=address or None), "Signed out")

    def _public_url(self, request: Request) -> str:
        """Return the address of this server as the provider knows it, without a slash."""
        return self._oidc.public_url or f"{request.url.scheme}://{request.url.netloc}"

    def _redirect_uri(self, request: Request, provider: str) -> str:
        return f"{self._public_url(request)}/api/auth/oidc/{provider}/callback"

    def _is_secure(self, request: Request) -> bool:
        return self._public_url(request).startswith("https://") or request.url.scheme == "https"


def _browser_of(request: Request) -> str:
    for cookies in request.headers.getlist("cookie"):
        token = cookie_parser(cookies).get(BROWSER_COOKIE, "")
        if 32 <= len(token) <= 128:
            return token
    return ""


def _failed(request: Request, provider: str, error: ApplicationError) -> Response:
    """Return an error: a page for people, the documented JSON for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        return problem(error)
    page = _PAGE.format(message=html.escape(error.message), provider=html.escape(provider))
    return HTMLResponse(page, status_code=status_of(error))
