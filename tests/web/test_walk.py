"""Two people, two workspaces and one link, walked through with every control that each role has."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accounts import fresh_token
from tests.e2e.people import PASSWORD, Person, signed_in, user
from tests.e2e.stack import Stack, eventually
from tests.web.test_accounts import looked_at
from tests.web.visitors import PHONE, Visitors

#: Pages that show the things of a workspace.
PAGES = ("/", "/?view=trash", "/record", "/people", "/vocabulary", "/queue", "/session")
#: Names of buttons that change something.
_CHANGES = ("Trash", "Delete", "Change", "Add", "Rename", "Forget", "Try again", "Start", "Restore")


@dataclass(frozen=True, kw_only=True)
class World:
    """Ann's recording in the newsroom, and Ben, who has an archive."""

    ann: Person
    ben: Person
    newsroom: str
    archive: str
    number: int


@pytest.fixture(scope="module")
def stack(accounts: Stack) -> Stack:
    """Return the product for people who sign in."""
    return accounts


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Leave the profiles alone, which these tests do not use."""


def workspace_of(person: Person, name: str) -> str:
    """Name the only workspace of a person, and return its identifier."""
    [workspace] = person.ask("GET", "/workspaces")["workspaces"]
    identifier: str = workspace["workspace_id"]
    person.ask("PUT", f"/workspaces/{identifier}", json={"name": name})
    return identifier


@pytest.fixture(scope="module")
def world(stack: Stack, sample: Path) -> World:
    """Make everybody and everything."""
    token = fresh_token(stack)
    ann = signed_in(stack, "/auth/setup", setup_token=token, name="Ann", password=PASSWORD)
    ben = user(stack, ann, "Ben")
    newsroom, archive = workspace_of(ann, "Newsroom"), workspace_of(ben, "Archive")
    with sample.open("rb") as file:
        form = {"auto_start": "true", "language": "en"}
        uploaded = ann.ask("POST", "/transcription/upload", files={"file": file}, data=form)
    number: int = uploaded["transcription_id"]
    path = f"/transcription/status/{number}"
    eventually(lambda: ann.ask("GET", path)["status"] == "completed")
    ann.ask("PUT", f"/transcription/{number}", json={"title": "Council"})
    ann.ask("POST", "/vocabulary/terms", json={"text": "Mayor Quimby"})
    ann.ask("POST", "/vocabulary/corrections", json={"heard": "quinby", "meant": "Quimby"})
    ann.ask("POST", "/speakers", json={"name": "Mayor"})
    return World(ann=ann, ben=ben, newsroom=newsroom, archive=archive, number=number)


def nothing_to_change(page: Page) -> None:
    """Check that the content of a page has no control that a viewer is refused."""
    main = page.get_by_role("main")
    for name in _CHANGES:
        expect(main.get_by_role("button", name=name)).to_have_count(0)
    expect(main.locator("input[type=file], input[type=checkbox]")).to_have_count(0)


def test_viewers_walk_through_all_pages(visitors: Visitors, world: World) -> None:
    members = f"/workspaces/{world.newsroom}/members"
    world.ann.ask("PUT", f"{members}/Ben", json={"role": "viewer"})
    world.ben.ask("POST", f"/workspaces/{world.newsroom}/switch")
    page = visitors.page(token=world.ben.token)
    for address in PAGES:
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        if address != "/session":
            nothing_to_change(page)
    page.goto("/people")
    page.get_by_role("button", name="Mayor").click()
    page.wait_for_load_state("networkidle")
    nothing_to_change(page)
    page.goto("/")
    page.get_by_role("link", name="Council").click()
    expect(page.get_by_role("button", name="Play from")).not_to_have_count(0)
    nothing_to_change(page)
    looked_at(page)
    world.ben.ask("POST", f"/workspaces/{world.archive}/switch")
    world.ann.ask("DELETE", f"{members}/{world.ben.user_id}")


def test_a_workspace_gets_a_share_and_its_members_write_notes(
    visitors: Visitors, world: World
) -> None:
    page = visitors.page(token=world.ann.token)
    page.goto(f"/t/{world.number}")
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share")
    people = dialog.get_by_role("region", name="People and workspaces")
    people.get_by_label("a workspace").check()
    people.get_by_label("Name or identifier of the workspace").fill(world.archive)
    people.get_by_label("May").select_option("commenter")
    people.get_by_role("button", name="Share").click()
    expect(people.get_by_role("button", name="End sharing with Archive")).to_be_visible()
    looked_at(page)

    reader = visitors.page(token=world.ben.token, color_scheme="dark")
    reader.goto("/with-me")
    reader.get_by_role("link", name="Council").click()
    reader.get_by_role("button", name="Add a note to").first.click()
    reader.get_by_label("Note on this segment").fill("Who is this?")
    reader.get_by_role("button", name="Save note").click()
    note = reader.get_by_label("Note", exact=True)
    expect(note).to_have_value("Who is this?")
    looked_at(reader)
    note.fill("Who is speaking?")
    with reader.expect_response(lambda answer: answer.url.endswith("/edits")):
        note.press("Tab")
    # The editor's page shows notes of others, and changes.
    page.keyboard.press("Escape")
    page.reload()
    expect(page.get_by_label("Note", exact=True)).to_have_value("Who is speaking?")
    # Bookmarks of the page with all tools lead to the one with those that the role permits.
    reader.goto(f"/t/{world.number}")
    expect(reader.get_by_role("button", name="Add a note to")).not_to_have_count(0)
    for name in ("Edit", "Undo", "Share", "Process again"):
        expect(reader.get_by_role("button", name=name, exact=True)).to_have_count(0)
    reader.get_by_role("button", name="Delete note").click()
    expect(reader.get_by_label("Note", exact=True)).to_have_count(0)

    page.get_by_role("button", name="Share").click()
    people.get_by_role("button", name="End sharing with Archive").click()
    expect(people.get_by_role("listitem")).to_have_count(0)


def test_shared_editors_edit_and_nothing_else(visitors: Visitors, world: World) -> None:
    path = f"/transcriptions/{world.number}/shares"
    world.ann.ask("POST", path, json={"user": "Ben", "role": "editor"})
    page = visitors.page(token=world.ben.token)
    page.goto("/with-me")
    page.get_by_role("link", name="Council").click()
    tools = page.get_by_role("group", name="Tools")
    expect(tools.get_by_role("button", name="Undo")).to_be_visible()
    for name in ("Share", "Process again"):
        expect(tools.get_by_role("button", name=name)).to_have_count(0)
    tools.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_role("button", name="Preview")).to_have_count(0)
    star = page.get_by_role("button", name="Star").first
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    for name in ("History", "Export"):
        tools.get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        page.keyboard.press("Escape")
    page.wait_for_load_state("networkidle")
    looked_at(page)


def test_a_link_shows_notes_and_nothing_to_write(visitors: Visitors, world: World) -> None:
    page_of_ann = world.ann.ask(
        "GET", f"/transcription/{world.number}/transcript", params={"words": True}
    )
    word = page_of_ann["segments"][0]["words"][0]["id"]
    note = {"type": "add_note", "first": word, "last": word, "text": "Check the name"}
    world.ann.ask(
        "POST",
        f"/transcription/{world.number}/edits",
        json={"operations": [note]},
        headers={"If-Match": f'"{page_of_ann["revision"]}"'},
    )
    link = world.ann.ask("POST", f"/transcriptions/{world.number}/links", json={})
    page = visitors.page(viewport=PHONE)
    page.goto(link["path"])
    expect(page.get_by_text("Check the name")).to_be_visible()
    expect(page.get_by_role("button", name="Add a note")).to_have_count(0)
    nothing_to_change(page)
    looked_at(page)
    other = visitors.page(token=world.ben.token)
    visitors.allow("404")
    other.goto(f"/t/{world.number + 1000}")
    expect(other.get_by_role("alert")).to_be_visible()
