"""Transcripts that people share with each other, and what viewers see."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accounts import fresh_token
from tests.e2e.people import PASSWORD, Person, signed_in, user
from tests.e2e.stack import Stack, eventually
from tests.web.accessibility import assert_accessible, assert_fits
from tests.web.visitors import PHONE, Visitors


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


@pytest.fixture(scope="module")
def number(ada: Person, sample: Path) -> int:
    """Return a transcription of the administrator's workspace."""
    with sample.open("rb") as file:
        form = {"auto_start": "true", "language": "en"}
        uploaded = ada.ask("POST", "/transcription/upload", files={"file": file}, data=form)
    transcription_id: int = uploaded["transcription_id"]
    path = f"/transcription/status/{transcription_id}"
    eventually(lambda: ada.ask("GET", path)["status"] == "completed")
    return transcription_id


def read_only(page: Page) -> None:
    """Check that a transcript is there, and nothing to change it."""
    expect(page.get_by_role("button", name="Play from")).not_to_have_count(0)
    for name in ("Edit", "Undo", "Share", "Mark", "Process again"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    assert_accessible(page)
    page.set_viewport_size(PHONE)
    assert_fits(page)


def test_a_transcript_is_shared_with_a_person(
    visitors: Visitors, stack: Stack, ada: Person, number: int
) -> None:
    ben = user(stack, ada, "Ben")
    page = visitors.page(token=ada.token)
    page.goto(f"/t/{number}")
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share")
    people = dialog.get_by_role("region", name="People")
    people.get_by_label("Name or e-mail address").fill("Nobody")
    visitors.allow("404")
    people.get_by_role("button", name="Share").click()
    expect(people.get_by_role("alert")).to_be_visible()
    people.get_by_label("Name or e-mail address").fill("Ben")
    people.get_by_role("button", name="Share").click()
    expect(people.get_by_role("button", name="End sharing with Ben")).to_be_visible()
    assert_accessible(page)

    reader = visitors.page(token=ben.token, color_scheme="dark")
    reader.goto("/")
    reader.get_by_role("link", name="Shared with me").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Shared with me")
    assert_accessible(reader)
    reader.get_by_role("main").get_by_role("listitem").get_by_role("link").click()
    read_only(reader)
    reader.get_by_role("button", name="Play the sound").click()
    sound = reader.get_by_label("Sound of the recording")
    expect(sound).to_have_js_property("paused", False)

    people.get_by_role("button", name="End sharing with Ben").click()
    expect(people.get_by_role("listitem")).to_have_count(0)
    reader.get_by_role("button", name="TXT").click()
    expect(reader.get_by_text("Nobody shares anything with you yet.")).to_be_visible()


def test_viewers_of_a_workspace_change_nothing(
    visitors: Visitors, stack: Stack, ada: Person, number: int
) -> None:
    eve = user(stack, ada, "Eve")
    [workspace] = ada.ask("GET", "/workspaces")["workspaces"]
    path = f"/workspaces/{workspace['workspace_id']}"
    ada.ask("PUT", f"{path}/members/Eve", json={"role": "viewer"})
    eve.ask("POST", f"{path}/switch")
    page = visitors.page(token=eve.token)
    page.goto("/")
    expect(page.get_by_role("combobox", name="Workspace")).to_be_visible()
    expect(page.get_by_role("region", name="Add recordings")).to_have_count(0)
    page.goto(f"/t/{number}")
    read_only(page)
