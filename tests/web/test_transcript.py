"""The page of a transcript: listening, editing, speakers, history and export."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS, Stack, eventually
from tests.web.accessibility import assert_accessible
from tests.web.visitors import PHONE, Visitors

#: Dialogs and the keys that open them.
_DIALOGS = {"w": "Who speaks?", "n": "Add a note", "h": "History", "x": "Export", "?": "Keyboard"}


@dataclass(frozen=True, kw_only=True)
class Transcribed:
    """A transcription and the token of its session."""

    token: str
    address: str


@pytest.fixture(scope="module")
def transcribed(stack: Stack, sample: Path) -> Transcribed:
    """Transcribe the sample for the tests of this module, which edit it."""
    with sample.open("rb") as file:
        return _transcribed(stack, file)


def _transcribed(
    stack: Stack, file: IO[bytes], *, filename: str | None = None, language: str | None = None
) -> Transcribed:
    with stack.client() as client:
        uploaded = client.upload_audio(file, filename=filename, auto_start=True, language=language)
        number = uploaded["transcription_id"]
        state = client.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
        assert state["status"] == "completed", state
        assert client.session_token is not None
        return Transcribed(token=client.session_token, address=f"/t/{number}")


@pytest.fixture
def page(visitors: Visitors, transcribed: Transcribed) -> Page:
    """Return the page of the transcript."""
    return _opened(visitors.page(token=transcribed.token), transcribed)


def _opened(page: Page, transcribed: Transcribed) -> Page:
    page.goto(transcribed.address)
    expect(page.get_by_role("feed")).to_have_attribute("aria-busy", "false")
    return page


def _segment(page: Page, number: int) -> Locator:
    return page.get_by_role("article").nth(number)


def _sentence(page: Page) -> Locator:
    """Return the first segment of several words."""
    several = page.locator("[data-word] + [data-word]")
    return page.get_by_role("article").filter(has=several).first


def _text(page: Page, number: int) -> Locator:
    return _segment(page, number).locator("p").first


def _expect_saved(page: Page) -> None:
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "saved")


def _edit(page: Page, number: int) -> Locator:
    _segment(page, number).get_by_role("button", name="Edit text").click()
    editor = page.get_by_role("textbox", name=re.compile("^Text of"))
    expect(editor).to_be_focused()
    return editor


def _undo(page: Page) -> None:
    """Take back the last batch, and wait until that is done."""
    tools = page.get_by_role("group", name="Tools")
    button = tools.get_by_role("button", name="Undo")
    expect(button).to_be_enabled()
    with page.expect_response(re.compile(r"/undo$")):
        button.click()
    _expect_saved(page)


def test_a_word_is_heard_by_a_click(page: Page, transcribed: Transcribed) -> None:
    word = _sentence(page).locator("[data-word]").nth(1)
    word.click()
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_be_visible()
    expect(page.locator(".now")).to_have_count(1)
    pause.click()
    expect(page).to_have_url(re.compile(r"#t=\d"))

    page.goto("/")
    page.goto(f"{transcribed.address}#t=20")
    expect(page.get_by_label("Position in the recording")).to_have_value("20")
    expect(page.locator(".playing")).to_have_count(1)


def _colors(page: Page) -> int:
    """Return how many colors the waveform has in its stripe of speakers."""
    found: int = page.locator(".wave canvas").first.evaluate("""(canvas) => {
      const { width, height } = canvas;
      const row = canvas.getContext('2d').getImageData(0, height - 2, width, 1).data;
      const colors = new Set();
      for (let i = 0; i < row.length; i += 4)
        if (row[i + 3] === 255) colors.add(row.subarray(i, i + 3).join());
      return colors.size;
    }""")
    return found


def test_the_waveform_shows_speakers_and_goes_to_times(page: Page) -> None:
    eventually(lambda: _colors(page) >= 2)
    slider = page.get_by_label("Position in the recording")
    wave = page.locator(".wave")
    box = wave.bounding_box()
    assert box is not None
    wave.click(position={"x": box["width"] / 2, "y": 20})
    expect(slider).to_have_value(re.compile(r"^1[45]"))
    slider.press("ArrowLeft")
    expect(slider).to_have_value(re.compile(r"^14"))

    area = page.locator(".wave .scroll")
    zoomed = page.get_by_role("button", name="Zoom in")
    zoomed.click()
    # The time stays in view, and the half of the recording around it is shown.
    expect(area).to_have_js_property("scrollWidth", round(2 * box["width"]))
    wave.click(position={"x": 1, "y": 20})
    expect(slider).to_have_value(re.compile(r"^[78]"))
    assert_accessible(page)
    page.get_by_role("button", name="Zoom out").click()
    expect(area).to_have_js_property("scrollWidth", round(box["width"]))
    eventually(lambda: _colors(page) >= 2)


def _write(page: Page, text: str) -> None:
    """Write at the caret, at once: after a pause between two keys, there would be two batches."""
    page.keyboard.insert_text(text)


def test_edits_save_themselves_and_can_be_taken_back(
    page: Page, visitors: Visitors, transcribed: Transcribed
) -> None:
    other = _opened(visitors.page(token=transcribed.token), transcribed)
    before = _text(page, 0).inner_text()
    editor = _edit(page, 0)
    page.keyboard.press("Control+Home")
    _write(page, "Verily ")
    _expect_saved(page)
    expect(_text(other, 0)).to_have_text(f"Verily {before}")

    count = page.get_by_role("article").count()
    page.keyboard.press("Enter")
    expect(editor).to_have_text(before)
    expect(_text(page, 0)).to_have_text("Verily")
    page.keyboard.press("Backspace")
    expect(editor).to_have_text(f"Verily {before}")
    page.keyboard.press("Escape")
    expect(_segment(page, 0)).to_be_focused()
    expect(page.get_by_role("article")).to_have_count(count)
    for _ in range(3):
        _undo(page)
    expect(_text(page, 0)).to_have_text(before)
    expect(_text(other, 0)).to_have_text(before)


def test_conflicts_are_shown_side_by_side(
    page: Page, visitors: Visitors, transcribed: Transcribed
) -> None:
    visitors.allow("ERR_INTERNET_DISCONNECTED|409|WebSocket")
    other = _opened(visitors.page(token=transcribed.token), transcribed)
    before = _text(page, 0).inner_text()
    page.context.set_offline(True)
    _edit(page, 0)
    page.keyboard.press("Control+Home")
    _write(page, "Mine")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "offline")
    _edit(other, 0)
    other.keyboard.press("Control+Home")
    _write(other, "Theirs")
    _expect_saved(other)
    other.keyboard.press("Escape")

    page.context.set_offline(False)
    dialog = page.get_by_role("dialog", name="Changed in two places")
    expect(dialog).to_contain_text(f"Mine{before}")
    expect(dialog).to_contain_text(f"Theirs{before}")
    assert_accessible(page)
    dialog.get_by_role("button", name="Keep mine").click()
    expect(_text(other, 0)).to_have_text(f"Mine{before}")
    page.keyboard.press("Escape")
    for _ in range(2):
        _undo(page)
    expect(_text(page, 0)).to_have_text(before)


def test_speakers_are_named_and_given_segments(page: Page) -> None:
    first = page.get_by_label("Name of Speaker_1")
    first.fill("Diane")
    first.press("Enter")
    expect(page.get_by_text("The speaker is called Diane now.")).to_be_visible()
    expect(page.get_by_role("article", name="Diane").first).to_be_visible()

    theirs = page.get_by_role("article", name="Speaker_2").first
    identifier = theirs.get_attribute("data-segment")
    theirs.focus()
    page.keyboard.press("1")
    moved = page.locator(f'[data-segment="{identifier}"]')
    expect(moved).to_have_attribute("aria-label", "Diane")
    for _ in range(2):
        _undo(page)
    expect(page.get_by_label("Name of Speaker_1")).to_have_value("Speaker_1")
    expect(moved).to_have_attribute("aria-label", "Speaker_2")


def test_marks_and_notes_stay(page: Page) -> None:
    segment = _segment(page, 1)
    segment.get_by_label("Reviewed").check()
    segment.get_by_role("button", name="Star").click()
    expect(segment.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
    segment.focus()
    page.keyboard.press("n")
    page.get_by_label("Note on this segment").fill("Check the name")
    page.get_by_role("button", name="Save note").click()
    expect(segment.get_by_label("Note", exact=True)).to_have_value("Check the name")
    page.reload()
    expect(segment.get_by_label("Reviewed")).to_be_checked()
    expect(segment.get_by_label("Note", exact=True)).to_have_value("Check the name")
    segment.get_by_role("button", name="Delete note").click()
    expect(segment.get_by_label("Note", exact=True)).to_have_count(0)


def test_replacements_are_shown_before_they_are_made(page: Page) -> None:
    word = re.sub(r"\W", "", _segment(page, 0).locator("[data-word]").first.inner_text())
    page.keyboard.press("Control+f")
    page.get_by_label("Find", exact=True).fill(word)
    page.get_by_label("Match case").check()
    page.get_by_label("Replace with").fill("Replaced")
    page.get_by_role("button", name="Preview").click()
    replace = page.get_by_role("button", name=re.compile(r"^Replace \d"))
    expect(page.get_by_role("list", name="Preview").locator("ins").first).to_contain_text(
        "Replaced"
    )
    assert_accessible(page)
    replace.click()
    expect(_text(page, 0)).to_contain_text("Replaced")
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(_text(page, 0)).to_contain_text(word)


def test_history_and_export(page: Page) -> None:
    before = _text(page, 0).inner_text()
    _edit(page, 0)
    page.keyboard.press("Control+Home")
    _write(page, "Alas ")
    _expect_saved(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="History").click()
    dialog = page.get_by_role("dialog", name="History")
    dialog.get_by_role("button", name=re.compile("^Compare")).first.click()
    expect(dialog.locator("ins").first).to_contain_text("Alas")
    dialog.get_by_role("button", name=re.compile("^Restore")).first.click()
    expect(dialog.get_by_role("button", name=re.compile("^Compare")).first).to_be_enabled()
    page.keyboard.press("Escape")
    expect(_text(page, 0)).to_have_text(before)

    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_label("Format").select_option("srt")
    page.get_by_role("button", name="Preview").click()
    shown = page.get_by_role("textbox", name="Preview")
    expect(shown).to_have_value(re.compile("^1\n00:00:0"))
    assert_accessible(page)
    page.get_by_label("Format").select_option("vtt")
    expect(shown).to_have_count(0)
    page.get_by_label("Format").select_option("srt")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    subtitles = Path(download.value.path()).read_text(encoding="utf-8")
    assert subtitles.startswith("1\n00:00:0")
    page.reload()
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_label("Format")).to_have_value("srt")


def test_a_summary_jumps_to_what_it_cites(page: Page) -> None:
    page.get_by_role("button", name="Summary").click()
    summary = page.get_by_role("list", name="Summary")
    last = summary.get_by_role("listitem").last
    cited = last.get_by_role("link").first
    expect(page.get_by_text("No language model was used.")).to_be_visible()
    assert_accessible(page)
    time = cited.inner_text()
    cited.click()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".selected .time").first).to_have_text(time)

    _segment(page, 0).get_by_role("button", name="Star").click()
    update = page.get_by_role("button", name="Update")
    update.click()
    expect(update).to_have_count(0)
    _undo(page)


def test_selections_and_segments_are_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    segment = _segment(page, 0)
    segment.get_by_role("button", name="Copy this segment").click()
    expect(page.get_by_text("The segment was copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"\n{_text(page, 0).inner_text()}")
    assert re.match(r"\S+ \(\d:\d\d\)\n", copied)

    words = _sentence(page).locator("[data-word]")
    words.first.evaluate(
        "(word) => getSelection().setBaseAndExtent(word, 0, word.nextElementSibling, 1)"
    )
    bar = page.get_by_role("group", name="Selected words")
    bar.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("The selection was copied.")).to_be_visible()
    said = " ".join(words.nth(place).inner_text() for place in (0, 1))
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"\n{said}")


def test_keys_are_changed_and_reset(page: Page) -> None:
    segment = _segment(page, 0)
    star = segment.get_by_role("button", name="Star")
    segment.focus()
    page.keyboard.press("?")
    page.get_by_role("button", name="Change the key for: Star or none").click()
    page.keyboard.press("r")
    expect(page.get_by_text("R is used for: Reviewed or not")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Change the key for: Star or none").click()
    page.keyboard.press("F9")
    page.keyboard.press("Escape")
    page.reload()
    segment.focus()
    page.keyboard.press("F9")
    expect(star).to_have_attribute("aria-pressed", "true")
    editor = _edit(page, 0)
    page.keyboard.press("F9")
    expect(star).to_have_attribute("aria-pressed", "false")
    expect(editor).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("button", name="Reset all keys").click()
    expect(page.get_by_role("button", name="Reset all keys")).to_be_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_and_dialogs_are_accessible(
    visitors: Visitors, transcribed: Transcribed, scheme: str
) -> None:
    page = _opened(visitors.page(token=transcribed.token, color_scheme=scheme), transcribed)
    assert_accessible(page)
    for key, name in _DIALOGS.items():
        _segment(page, 0).focus()
        page.keyboard.press(key)
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        assert_accessible(page)
        page.keyboard.press("Escape")
        expect(_segment(page, 0)).to_be_focused()
    page.get_by_role("button", name="Statistics").click()
    expect(page.get_by_role("row")).not_to_have_count(0)
    assert_accessible(page)
    page.keyboard.press("Escape")
    _edit(page, 0)
    assert_accessible(page)


def test_phones_need_no_horizontal_scrolling(visitors: Visitors, transcribed: Transcribed) -> None:
    page = _opened(visitors.page(token=transcribed.token, viewport=PHONE), transcribed)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    _edit(page, 0)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_edits_against_a_new_recognition_are_decided(
    visitors: Visitors, stack: Stack, sample: Path
) -> None:
    clip = io.BytesIO(excerpt(sample, start=7, seconds=6))
    made = _transcribed(stack, clip, filename="clip.wav", language="en")
    page = _opened(visitors.page(token=made.token), made)
    _edit(page, 0)
    page.keyboard.press("Control+A")
    page.keyboard.type("Zanzibar quagga okapi")
    _expect_saved(page)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Process again").click()
    assert_accessible(page)
    page.get_by_label("Spoken language").select_option("nl")
    page.get_by_role("button", name="Start").click()
    # In another language, the recognizer understands other words.
    decide = page.get_by_role("button", name="Decide")
    decide.click(timeout=1000 * JOB_SECONDS)
    dialog = page.get_by_role("dialog", name="Edits against the new recognition")
    expect(dialog).to_contain_text("Zanzibar")
    assert_accessible(page)
    dialog.get_by_role("button", name="Skip").click()
    dialog.get_by_role("button", name="Show the skipped ones").click()
    while dialog.get_by_role("heading", level=3).count():
        left = dialog.get_by_role("heading", level=3).inner_text()
        dialog.get_by_role("button", name=re.compile("^(Keep the edit|Insert mine)$")).click()
        expect(dialog.get_by_text(left)).to_have_count(0)
    expect(dialog.get_by_text("All is decided.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(decide).to_have_count(0)
    expect(page.get_by_role("feed")).to_contain_text("Zanzibar")
