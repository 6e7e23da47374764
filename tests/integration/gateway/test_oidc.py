"""Sign-in with a real OpenID Connect provider, in the shapes of several kinds."""

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from common.identity import hash_token
from common.postgres import Database
from gateway.api.oidc import BROWSER_COOKIE
from gateway.audit.entry import Selection
from gateway.audit.store import AuditLog
from gateway.sessions.tokens import new_token
from gateway.settings import GatewaySettings
from gateway.web.credentials import COOKIE
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.oidc_provider import (
    AUTHENTIK,
    CLIENT_ID,
    KEYCLOAK,
    PACKAGE,
    PLAIN,
    SHAPES,
    RunningProvider,
    Shape,
    running_provider,
)

ME = "/api/auth/me"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[RunningProvider]:
    if not PACKAGE.is_dir():
        pytest.fail("the sign-in provider of the tests is missing: run 'make test'")
    async with running_provider() as one:
        yield one


def workspace_name() -> str:
    return f"workspace_{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
async def workspaces(database: Database) -> dict[str, str]:
    """Two workspaces that nobody belongs to yet."""
    found = {}
    for name in ("clinic", "archive"):
        found[name] = workspace_name()
        await database.execute(
            "INSERT INTO workspaces (workspace_id, name, created_at) VALUES (%s, %s, now())",
            (found[name], name),
        )
    return found


class World:
    """A gateway that trusts the provider in all shapes, and browsers."""

    def __init__(self, running: Running, provider: RunningProvider, database: Database) -> None:
        self.running = running
        self.provider = provider
        self.database = database

    async def register(self, **client: Any) -> None:
        """Register the gateway at the provider."""
        base = self.running.base_url
        await self.provider.control(
            client={
                "redirect_uris": [
                    f"{base}/api/auth/oidc/{shape.name}/callback" for shape in SHAPES
                ],
                "post_logout_redirect_uris": [f"{base}/"],
                **client,
            }
        )

    async def account(self, shape: Shape, *groups: str, **claims: Any) -> str:
        """Make somebody new sign in from now on. Return the subject."""
        subject = claims.pop("sub", f"sub-{uuid.uuid4().hex}")
        await self.provider.control(account={"sub": subject, **shape.claims(*groups), **claims})
        return str(subject)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Open a browser without cookies."""
        async with httpx2.AsyncClient(
            base_url=self.running.base_url,
            follow_redirects=True,
            headers={"Accept": "text/html"},
            timeout=30,
        ) as client:
            yield client

    async def signed_in(self, shape: Shape, browser: httpx2.AsyncClient) -> Any:
        """Sign in and return the account."""
        answer = await browser.get(start(shape))
        assert answer.status_code == 200, answer.text
        assert answer.url.path == "/health"
        return await me(browser)


def start(shape: Shape) -> str:
    return f"/api/auth/oidc/{shape.name}/start?return_to=/health"


async def me(browser: httpx2.AsyncClient) -> Any:
    answer = await browser.get(ME, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture(scope="module")
async def shared_world(
    make_gateway: MakeGateway,
    provider: RunningProvider,
    database: Database,
    workspaces: dict[str, str],
) -> AsyncIterator[World]:
    roles = [
        {"group": "doctors", "workspace": workspaces["clinic"], "role": "manager"},
        {"group": "typists", "workspace": workspaces["clinic"], "role": "editor"},
        {"group": "doctors", "workspace": workspaces["archive"], "role": "viewer"},
        {"group": "doctors", "workspace": "workspace_unknown", "role": "viewer"},
    ]
    settings = [
        provider.settings(shape, roles=roles, administrators=["admins"]) for shape in SHAPES
    ]
    async with make_gateway(auth_mode="accounts", oidc_providers=settings) as running:
        yield World(running, provider, database)


@pytest.fixture
async def world(shared_world: World) -> World:
    """The gateway, registered at the provider as usual."""
    await shared_world.register()
    return shared_world


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
async def test_sign_in(world: World, workspaces: dict[str, str], shape: Shape) -> None:
    name = f"anna-{uuid.uuid4().hex[:8]}"
    await world.account(
        shape,
        "doctors",
        "others",
        preferred_username=name,
        name="Anna Arzt",
        email=f"{name}@example.org",
        email_verified=True,
    )
    async with world.browser() as browser:
        data = await world.signed_in(shape, browser)
    assert data["user"]["name"] == name
    assert data["user"]["display_name"] == "Anna Arzt"
    assert data["user"]["email"] == f"{name}@example.org"
    assert data["user"]["administrator"] is False
    assert {(one["workspace_id"], one["role"]) for one in data["workspaces"]} == {
        (workspaces["clinic"], "manager"),
        (workspaces["archive"], "viewer"),
    }


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
async def test_roles_are_those_of_the_groups_at_every_sign_in(
    world: World, workspaces: dict[str, str], shape: Shape
) -> None:
    subject = await world.account(shape, "doctors", "admins")
    async with world.browser() as browser:
        first = await world.signed_in(shape, browser)
        assert first["user"]["administrator"] is True
        await world.account(shape, "typists", sub=subject)
        second = await world.signed_in(shape, browser)
        assert second["user"]["user_id"] == first["user"]["user_id"]
        assert second["user"]["administrator"] is False
        assert [(one["workspace_id"], one["role"]) for one in second["workspaces"]] == [
            (workspaces["clinic"], "editor")
        ]
        await world.account(shape, sub=subject)
        third = await world.signed_in(shape, browser)
    # Without any workspace, one of the user's own is made.
    assert workspaces["clinic"] not in {one["workspace_id"] for one in third["workspaces"]}
    assert [one["role"] for one in third["workspaces"]] == ["manager"]


async def test_roles_that_people_gave_stay(world: World, workspaces: dict[str, str]) -> None:
    subject = await world.account(PLAIN)
    async with world.browser() as browser:
        data = await world.signed_in(PLAIN, browser)
        await world.database.execute(
            "INSERT INTO memberships (workspace_id, user_id, role, created_at)"
            " VALUES (%s, %s, 'viewer', now())",
            (workspaces["clinic"], data["user"]["user_id"]),
        )
        for groups in (("doctors",), ()):
            await world.account(PLAIN, *groups, sub=subject)
            data = await world.signed_in(PLAIN, browser)
            roles = {one["workspace_id"]: one["role"] for one in data["workspaces"]}
            assert roles[workspaces["clinic"]] == "viewer"


async def test_administrators_whom_people_made_stay(world: World) -> None:
    subject = await world.account(PLAIN)
    async with world.browser() as browser:
        data = await world.signed_in(PLAIN, browser)
        await world.database.execute(
            "UPDATE users SET administrator = true WHERE user_id = %s", (data["user"]["user_id"],)
        )
        for groups in (("admins",), ()):
            await world.account(PLAIN, *groups, sub=subject)
            data = await world.signed_in(PLAIN, browser)
            assert data["user"]["administrator"] is True


async def local_user(world: World, email: str) -> str:
    user_id = f"user_{uuid.uuid4().hex}"
    await world.database.execute(
        "INSERT INTO users (user_id, name, name_key, display_name, email, created_at)"
        " VALUES (%(id)s, %(id)s, %(id)s, 'Local', %(email)s, now())",
        {"id": user_id, "email": email},
    )
    return user_id


async def test_verified_address_leads_to_the_user_who_has_it(world: World) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    user_id = await local_user(world, email)
    for shape in (PLAIN, KEYCLOAK):
        await world.account(shape, email=email.upper(), email_verified=True)
        async with world.browser() as browser:
            assert (await world.signed_in(shape, browser))["user"]["user_id"] == user_id


async def test_unverified_address_leads_to_nobody(world: World) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    await local_user(world, email)
    await world.account(AUTHENTIK, email=email, email_verified=False)
    async with world.browser() as browser:
        answer = await browser.get(start(AUTHENTIK))
        assert answer.status_code == 401
        assert "has not verified your e-mail address" in answer.text
        assert COOKIE not in browser.cookies


async def test_unverified_addresses_are_not_kept(world: World) -> None:
    await world.account(PLAIN, email=f"{uuid.uuid4().hex}@example.org", email_verified=False)
    async with world.browser() as browser:
        assert not (await world.signed_in(PLAIN, browser))["user"]["email"]


async def test_same_name_of_another_person_gets_an_ending(world: World) -> None:
    name = f"ben-{uuid.uuid4().hex[:8]}"
    names = []
    for _ in range(2):
        await world.account(PLAIN, preferred_username=name)
        async with world.browser() as browser:
            names.append((await world.signed_in(PLAIN, browser))["user"]["name"])
    assert names == [name, f"{name}-2"]


async def test_disabled_users_cannot_sign_in(world: World) -> None:
    await world.account(PLAIN)
    async with world.browser() as browser:
        data = await world.signed_in(PLAIN, browser)
    await world.database.execute(
        "UPDATE users SET disabled_at = now() WHERE user_id = %s", (data["user"]["user_id"],)
    )
    async with world.browser() as browser:
        answer = await browser.get(start(PLAIN))
    assert answer.status_code == 401
    assert "disabled" in answer.text


async def test_new_keys_of_the_provider(world: World) -> None:
    await world.account(PLAIN)
    async with world.browser() as browser:
        await world.signed_in(PLAIN, browser)
    await world.provider.control(rotate=True)
    # The keys were fetched just now, and are fetched again after a few seconds only.
    connection = world.running.gateway._oidc.sign_in.connection("plain")
    fetched, keys = connection._keys or (0.0, None)
    connection._keys = (fetched - 60, keys)  # type: ignore[assignment]
    async with world.browser() as browser:
        await world.signed_in(PLAIN, browser)


async def test_refusal_at_the_provider_is_explained(world: World) -> None:
    await world.account(PLAIN, refuses=True)
    async with world.browser() as browser:
        answer = await browser.get(start(PLAIN))
    assert answer.status_code == 401
    assert "The plain one did not sign you in" in answer.text
    assert 'href="/api/auth/oidc/plain/start"' in answer.text


async def test_programs_get_the_documented_error(world: World) -> None:
    async with world.browser() as browser:
        for path, status in (
            ("/api/auth/oidc/plain/callback?state=x&code=y", 401),
            ("/api/auth/oidc/nobody/start", 404),
            ("/api/auth/oidc/nobody/callback", 404),
        ):
            answer = await browser.get(path, headers={"Accept": "application/json"})
            assert answer.status_code == status
            assert answer.json()["success"] is False


async def departure(browser: httpx2.AsyncClient, shape: Shape = PLAIN) -> dict[str, str]:
    """Begin a sign-in and return the parameters for the provider."""
    answer = await browser.get(start(shape), follow_redirects=False)
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


async def arrival(browser: httpx2.AsyncClient) -> str:
    """Sign in at the provider and return the address that it sends the browser to."""
    answer = await browser.get(start(PLAIN), follow_redirects=False)
    while "/callback?" not in answer.headers["location"]:
        address = httpx2.URL(answer.url).join(answer.headers["location"])
        answer = await browser.get(address, follow_redirects=False)
    return str(answer.headers["location"])


async def test_request_to_the_provider(world: World) -> None:
    async with world.browser() as browser:
        first, second = await departure(browser), await departure(browser)
    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    assert first["client_id"] == CLIENT_ID
    assert set(first["scope"].split()) == {"openid", "profile", "email"}
    assert first["redirect_uri"] == f"{world.running.base_url}/api/auth/oidc/plain/callback"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


async def test_cookie_of_the_browser(world: World) -> None:
    async with world.browser() as browser:
        answer = await browser.get(start(PLAIN), follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{BROWSER_COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_answers_count_once_and_in_their_browser_only(world: World) -> None:
    await world.account(PLAIN)
    async with world.browser() as browser, world.browser() as stranger:
        address = await arrival(browser)
        await departure(stranger)  # so that it has a secret of its own
        refused = await stranger.get(address)
        assert refused.status_code == 401
        assert "began in another browser" in refused.text
        assert (await browser.get(address)).status_code == 200
        again = await browser.get(address)
        assert again.status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        (r"state=[^&]+", "state=x"),
        (r"code=[^&]+", "code=x"),
        (r"code=[^&]+", ""),
        (r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example.org"),
        (r"&iss=[^&]+", ""),
        ("oidc/plain", "oidc/keycloak"),
    ],
)
async def test_altered_answers_are_refused(world: World, change: tuple[str, str]) -> None:
    await world.account(PLAIN)
    async with world.browser() as browser:
        address = await arrival(browser)
        altered = re.sub(*change, address)
        assert altered != address
        answer = await browser.get(altered)
        assert answer.status_code == 401, answer.text
        assert COOKIE not in browser.cookies


async def test_document_of_another_issuer_is_refused(
    make_gateway: MakeGateway, provider: RunningProvider
) -> None:
    # The address leads to the document, but the name of the issuer has no slash.
    other = provider.settings(AUTHENTIK)
    other["issuer"] = other["issuer"].removesuffix("/")
    async with (
        make_gateway(auth_mode="accounts", oidc_providers=[other]) as running,
        httpx2.AsyncClient(base_url=running.base_url) as client,
    ):
        answer = await client.get("/api/auth/oidc/authentik/start")
        assert answer.status_code == 503
        assert "cannot be reached" in answer.json()["error"]["message"]


async def test_provider_that_is_away(make_gateway: MakeGateway) -> None:
    away = {"id": "away", "issuer": "http://127.0.0.1:9", "client_id": "x", "name": "Away & Co"}
    async with (
        make_gateway(auth_mode="accounts", oidc_providers=[away]) as running,
        httpx2.AsyncClient(base_url=running.base_url) as client,
    ):
        answer = await client.get("/api/auth/oidc/away/start", headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert "Away &amp; Co cannot be reached" in answer.text


async def test_only_permitted_groups(
    make_gateway: MakeGateway, provider: RunningProvider, database: Database
) -> None:
    strict = provider.settings(PLAIN, allowed_groups=["staff"])
    closed = provider.settings(KEYCLOAK, create_users=False)
    async with make_gateway(auth_mode="accounts", oidc_providers=[strict, closed]) as running:
        world = World(running, provider, database)
        await world.register()
        for shape, groups, message in (
            (PLAIN, ("guests",), "may not use this service"),
            (KEYCLOAK, (), "You have no account here"),
        ):
            await world.account(shape, *groups)
            async with world.browser() as browser:
                answer = await browser.get(start(shape))
            assert answer.status_code == 401
            assert message in answer.text
        await world.account(PLAIN, "staff")
        async with world.browser() as browser:
            await world.signed_in(PLAIN, browser)


async def test_public_address_behind_a_proxy(
    make_gateway: MakeGateway, provider: RunningProvider, database: Database
) -> None:
    async with make_gateway(
        auth_mode="accounts",
        public_url="https://transcribe.example.org/",
        oidc_providers=[provider.settings(PLAIN)],
    ) as running:
        world = World(running, provider, database)
        async with world.browser() as browser:
            answer = await browser.get(start(PLAIN), follow_redirects=False)
            query = parse_qs(urlsplit(answer.headers["location"]).query)
            assert query["redirect_uri"] == [
                "https://transcribe.example.org/api/auth/oidc/plain/callback"
            ]
            assert "Secure" in answer.headers["set-cookie"]


async def test_providers_are_listed(world: World) -> None:
    async with world.browser() as browser:
        data = (await browser.get("/api/auth/providers")).json()["data"]
    assert data["providers"] == [
        {"provider_id": shape.name, "name": f"The {shape.name} one"} for shape in SHAPES
    ]


async def test_nothing_of_this_in_the_open_mode(
    make_gateway: MakeGateway, provider: RunningProvider
) -> None:
    async with (
        make_gateway(oidc_providers=[provider.settings(PLAIN)]) as running,
        httpx2.AsyncClient(base_url=running.base_url) as client,
    ):
        answer = await client.get("/api/auth/oidc/plain/start")
        assert answer.status_code == 409
        assert (await client.get("/api/auth/providers")).json()["data"]["providers"] == []


async def test_sign_out_also_ends_the_session_at_the_provider(world: World) -> None:
    await world.account(PLAIN)
    async with world.browser() as browser:
        await world.signed_in(PLAIN, browser)
        answer = await browser.post("/api/auth/oidc/sign-out")
        assert answer.status_code == 200, answer.text
        address = answer.json()["data"]["redirect_url"]
        assert (await browser.get(ME)).status_code == 401
        page = await browser.get(address)
        assert page.status_code == 200
        assert page.url.path == "/session/end"
        parameters = parse_qs(urlsplit(address).query)
        assert parameters["post_logout_redirect_uri"] == [f"{world.running.base_url}/"]


async def logged_out_at_the_provider(browser: httpx2.AsyncClient, world: World) -> None:
    """Sign out on the provider's own page."""
    page = await browser.get(f"{world.provider.origin}/session/end")
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', page.text)
    assert xsrf is not None, page.text
    done = await browser.post(
        f"{world.provider.origin}/session/end/confirm",
        data={"xsrf": xsrf[1], "logout": "yes"},
    )
    assert done.status_code == 200, done.text


@pytest.mark.parametrize("by_session", [True, False])
async def test_provider_ends_sessions(world: World, by_session: bool) -> None:
    base = world.running.base_url
    await world.register(
        backchannel_logout_uri=f"{base}/api/auth/oidc/plain/logout",
        backchannel_logout_session_required=by_session,
    )
    await world.account(PLAIN)
    async with world.browser() as browser, world.browser() as other:
        await world.signed_in(PLAIN, browser)
        data = await world.signed_in(PLAIN, other)
        await logged_out_at_the_provider(browser, world)

        async def ended() -> bool:
            return (await browser.get(ME)).status_code == 401

        await until(ended)
        # The other browser has a session of its own at the provider.
        assert ((await other.get(ME)).status_code == 200) is by_session
    entries = AuditLog(world.database)
    user_id = data["user"]["user_id"]

    async def noted() -> bool:
        chosen = Selection(workspace_id="", action="account.sign_in", user_id=user_id)
        found = await entries.latest(chosen, None, 10)
        assert {(one.outcome, one.actor) for one in found} <= {("succeeded", "user")}
        ended = Selection(workspace_id="", action="account.sign_out_by_provider")
        return len(found) == 2 and bool(await entries.latest(ended, None, 1))

    await until(noted)


@pytest.mark.parametrize("body", ["", "logout_token=", "logout_token=a.b.c", "x=1"])
async def test_invalid_logout_tokens(world: World, body: str) -> None:
    async with world.browser() as browser:
        answer = await browser.post(
            "/api/auth/oidc/plain/logout",
            content=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


async def test_open_workspace_is_taken_along(world: World) -> None:
    """The session cookie of the open mode is shown at the first sign-in."""
    session = f"session_{uuid.uuid4().hex}"
    token = new_token()
    await world.database.execute(
        "INSERT INTO sessions (session_id, token_sha256, user_identifier, user_agent, ip_address,"
        " created_at, last_accessed_at, expires_at)"
        " VALUES (%s, %s, '', '', '', now(), now(), now() + interval '1 hour')",
        (session, hash_token(token)),
    )
    await world.account(PLAIN)
    async with world.browser() as browser:
        browser.cookies.set(COOKIE, token, domain="127.0.0.1")
        data = await world.signed_in(PLAIN, browser)
    assert session in {one["workspace_id"] for one in data["workspaces"]}


def test_setting_from_text() -> None:
    text = '[{"id": "a", "issuer": "https://id.example.org", "client_id": "us"}]'
    values: dict[str, Any] = {
        "secret_key": "k" * 32,
        "grpc_port": 0,
        "database_url": "postgresql://x",
    }
    (one,) = GatewaySettings(**values, oidc_providers=text).oidc_providers
    assert (one.id, one.label) == ("a", "a")
    for wrong in ("{}", "x", text.replace("]", f",{text[1:]}")):
        with pytest.raises(ValueError, match="oidc_providers"):
            GatewaySettings(**values, oidc_providers=wrong)
