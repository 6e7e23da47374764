"""Pictures of the pages of people and rights, written by `make screenshots`."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.accounts import accounts_stack, fresh_token
from tests.e2e.people import PASSWORD, Person, signed_in, user
from tests.e2e.stack import Stack
from tests.web.screenshots import DIRECTORY, LOOKS
from tests.web.visitors import Visitors

PAGES = ("account", "workspace", "users", "audit", "with-me", "system")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the whole product for people who sign in."""
    yield from accounts_stack(tmp_path_factory.mktemp("accounts"))


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Leave the profiles alone, which these pictures do not show."""


@pytest.fixture(scope="module")
def ada(stack: Stack) -> Person:
    """Return the administrator of a newsroom with two more members."""
    token = fresh_token(stack)
    ada = signed_in(stack, "/auth/setup", setup_token=token, name="Ada", password=PASSWORD)
    [workspace] = ada.ask("GET", "/workspaces")["workspaces"]
    path = f"/workspaces/{workspace['workspace_id']}"
    ada.ask("PUT", path, json={"name": "Newsroom"})
    for name, role in (("Ben", "editor"), ("Cleo", "viewer")):
        user(stack, ada, name)
        ada.ask("PUT", f"{path}/members/{name}", json={"role": role})
    return ada


@pytest.mark.parametrize("look", LOOKS)
def test_pictures_of_people_and_rights(visitors: Visitors, ada: Person, look: str) -> None:
    visitors.allow("401")
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    page = visitors.page(token=ada.token, **LOOKS[look])
    for name in PAGES:
        page.goto(f"/{name}")
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"\S"))
        page.wait_for_load_state("networkidle")
        path = DIRECTORY / f"{name}-{look}.png"
        page.screenshot(path=path, animations="disabled", full_page=True)
        assert path.stat().st_size > 0
    stranger = visitors.page(**LOOKS[look])
    for name, address in (("sign-in", "/"), ("reset", "/reset#token")):
        stranger.goto(address)
        expect(stranger.get_by_role("heading", level=1)).to_have_text(re.compile(r"\S"))
        stranger.screenshot(path=DIRECTORY / f"{name}-{look}.png", animations="disabled")
