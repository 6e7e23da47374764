import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.owners import token_of
from tests.e2e.stack import Stack
from tests.e2e.test_resumption import end
from tests.web.accessibility import assert_accessible
from tests.web.visitors import Visitors


def test_one_click_keeps_the_work_longer(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/people")
    expect(page.get_by_role("link", name="Kept until")).to_be_visible()
    page.get_by_role("button", name="Extend: keep the work 24 hours longer").click()
    expect(page.get_by_role("status").filter(has_text="Your work is kept until")).to_be_visible()
    left = page.evaluate("""async () => {
      const answer = await (await fetch('/api/sessions/current')).json();
      return (Date.parse(answer.data.expires_at) - Date.now()) / 3600000;
    }""")
    assert 23 < left <= 24


def test_language_and_colors_are_remembered(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/session")
    page.get_by_label("Language of the pages").select_option(label="Deutsch")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sitzung")
    page.get_by_label("Dunkel").check()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sitzung")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert_accessible(page)


def test_keys_of_transcripts_are_shown(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/session")
    shown = page.get_by_role("button", name="Keyboard shortcuts")
    shown.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Play or pause").first).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(shown).to_be_focused()


def test_everything_can_be_downloaded(visitors: Visitors, tmp_path: Path) -> None:
    page = visitors.page()
    page.goto("/session")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download everything").click()
    download.value.save_as(tmp_path / "archive.zip")
    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        assert "manifest.json" in archive.namelist()


def test_ending_a_session_warns_and_reaches_other_windows(visitors: Visitors, stack: Stack) -> None:
    page = visitors.page()
    page.goto("/session")
    expect(page.get_by_role("link", name="Kept until")).to_be_visible()
    other = page.context.new_page()
    other.goto("/queue")
    expect(other.get_by_text("Nothing is waiting")).to_be_visible()

    ask = page.get_by_role("button", name="End the session…")
    ask.press("Enter")
    dialog = page.get_by_role("dialog", name="End the session")
    expect(dialog).to_contain_text("cannot be undone")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(ask).to_be_focused()

    ask.press("Enter")
    dialog.get_by_role("button", name="End and erase everything").click()
    expect(page).to_have_url(f"{stack.base_url}/")
    notice = other.get_by_role("region", name="Ended session")
    expect(notice).to_contain_text("This session was ended")
    notice.get_by_role("button", name="Start a new session").click()
    expect(other.get_by_text("Nothing is waiting")).to_be_visible()
    expect(notice).to_be_hidden()


def test_work_of_an_expired_session_is_brought_back(
    visitors: Visitors, stack: Stack, sample: Path
) -> None:
    with stack.client() as client:
        with sample.open("rb") as file:
            number = client.upload_audio(file, auto_start=False)["transcription_id"]
        end(stack, client)
        token = token_of(client)
    page = visitors.page(token=token)
    page.goto("/people")
    notice = page.get_by_role("region", name="Ended session")
    expect(notice).to_be_visible()
    expect(page.get_by_text("Voices that are recognized")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert_accessible(page)
    notice.get_by_role("button", name="Bring back my work").click()
    expect(notice).to_be_hidden()
    expect(page.get_by_role("link", name="Kept until")).to_be_visible()
    listed = page.request.get("/api/transcription/list").json()["data"]["transcriptions"]
    assert [one["id"] for one in listed] == [number]


def test_work_that_is_gone_cannot_be_brought_back(visitors: Visitors) -> None:
    visitors.allow("status 40[19]|status of 40[19]")
    page = visitors.page(token="unknown")
    page.goto("/people")
    page.get_by_role("button", name="Bring back my work").click()
    expect(page.get_by_text("can no longer be brought back")).to_be_visible()
    expect(page.get_by_role("region", name="Ended session")).to_be_hidden()
