"""Sign-in, the links to set a password, the account and its workspaces."""

from dataclasses import dataclass

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accounts import fresh_token
from tests.e2e.stack import Stack
from tests.integration.gateway.accounts import PASSWORD
from tests.web.accessibility import assert_accessible, assert_fits
from tests.web.visitors import PHONE, Visitors

#: The browser reports the answers to visitors who have not signed in.
_UNSIGNED = "401"


@pytest.fixture(scope="module")
def stack(accounts: Stack) -> Stack:
    """Return the product for people who sign in."""
    return accounts


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Leave the profiles alone, which these tests do not use."""


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """A user with a link to set the first password."""

    name: str
    path: str


def created(page: Page, name: str) -> Somebody:
    """Create a user as the administrator of a page."""
    cookies = page.context.cookies()
    session = next(one["value"] for one in cookies if one["name"] == "session_token")
    url = page.url.split("/", 3)
    answer = httpx2.post(
        f"{url[0]}//{url[2]}/api/users",
        json={"name": name},
        headers={"Authorization": f"Bearer {session}"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    return Somebody(name=name, path=answer.json()["data"]["link"]["path"])


def looked_at(page: Page) -> None:
    """Check a page for everybody, on a desktop and on a phone."""
    assert_accessible(page)
    before = page.viewport_size
    page.set_viewport_size(PHONE)
    assert_fits(page)
    assert before is not None
    page.set_viewport_size(before)


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill the form of the sign-in."""
    page.get_by_label("Name or e-mail address").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_people_come_in_and_work_in_workspaces(visitors: Visitors, stack: Stack) -> None:
    visitors.allow(_UNSIGNED)
    ada = visitors.page()
    ada.goto("/reset#forged")
    expect(ada.get_by_role("heading", level=1)).to_have_text("Set a password")
    ada.get_by_label("New password").fill(PASSWORD)
    ada.get_by_role("button", name="Set and sign in").click()
    expect(ada.get_by_role("alert")).to_contain_text("Ask an administrator for a new one")
    looked_at(ada)

    ada.goto("/people")
    expect(ada.get_by_role("heading", level=1)).to_have_text("Create the first administrator")
    ada.goto(f"/setup#{fresh_token(stack)}")
    ada.reload()
    ada.get_by_label("Name to sign in with").fill("Ada")
    ada.get_by_label("New password").fill(PASSWORD)
    looked_at(ada)
    ada.get_by_role("button", name="Create and sign in").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Library")
    bob = created(ada, "Bob")

    page = visitors.page(color_scheme="dark")
    page.goto("/vocabulary")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(page, "Bob", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    looked_at(page)
    page.goto(bob.path)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set and sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")

    page.get_by_role("link", name="Account: Bob").click()
    workspaces = page.get_by_role("region", name="Workspaces")
    workspaces.get_by_role("button", name="Create a workspace").click()
    dialog = page.get_by_role("dialog", name="Create a workspace")
    dialog.get_by_label("Name of the workspace").fill("Newsroom")
    looked_at(page)
    dialog.get_by_role("button", name="Create a workspace").click()
    expect(dialog).to_be_hidden()
    looked_at(page)
    page.get_by_role("button", name="Switch to Newsroom").click()
    chosen = page.get_by_role("combobox", name="Workspace")
    expect(chosen.locator("option:checked")).to_have_text("Newsroom")
    page.goto("/account")
    page.get_by_role("button", name="Delete Newsroom").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")
    expect(chosen).to_have_count(0)
    # The other workspace answers everything that the page asks for.
    page.wait_for_load_state("networkidle")

    page.goto("/account")
    page.get_by_label("Current password").fill("not the password")
    page.get_by_label("New password").fill("battery horse correct")
    visitors.allow("400")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert").filter(has_text="is wrong")).to_be_visible()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password was changed.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto("/vocabulary")
    sign_in(page, "Bob", "battery horse correct")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vocabulary")
