"""From a recording to the exported, corrected transcript, by the keyboard alone."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS
from tests.web.visitors import Visitors

READY = JOB_SECONDS * 1000


def test_keyboard_alone_leads_to_a_corrected_document(visitors: Visitors, sample: Path) -> None:
    page = visitors.page()
    page.goto("/")
    clip = excerpt(sample, start=7, seconds=8)
    page.get_by_label(re.compile("^Choose files")).set_input_files(
        {"name": "call.wav", "mimeType": "audio/wav", "buffer": clip}
    )
    row = page.locator("li[data-id]")
    expect(row.locator("[data-stage]")).to_be_visible()
    expect(row.locator("[data-stage=ready]")).to_be_visible(timeout=READY)
    link = row.get_by_role("link").first
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("feed")).to_have_attribute("aria-busy", "false")

    _correct(page)
    _name(page)
    with page.expect_download() as download:
        _export(page)
    rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert any("Diane" in one and "Heureka" in one for one in rows), rows

    page.keyboard.press("Escape")
    page.get_by_role("link", name="Library").press("Enter")
    page.get_by_role("searchbox").press_sequentially("heureka")
    expect(page.locator("article a.hit mark")).to_have_text("Heureka")
    page.get_by_role("searchbox").fill("")
    row.get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Delete")
    expect(row).to_have_count(0)


def _correct(page: Page) -> None:
    """Write a word, split behind it, and take the split back."""
    segment = page.get_by_role("article").first
    segment.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name=re.compile("^Text of"))).to_be_focused()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Heureka ")
    saved = page.locator("[data-state]")
    expect(saved).to_have_attribute("data-state", "saved")
    count = page.get_by_role("article").count()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(count + 1)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("article")).to_have_count(count)
    expect(segment).to_contain_text("Heureka")


def _name(page: Page) -> None:
    name = page.get_by_label("Name of Speaker_1")
    name.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Diane")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="Diane").first).to_be_visible()


def _export(page: Page) -> None:
    page.get_by_role("button", name="Export", exact=True).press("Enter")
    page.get_by_label("Format").select_option("csv")
    page.get_by_role("link", name="Download").press("Enter")
