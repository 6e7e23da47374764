"""Pages of members, users, the audit log, and the own sign-ins."""

import csv
import io
import json
import re
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accounts import fresh_token
from tests.e2e.people import PASSWORD, Person, signed_in, user
from tests.e2e.stack import Stack, eventually
from tests.web.test_accounts import looked_at
from tests.web.visitors import Visitors


@pytest.fixture(scope="module")
def stack(accounts: Stack) -> Stack:
    """Return the product for people who sign in."""
    return accounts


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Leave the profiles alone, which these tests do not use."""


@pytest.fixture(scope="module")
def ada(stack: Stack) -> Person:
    """Return the administrator."""
    token = fresh_token(stack)
    return signed_in(stack, "/auth/setup", setup_token=token, name="Ada", password=PASSWORD)


def downloaded(page: Page, link: str) -> str:
    """Return the text of a file that a link saves."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def logged(stack: Stack, user_id: str) -> set[str]:
    """Return the actions of a user in the audit log. The API adds an entry for each question."""
    url = stack.servers.environment("gateway")["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        query = "SELECT action FROM audit_entries WHERE user_id = %s"
        return {action for (action,) in connection.execute(query, (user_id,))}


def test_managers_add_and_remove_members(visitors: Visitors, stack: Stack, ada: Person) -> None:
    ben = user(stack, ada, "Ben")
    page = visitors.page(token=ada.token)
    page.goto("/account")
    page.get_by_role("navigation", name="Pages of the account").get_by_text("Workspace").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Workspace: Ada")
    page.get_by_label("Name of the workspace").fill("Newsroom")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Workspace: Newsroom")

    members = page.get_by_role("region", name="Members")
    visitors.allow("40[49]")
    members.get_by_label("Name or e-mail address").fill("Nobody")
    members.get_by_role("button", name="Add").click()
    expect(members.get_by_role("alert")).to_contain_text("no user with this name")
    members.get_by_label("Name or e-mail address").fill("Ben")
    members.get_by_label("Role", exact=True).select_option("viewer")
    members.get_by_role("button", name="Add").click()
    expect(members.get_by_label("Role of Ben")).to_have_value("viewer")
    expect(members.get_by_role("alert")).to_be_hidden()
    looked_at(page)

    settings = page.get_by_role("region", name="Retention and limits")
    settings.get_by_label("Days in the trash").fill("0.5")
    # Coming back to the page reads the settings again, and keeps what was typed.
    with page.expect_response(lambda answer: answer.url.endswith("/settings")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    settings.get_by_label("Gigabytes of stored recordings").fill("1")
    expect(settings.get_by_label("Days in the trash")).to_have_value("0.5")
    settings.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_text("The settings were saved.")).to_be_visible()

    visitor = visitors.page(token=ben.token, color_scheme="dark")
    visitor.goto("/")
    visitor.get_by_role("combobox", name="Workspace").select_option("Newsroom")
    expect(visitor.get_by_role("region", name="Add recordings")).to_have_count(0)
    visitor.goto("/workspace")
    shown = visitor.get_by_role("region", name="Members")
    expect(shown.get_by_text("Viewer: reads and exports")).to_be_visible()
    expect(shown.get_by_role("combobox")).to_have_count(0)
    expect(shown.get_by_role("button", name="Remove")).to_have_count(0)
    limits = visitor.get_by_role("region", name="Retention and limits")
    expect(limits).to_contain_text("1 GB")
    expect(limits.get_by_role("button")).to_have_count(0)
    looked_at(visitor)
    # The new role is there at once, without loading the page again.
    members.get_by_label("Role of Ben").select_option("manager")
    expect(shown.get_by_label("Role of Ada")).to_be_visible()
    members.get_by_label("Role of Ben").select_option("viewer")
    expect(shown.get_by_label("Role of Ada")).to_have_count(0)

    members.get_by_label("Role of Ada").select_option("editor")
    expect(page.get_by_text("no manager any more")).to_be_visible()
    expect(members.get_by_label("Role of Ada")).to_have_value("manager")
    # A page may connect again before it has left a workspace that is closed to it.
    visitors.allow("/ws.* 403")
    members.get_by_role("button", name="Remove Ben").click()
    dialog = page.get_by_role("dialog", name="Remove the member")
    expect(dialog).to_contain_text("will not see anything")
    looked_at(page)
    dialog.get_by_role("button", name="Remove").click()
    expect(members.get_by_role("listitem")).to_have_count(1)
    # The page of the removed one goes on in the own workspace.
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Library")
    expect(visitor.get_by_role("region", name="Add recordings")).to_be_visible()
    visitor.wait_for_load_state("networkidle")


def test_administrators_manage_users(visitors: Visitors, ada: Person) -> None:
    page = visitors.page(token=ada.token)
    page.goto("/users")
    page.get_by_role("button", name="Create a user").click()
    dialog = page.get_by_role("dialog", name="Create a user")
    dialog.get_by_label("Name to sign in with").fill("Ada")
    visitors.allow("40[19]")
    dialog.get_by_role("button", name="Create a user").click()
    expect(dialog.get_by_role("alert")).to_have_text("Another user has this name.")
    dialog.get_by_label("Name to sign in with").fill("cleo")
    dialog.get_by_label("Name that others see").fill("Cleo Nile")
    looked_at(page)
    dialog.get_by_role("button", name="Create a user").click()
    link = dialog.get_by_label("shown only now").input_value()
    looked_at(page)
    dialog.get_by_text("Close", exact=True).click()

    cleo = visitors.page(locale="ar", color_scheme="dark")
    cleo.goto(link)
    cleo.locator("input[autocomplete=new-password]").fill(PASSWORD)
    cleo.get_by_role("main").get_by_role("button").click()
    expect(cleo).to_have_url("/")

    page.get_by_label("Search by name").fill("nile")
    users = page.get_by_role("list", name="Users")
    expect(users.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_text("1 user", exact=True)).to_be_visible()
    users.get_by_role("button", name="Change Cleo Nile").click()
    dialog = page.get_by_role("dialog", name="Change cleo")
    dialog.get_by_label("E-mail address").fill("cleo@example.org")
    dialog.get_by_role("button", name="Save").click()
    expect(users.get_by_text("cleo@example.org")).to_be_visible()
    looked_at(page)
    users.get_by_role("button", name="Password link for Cleo Nile").click()
    dialog = page.get_by_role("dialog", name="Link to set a password")
    assert "/reset#" in dialog.get_by_label("shown only now").input_value()
    page.keyboard.press("Escape")

    users.get_by_role("button", name="Disable Cleo Nile").click()
    dialog = page.get_by_role("dialog", name="Disable the user")
    dialog.get_by_role("button", name="Disable").click()
    expect(users.get_by_text("disabled", exact=True)).to_be_visible()
    # The page of the user tells that the sign-in has ended, perhaps after it tried to connect.
    visitors.allow("/ws' failed: HTTP Authentication failed")
    expect(cleo.locator(".alert-warning")).to_be_visible()
    users.get_by_role("button", name="Enable Cleo Nile").click()
    expect(users.get_by_text("disabled", exact=True)).to_have_count(0)

    users.get_by_role("button", name="Delete Cleo Nile").click()
    dialog = page.get_by_role("dialog", name="Delete the user")
    expect(dialog).to_contain_text("1 workspace has no other member. All its recordings")
    looked_at(page)
    dialog.get_by_role("button", name="Delete and erase for good").click()
    expect(users.get_by_role("listitem")).to_have_count(0)


def test_the_audit_log_is_filtered_and_saved(visitors: Visitors, stack: Stack, ada: Person) -> None:
    dan = user(stack, ada, "Dan")
    [workspace] = [one for one in ada.ask("GET", "/workspaces")["workspaces"] if one["active"]]
    path = f"/workspaces/{workspace['workspace_id']}"
    ada.ask("PUT", f"{path}/members/Dan", json={"role": "editor"})
    dan.ask("POST", f"{path}/switch")
    dan.ask("POST", "/tags", json={"name": "Urgent"})
    assert dan.status("DELETE", f"{path}/members/{ada.user_id}") == 403
    # Services publish their entries, and the page reads the log once.
    eventually(lambda: {"tag.create", "member.remove"} <= logged(stack, dan.user_id))

    page = visitors.page(token=ada.token)
    page.goto("/audit")
    entries = page.get_by_role("list", name="Audit log").locator("> li")
    expect(entries.filter(has_text="Tag: create").first).to_contain_text("By Dan")
    looked_at(page)
    page.get_by_label("About").select_option("tag")
    expect(entries).to_have_count(1)
    page.get_by_label("About").select_option("")
    page.get_by_label("Outcome").select_option("refused")
    expect(entries).to_have_count(1)
    expect(entries).to_contain_text("Member: remove")
    entries.get_by_text("Details").click()
    expect(entries).to_contain_text("PERMISSION_DENIED")
    page.get_by_label("Outcome").select_option("")
    entries.filter(has_text="Tag: create").get_by_role("button", name="Dan").click()
    expect(page.get_by_label("Person")).to_have_value(dan.user_id)
    expect(entries.filter(has_text="By Ada")).to_have_count(0)
    expect(page).to_have_url(re.compile(dan.user_id))
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "Save as a table"))))
    assert rows
    assert {row["user_id"] for row in rows} == {dan.user_id}
    lines = downloaded(page, "Save as JSON lines").splitlines()
    assert [json.loads(line)["action"] for line in lines] == [row["action"] for row in rows]

    page.get_by_label("First day").fill("2001-01-01")
    page.get_by_label("Last day").fill("2001-01-31")
    expect(entries).to_have_text(["There are no such entries."])
    page.go_back()
    page.get_by_label("Entries of").select_option("deployment")
    page.get_by_label("First day").fill("")
    page.get_by_label("Last day").fill("")
    setup = entries.filter(has_text="Account: create the first administrator")
    expect(setup.first).to_contain_text("By Ada")
    looked_at(page)

    other = visitors.page(token=dan.token)
    for address, text in (("/audit", "Only managers"), ("/users", "Only administrators")):
        other.goto(address)
        expect(other.get_by_text(text)).to_be_visible()
    links = other.get_by_role("navigation", name="Pages of the account").get_by_role("link")
    expect(links).to_have_text(["Account", "Workspace"])


def test_people_rename_themselves_and_end_sign_ins(
    visitors: Visitors, stack: Stack, ada: Person
) -> None:
    eve = user(stack, ada, "Eve")
    page = visitors.page(token=eve.token)
    page.goto("/account")
    page.get_by_label("Name that others see").fill("Eve Adams")
    page.get_by_role("button", name="Change the name").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Eve Adams")).to_be_visible()

    later = signed_in(stack, "/auth/sign-in", name="eve", password=PASSWORD)
    elsewhere = visitors.page(token=later.token)
    elsewhere.goto("/account")
    visitors.allow("401")
    page.reload()
    sign_ins = page.get_by_role("region", name="Sign-ins")
    expect(sign_ins.get_by_role("listitem")).to_have_count(2)
    expect(sign_ins.get_by_text("this one")).to_be_visible()
    looked_at(page)
    sign_ins.get_by_role("button", name="End the sign-in with").click()
    expect(sign_ins.get_by_role("listitem")).to_have_count(1)
    expect(elsewhere.get_by_role("region", name="Ended session")).to_be_visible()
    assert later.status("GET", "/auth/me") == 401

    again = signed_in(stack, "/auth/sign-in", name="eve", password=PASSWORD)
    page.reload()
    sign_ins.get_by_role("button", name="End all others").click()
    expect(page.get_by_text("Your other sign-ins have ended.")).to_be_visible()
    assert again.status("GET", "/auth/me") == 401
    assert eve.status("GET", "/auth/me") == 200


def test_administrators_see_the_system_without_a_token(
    visitors: Visitors, stack: Stack, ada: Person
) -> None:
    lea = user(stack, ada, "Lea")
    page = visitors.page(token=ada.token)
    page.goto("/system")
    expect(page.get_by_role("heading", name="Storage")).to_be_visible()
    expect(page.get_by_label("Token")).to_have_count(0)
    expect(page.get_by_role("button", name="Forget the token")).to_have_count(0)
    looked_at(page)
    row = page.get_by_role("region", name="Workspaces").get_by_role("listitem")
    expect(row.filter(has_text="Lea")).to_contain_text("members: 1")
    page.get_by_role("button", name="Limits of Lea").click()
    dialog = page.get_by_role("dialog", name="Lea")
    dialog.get_by_label("Gigabytes of stored recordings").fill("2")
    # Retention is for the managers of the workspace.
    expect(dialog.get_by_label("Days in the trash")).to_have_count(0)
    looked_at(page)
    dialog.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_text("The settings were saved.")).to_be_visible()
    own = lea.ask("GET", "/workspaces")["workspaces"][0]["workspace_id"]
    settings = lea.ask("GET", f"/workspaces/{own}/settings")
    assert settings["own"]["stored_bytes"] == 2_000_000_000
