"""Links to a transcript, and the page that they open."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.owners import asked, token_of
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.web.accessibility import assert_accessible, assert_fits
from tests.web.visitors import PHONE, Visitors


@pytest.fixture
def shared(stack: Stack, visitors: Visitors, sample: Path) -> Page:
    """Return the page of a transcript, with the dialog to share it."""
    with stack.client() as client:
        with sample.open("rb") as file:
            number = client.upload_audio(file, auto_start=True)["transcription_id"]
        state = client.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
        assert state["status"] == "completed", state
        asked(client, "PUT", f"/transcription/{number}", json={"title": "Council"})
        page = visitors.page(token=token_of(client))
    page.goto(f"/t/{number}")
    page.get_by_role("button", name="Share").click()
    return page


def looked_at(page: Page) -> None:
    """Check a page for everybody, on a desktop and on a phone."""
    assert_accessible(page)
    before = page.viewport_size
    page.set_viewport_size(PHONE)
    assert_fits(page)
    assert before is not None
    page.set_viewport_size(before)


def test_a_link_is_made_opened_and_revoked(visitors: Visitors, shared: Page) -> None:
    dialog = shared.get_by_role("dialog", name="Share")
    expect(dialog).to_contain_text("AUTH_MODE=accounts")
    dialog.get_by_label("For whom").fill("Printer")
    dialog.get_by_label("Password").fill("open sesame")
    dialog.get_by_role("button", name="Create a link").click()
    address = dialog.get_by_label("shown only now").input_value()
    assert "/shared#" in address
    looked_at(shared)

    # The answers that ask for a password and that tell of the end.
    visitors.allow("40[134]")
    page = visitors.page(color_scheme="dark")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has a password")
    looked_at(page)
    page.get_by_label("Password", exact=True).fill("a guess")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("The password is wrong")
    page.get_by_label("Password", exact=True).fill("open sesame")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Council")
    expect(page.get_by_role("button", name="Play from")).not_to_have_count(0)
    for name in ("Edit", "Undo", "Share", "Mark"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    looked_at(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="TXT").click()
    assert download.value.suggested_filename.endswith(".txt")
    page.get_by_role("button", name="Play the sound").click()
    sound = page.get_by_label("Sound of the recording")
    expect(sound).to_be_visible()
    expect(sound).to_have_js_property("paused", False)
    # Nothing of the link stays in the browser.
    assert page.context.cookies() == []

    dialog.get_by_role("button", name="Revoke Printer").click()
    expect(dialog.get_by_text("revoked")).to_be_visible()
    dialog.get_by_role("button", name=re.compile("use.*Printer")).click()
    expect(dialog.get_by_text("wrong password")).to_be_visible()
    page.get_by_role("button", name="TXT").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This link leads nowhere any more")
    looked_at(page)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("This link leads nowhere any more")


def test_a_link_without_sound(visitors: Visitors, shared: Page) -> None:
    dialog = shared.get_by_role("dialog", name="Share")
    dialog.get_by_label("Without the sound").check()
    dialog.get_by_role("button", name="Create a link").click()
    address = dialog.get_by_label("shown only now").input_value()
    visitors.allow("403")
    page = visitors.page(locale="ar", viewport=PHONE)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Council")
    page.get_by_role("button", name="تشغيل الصوت").click()
    expect(page.get_by_text("هذا النص دون صوت.")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
