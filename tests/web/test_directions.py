"""Texts and pages that are written from right to left."""

import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.web.accessibility import assert_accessible, assert_fits
from tests.web.visitors import ENLARGED, PHONE, Visitors

ARABIC = "موعد GitHub الساعة 12:30 غدا"
#: Keys of dialogs, which all languages share.
_DIALOGS = "wnhx?"
#: Names of the button that stretches the waveform.
_ZOOM = {"en-US": "Zoom in", "ar": "تكبير"}
#: Left edges of the letters of a paragraph, by their places in its text.
_LEFT = """(paragraph, places) => places.map((place) => {
  const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
  let node = walker.nextNode();
  while (place >= node.textContent.length) {
    place -= node.textContent.length;
    node = walker.nextNode();
  }
  const range = document.createRange();
  range.setStart(node, place);
  range.setEnd(node, place + 1);
  return range.getBoundingClientRect().left;
})"""


@pytest.fixture(scope="module")
def transcript(stack: Stack, sample: Path) -> tuple[str, str]:
    """Return the token and the address of a short transcript, which the tests edit."""
    with stack.client() as client:
        clip = excerpt(sample, start=7, seconds=6)
        uploaded = client.upload_audio(io.BytesIO(clip), filename="call.wav", auto_start=True)
        number = uploaded["transcription_id"]
        state = client.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
        assert state["status"] == "completed", state
        assert client.session_token is not None
        return client.session_token, f"/t/{number}"


def _opened(page: Page, address: str) -> Locator:
    """Open a transcript. Return its first segment."""
    page.goto(address)
    expect(page.get_by_role("feed")).to_have_attribute("aria-busy", "false")
    return page.get_by_role("article").first


def _write(page: Page, segment: Locator, text: str) -> None:
    segment.focus()
    page.keyboard.press("Enter")
    expect(segment.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "saved")


def _left(paragraph: Locator, *letters: str) -> list[float]:
    places = [ARABIC.index(letter) for letter in letters]
    edges: list[float] = paragraph.evaluate(_LEFT, places)
    return edges


def _edge(element: Locator) -> float:
    """Return the left edge of an element in the page."""
    box = element.bounding_box()
    assert box is not None
    return box["x"]


def _about(seconds: float) -> re.Pattern[str]:
    """Return the values of the slider that are at most a step away from a time."""
    steps = (seconds + step for step in (-0.1, 0, 0.1))
    return re.compile("|".join(rf"^{re.escape(f'{value:g}')}$" for value in steps))


@pytest.mark.parametrize("locale", ["en-US", "ar"])
def test_arabic_is_written_and_split(
    visitors: Visitors, transcript: tuple[str, str], locale: str
) -> None:
    token, address = transcript
    page = visitors.page(token=token, locale=locale)
    segment = _opened(page, address)
    _write(page, segment, ARABIC)
    editor = segment.get_by_role("textbox")
    expect(editor).to_have_css("direction", "rtl")
    page.keyboard.press("Escape")
    paragraph = segment.locator("p").first
    expect(paragraph).to_have_text(ARABIC)
    expect(paragraph).to_have_css("direction", "rtl")
    appointment, word, hour, minute, day = _left(paragraph, "موعد", "GitHub", "12", "30", "غدا")
    assert appointment > word > minute > hour > day

    # The caret moves by letters of the text, whichever way they are shown.
    segment.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Home")
    for _ in "موعد":
        page.keyboard.press("ArrowLeft")
    page.keyboard.insert_text("نا")
    expect(editor).to_have_text(ARABIC.replace("موعد", "موعدنا"))
    page.keyboard.press("Enter")
    expect(paragraph).to_have_text("موعدنا")
    page.keyboard.press("Backspace")
    expect(segment.get_by_role("textbox")).to_have_text(ARABIC.replace("موعد", "موعدنا"))
    page.keyboard.press("Escape")


def test_arabic_page_shows_time_and_english_from_the_left(
    visitors: Visitors, transcript: tuple[str, str]
) -> None:
    token, address = transcript
    page = visitors.page(token=token, locale="ar")
    segment = _opened(page, address)
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    _write(page, segment, "Good morning.")
    page.keyboard.press("Escape")
    expect(segment.locator("p").first).to_have_css("direction", "ltr")
    position = page.get_by_role("slider")
    position.focus()
    page.keyboard.press("ArrowRight")
    expect(position).to_have_attribute("aria-valuetext", re.compile("0:0[0-9]"))
    assert float(position.input_value()) > 0
    player = page.get_by_role("region", name="المشغّل")
    back, play, forward = (
        _edge(player.get_by_role("button", name=name, exact=True))
        for name in ("5 ثوانٍ إلى الخلف", "تشغيل", "5 ثوانٍ إلى الأمام")
    )
    assert back < play < forward


@pytest.mark.parametrize("locale", ["en-US", "ar"])
def test_the_waveform_goes_to_times_from_the_left(
    visitors: Visitors, transcript: tuple[str, str], locale: str
) -> None:
    token, address = transcript
    # The recording is short, so it can be stretched on a narrow page only.
    page = visitors.page(token=token, locale=locale, viewport=PHONE)
    _opened(page, address)
    wave = page.locator(".wave")
    expect(wave.locator("canvas").first).to_be_visible()
    position = wave.get_by_role("slider")
    box = wave.bounding_box()
    assert box is not None
    for share, shown in ((0.25, 1.5), (0.75, 4.5), (0.5, 3)):
        wave.click(position={"x": share * box["width"], "y": 20})
        expect(position).to_have_value(_about(shown))
        assert _edge(wave.locator(".head")) == pytest.approx(
            box["x"] + share * box["width"], abs=0.05 * box["width"]
        )

    # The half around the time is shown. Scrolled from the right, it would be the second one.
    page.get_by_role("button", name=_ZOOM[locale]).click()
    expect(wave.locator(".scroll")).to_have_js_property("scrollWidth", round(2 * box["width"]))
    for share, shown in ((0, 1.5), (0.5, 3)):
        wave.click(position={"x": 1 + share * box["width"], "y": 20})
        expect(position).to_have_value(_about(shown))


@pytest.mark.parametrize("locale", ["en-US", "ar"])
def test_enlarged_transcript_and_dialogs_fit(
    visitors: Visitors, transcript: tuple[str, str], locale: str
) -> None:
    token, address = transcript
    page = visitors.page(token=token, locale=locale, viewport=ENLARGED)
    segment = _opened(page, address)
    assert_fits(page)
    for key in _DIALOGS:
        segment.focus()
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        assert_fits(page)
        page.keyboard.press("Escape")
        expect(segment).to_be_focused()
    assert_accessible(page)


@pytest.mark.parametrize("locale", ["en-US", "ar"])
def test_long_names_fit(stack: Stack, visitors: Visitors, sample: Path, locale: str) -> None:
    deleted, kept, called = (f"{what}{'W' * 60}" for what in ("deleted", "kept", "called"))
    with stack.client() as client:
        clip = excerpt(sample, start=7, seconds=6)
        client.upload_audio(io.BytesIO(clip), filename=f"{called}.wav", auto_start=False)
        client.delete_speaker(client.create_speaker(deleted)["id"], permanent=True)
        speaker = client.create_speaker(kept)["id"]
        page = visitors.page(token=client.session_token, locale=locale, viewport=ENLARGED)
        try:
            for address, names in (("/", [called]), ("/people", [kept, deleted])):
                page.goto(address)
                for name in names:
                    expect(page.get_by_text(name).first).to_be_visible()
                assert_fits(page)
        finally:
            client.delete_speaker(speaker, permanent=True)
