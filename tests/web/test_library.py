"""The library page, as people use it."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.recordings import excerpt
from tests.web.accessibility import assert_accessible
from tests.web.visitors import PHONE, Visitors

#: Milliseconds for a short recording to be transcribed on a busy machine.
READY = 240_000
#: Milliseconds for a short recording to be uploaded.
UPLOADED = 60_000


@pytest.fixture(scope="module")
def clip(sample: Path) -> bytes:
    """Return a recording of a few seconds."""
    return excerpt(sample, start=0, seconds=8)


def _file(name: str, content: bytes) -> Any:
    return {"name": name, "mimeType": "audio/wav", "buffer": content}


def _choose(page: Page, *files: Any) -> None:
    page.locator("input[type=file][multiple]").set_input_files(list(files))


def _store(page: Page, clip: bytes, *names: str) -> list[int]:
    """Upload recordings that are not processed, and show them."""
    page.goto("/")
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    ids = []
    for name in names:
        form: Any = {"file": _file(name, clip), "auto_start": "false"}
        answer = page.request.post("/api/transcription/upload", multipart=form)
        assert answer.status == 201
        ids.append(answer.json()["data"]["transcription_id"])
    page.goto("/")
    expect(_rows(page)).to_have_count(len(names))
    return ids


def _rows(page: Page) -> Locator:
    return page.locator("li[data-id]")


def test_an_upload_becomes_a_transcript_that_is_found(visitors: Visitors, clip: bytes) -> None:
    visitors.allow("api/uploads")
    page = visitors.page()
    page.goto("/")
    expect(page.get_by_text("Get your first transcript")).to_be_visible()
    _choose(page, _file("budget.wav", clip), _file("notes.wav", b"These are no sounds. " * 90))
    refused = page.locator("li[data-phase=refused]")
    expect(refused).to_contain_text("notes.wav", timeout=UPLOADED)
    expect(refused.locator(".text-danger-emphasis")).not_to_be_empty()
    refused.get_by_role("button", name="Cancel and remove notes.wav").click()
    expect(refused).to_have_count(0)
    expect(_rows(page).locator("[data-stage=ready]")).to_be_visible(timeout=READY)

    number = int(_rows(page).get_attribute("data-id") or 0)
    status = page.request.get(f"/api/transcription/status/{number}").json()["data"]
    word = max(re.findall(r"[a-z]+", status["full_transcript"].lower()), key=len)
    page.get_by_role("searchbox").fill(word)
    hit = page.locator("article a.hit", has_text=re.compile(word, re.IGNORECASE)).last
    expect(hit.locator("mark").first).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?q={word}$"))
    page.go_back()
    expect(_rows(page)).to_have_count(1)
    page.go_forward()
    hit.click()
    expect(page).to_have_url(re.compile(rf"/t/{number}(#t=[\d.]+)?$"))


def test_a_lost_network_only_interrupts_an_upload(visitors: Visitors, clip: bytes) -> None:
    visitors.allow("api/uploads|ERR_FAILED")
    page = visitors.page()
    failures, noticed = 0, False

    def cut(route: Route) -> None:
        nonlocal failures
        # Until the page was seen while it waits, however long that takes here.
        if failures >= 2 and noticed:
            route.continue_()
        else:
            failures += 1
            route.abort()

    page.route("**/api/uploads/*", cut)
    page.goto("/")
    _choose(page, _file("call.wav", clip))
    expect(page.locator("li[data-phase=retrying]")).to_contain_text(
        "The connection was lost.", timeout=UPLOADED
    )
    noticed = True
    expect(_rows(page)).to_have_count(1, timeout=UPLOADED)


def test_a_reload_offers_to_go_on_with_an_upload(page: Page, clip: bytes) -> None:
    page.goto("/")
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    name = base64.b64encode(b"long.wav").decode()
    start = base64.b64encode(b"false").decode()
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(clip)),
        "Upload-Metadata": f"filename {name},auto_start {start}",
        "Content-Type": "application/offset+octet-stream",
    }
    half = len(clip) // 2
    created = page.request.post("/api/uploads", headers=headers, data=clip[:half])
    assert created.headers["upload-offset"] == str(half)
    page.reload()
    left = page.locator("li[data-phase=unfinished]")
    expect(left).to_contain_text("long.wav")
    expect(left).to_contain_text("50%")

    offsets: list[str] = []
    page.on(
        "request",
        lambda one: (
            offsets.append(one.headers.get("upload-offset", "")) if one.method == "PATCH" else None
        ),
    )
    _choose(page, _file("long.wav", clip))
    expect(_rows(page)).to_have_count(1, timeout=UPLOADED)
    assert offsets == [str(half)]


def test_a_recording_that_is_there_is_not_sent_again(page: Page, clip: bytes) -> None:
    (number,) = _store(page, clip, "first.wav")
    _choose(page, _file("second.wav", clip))
    known = page.locator("li[data-phase=duplicate]")
    expect(known.get_by_role("link")).to_have_attribute("href", f"/t/{number}", timeout=UPLOADED)
    known.get_by_role("button", name="Upload anyway").click()
    expect(_rows(page)).to_have_count(2, timeout=UPLOADED)


def test_dropped_files_are_uploaded(page: Page, clip: bytes) -> None:
    page.goto("/")
    page.get_by_text("Options for the next uploads").click()
    page.get_by_label("Transcribe at once").uncheck()
    page.get_by_label("Speakers").select_option("Between …")
    page.get_by_label("At least").fill("2")
    page.get_by_label("At most").fill("3")
    assert_accessible(page)
    page.evaluate(
        """(content) => {
          const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], 'dropped.wav'));
          document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
        }""",
        base64.b64encode(clip).decode(),
    )
    expect(_rows(page)).to_contain_text("dropped.wav", timeout=UPLOADED)
    expect(_rows(page)).to_contain_text("Not started")
    number = _rows(page).get_attribute("data-id")
    status = page.request.get(f"/api/transcription/status/{number}").json()["data"]
    assert status["speakers_requested"] == {
        "num_speakers": None,
        "min_speakers": 2,
        "max_speakers": 3,
    }
    page.reload()
    page.get_by_text("Options for the next uploads").click()
    expect(page.get_by_label("Transcribe at once")).not_to_be_checked()
    expect(page.get_by_label("At most")).to_have_value("3")


def test_titles_tags_folders_and_favorites_are_kept_and_filter(page: Page, clip: bytes) -> None:
    _store(page, clip, "a.wav", "b.wav", "c.wav")
    page.get_by_role("button", name="Folders and tags").click()
    shelf = page.get_by_role("dialog")
    shelf.get_by_label("New folder").fill("Clients")
    page.keyboard.press("Enter")
    expect(shelf.get_by_label("Name of Clients")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Folders and tags")).to_be_focused()

    page.get_by_role("button", name="Edit title, folder and tags of b.wav").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("Board meeting")
    dialog.get_by_label("Folder").select_option(label="Clients")
    dialog.get_by_label("Tags").fill("Budget")
    assert_accessible(page)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Favorite: c.wav").click()
    row = _rows(page).filter(has_text="Board meeting")
    expect(row).to_contain_text("Clients")
    expect(row).to_contain_text("Budget")

    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Tag", exact=True).select_option(label="Budget (1)")
    expect(_rows(page)).to_have_count(1)
    expect(_rows(page).locator(".fw-medium")).to_have_text("Board meeting")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Favorites only").check()
    expect(page).to_have_url("/?favorite=1")
    expect(_rows(page)).to_have_count(1)
    expect(_rows(page).locator(".fw-medium")).to_have_text("c.wav")
    page.go_back()
    page.go_back()
    expect(_rows(page).filter(has_text="Board meeting")).to_have_count(1)
    expect(_rows(page)).to_have_count(1)


def test_many_are_trashed_restored_and_deleted_by_keyboard(page: Page, clip: bytes) -> None:
    _store(page, clip, "a.wav", "b.wav", "c.wav")
    page.get_by_label("Select c.wav").focus()
    page.keyboard.press("Space")
    page.get_by_label("Select a.wav").click(modifiers=["Shift"])
    expect(page.get_by_role("toolbar")).to_contain_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar")).to_have_count(0)
    page.keyboard.press("Control+a")
    expect(page.get_by_role("toolbar")).to_contain_text("3 selected")
    page.keyboard.press("Delete")
    expect(page.get_by_text("3 recordings moved to the trash.")).to_be_visible()
    expect(_rows(page)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(_rows(page)).to_have_count(3)

    page.get_by_role("button", name="Move b.wav to the trash").press("Enter")
    expect(_rows(page)).to_have_count(2)
    expect(_rows(page).get_by_role("link", name="a.wav")).to_be_focused()
    page.get_by_role("link", name="Trash", exact=True).click()
    expect(_rows(page)).to_contain_text("Kept until")
    page.get_by_role("button", name="Delete b.wav for good").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("This cannot be undone.")
    assert_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").press("Enter")
    expect(page.get_by_text("The trash is empty.")).to_be_visible()


def test_tabs_agree(page: Page, clip: bytes) -> None:
    _store(page, clip, "a.wav")
    other = page.context.new_page()
    other.goto("/")
    expect(_rows(other)).to_have_count(1)
    page.get_by_role("button", name="Move a.wav to the trash").click()
    expect(_rows(other)).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_full_lists_are_accessible_on_phones(visitors: Visitors, clip: bytes, scheme: Any) -> None:
    page = visitors.page(viewport=PHONE, color_scheme=scheme)
    long = f"{'A very long name of a recording ' * 4}{'without' * 12}.wav"
    _store(page, clip, long, "b.wav")
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("Favorites only")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
