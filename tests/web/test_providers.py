"""Sign-in with a provider in the browser, at a real one in several shapes."""

import asyncio
import json
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from playwright.sync_api import expect

from devstack.testing import embedded_servers, running_services
from tests.e2e.accounts import fresh_token
from tests.e2e.people import PASSWORD, signed_in
from tests.e2e.stack import Stack
from tests.limits import UNLIMITED
from tests.oidc_provider import PACKAGE, SHAPES, RunningProvider, Shape, running_provider
from tests.web.test_accounts import looked_at
from tests.web.visitors import Visitors

#: The browser reports the answers to visitors who have not signed in.
_UNSIGNED = "401"


class Loop:
    """An event loop in another thread, since Playwright occupies the one of the tests."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._threads = ThreadPoolExecutor(1)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return the result of a coroutine."""
        return self._threads.submit(self._loop.run_until_complete, work).result()

    def enter(self, context: AbstractAsyncContextManager[Any]) -> Any:
        """Enter a context."""
        return self.run(context.__aenter__())

    def leave(self, context: AbstractAsyncContextManager[Any]) -> None:
        """Leave a context."""
        self.run(context.__aexit__(None, None, None))
        self._threads.submit(self._loop.close).result()
        self._threads.shutdown()


@pytest.fixture(scope="module")
def loop() -> Loop:
    """Return the loop in which the provider runs."""
    return Loop()


@pytest.fixture(scope="module")
def provider(loop: Loop) -> Iterator[RunningProvider]:
    """Run the provider."""
    if not PACKAGE.is_dir():
        pytest.fail("the sign-in provider of the tests is missing: run 'make test'")
    context = running_provider()
    yield loop.enter(context)
    loop.leave(context)


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, provider: RunningProvider, loop: Loop
) -> Iterator[Stack]:
    """Run the whole product for people who sign in with the provider."""
    settings = [provider.settings(shape) for shape in SHAPES]
    gateway = {"OIDC_PROVIDERS": json.dumps(settings)}
    overrides = {"*": {**UNLIMITED, "AUTH_MODE": "accounts"}, "gateway": gateway}
    with (
        embedded_servers(tmp_path_factory.mktemp("providers")) as servers,
        running_services(servers, overrides=overrides) as services,
    ):
        running = Stack(servers=servers, services=services)
        base = running.base_url
        redirects = [f"{base}/api/auth/oidc/{shape.name}/callback" for shape in SHAPES]
        client = {"redirect_uris": redirects, "post_logout_redirect_uris": [f"{base}/"]}
        loop.run(provider.control(client=client))
        token = fresh_token(running)
        signed_in(running, "/auth/setup", setup_token=token, name="Ada", password=PASSWORD)
        yield running


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Leave the profiles alone, which these tests do not use."""


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_button_leads_to_the_provider_and_back(
    visitors: Visitors, provider: RunningProvider, loop: Loop, shape: Shape
) -> None:
    visitors.allow(_UNSIGNED)
    name = f"Zoe {shape.name}"
    claims = {"preferred_username": f"zoe-{shape.name}", "name": name}
    account = {"sub": f"sub-{uuid.uuid4().hex}", **shape.claims(), **claims}
    loop.run(provider.control(account=account))
    page = visitors.page()
    page.goto("/vocabulary?from=mail")
    others = page.get_by_role("list", name="Other ways to sign in")
    expect(others.get_by_role("link")).to_have_count(len(SHAPES))
    looked_at(page)
    others.get_by_role("link", name=f"Sign in with The {shape.name} one").click()
    # The page that was asked for, as the person whom the provider names.
    expect(page.get_by_role("heading", level=1)).to_have_text("Vocabulary")
    expect(page).to_have_url("/vocabulary?from=mail")
    page.get_by_role("link", name=f"Account: {name}").click()
    # Without a password here, there is none to change.
    expect(page.get_by_role("region", name="Access tokens")).to_be_visible()
    expect(page.get_by_role("region", name="Password")).to_have_count(0)
    looked_at(page)


def test_somebody_whom_the_provider_refuses_can_try_again(
    visitors: Visitors, provider: RunningProvider, loop: Loop
) -> None:
    visitors.allow("40[13]")
    loop.run(provider.control(account={"sub": "nobody", "refuses": True}))
    page = visitors.page(color_scheme="dark")
    page.goto("/")
    page.get_by_role("link", name="Sign in with The plain one").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")
    looked_at(page)
    loop.run(provider.control(account={"sub": f"sub-{uuid.uuid4().hex}", "name": "Max"}))
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")
