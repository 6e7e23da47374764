"""Words while they are spoken, on the page that records and for an audience."""

import re
from itertools import pairwise
from typing import Any

from playwright.sync_api import Locator, Page, Response, expect

from tests.e2e.stack import eventually
from tests.web.accessibility import assert_accessible, assert_fits
from tests.web.visitors import ENLARGED, PHONE, Visitors

#: Milliseconds until words are there on a busy machine.
SPOKEN = 120_000
#: Milliseconds for a short recording to be transcribed on a busy machine.
READY = 240_000
#: A word that the microphone hears each time its sound begins again.
WORD = re.compile("chicago", re.IGNORECASE)


def _start(page: Page, title: str) -> Locator:
    """Start a recording, and return its live text."""
    page.goto("/record")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Spoken language").select_option("en")
    expect(page.get_by_label("Show words while they are spoken")).to_be_checked()
    page.get_by_role("button", name="Start recording").click()
    return _words(page)


def _words(page: Page) -> Locator:
    return page.get_by_role("region", name="Words so far")


def _finals(words: Locator) -> str:
    """Return the text that does not change any more."""
    return " ".join(words.locator(".words span[aria-hidden=false]").all_inner_texts())


def _transcript(page: Page, number: int) -> dict[str, Any]:
    answer = page.request.get(f"/api/transcription/{number}/transcript?limit=1000&words=true")
    data: dict[str, Any] = answer.json()["data"]
    return data


def _number(page: Page) -> int:
    """Return the transcription of the newest recording."""
    listed = page.request.get("/api/transcription/list").json()["data"]["transcriptions"]
    number: int = listed[0]["id"]
    return number


def _link(page: Page) -> str:
    """Return the address of a new link to the newest recording."""
    made = page.request.post(f"/api/transcriptions/{_number(page)}/links", data={})
    path: str = made.json()["data"]["path"]
    return path


def test_words_are_shown_and_followed_until_the_transcript_is_there(
    visitors: Visitors,
) -> None:
    page = visitors.page(permissions=["microphone"])
    page.on("dialog", lambda dialog: dialog.accept())
    words = _start(page, "Town hall")
    expect(words).to_contain_text(WORD, timeout=SPOKEN)
    assert_accessible(page)

    audience = visitors.page(viewport=PHONE)
    audience.goto(_link(page))
    expect(audience.get_by_role("heading", name="Town hall")).to_be_visible()
    expect(_words(audience)).to_contain_text(WORD, timeout=SPOKEN)
    assert_accessible(audience)
    assert_fits(audience)

    # The keys are those of a transcript.
    words.press("s")
    words.press("n")
    note = page.get_by_label("Note", exact=True)
    expect(note).to_be_focused()
    note.fill("Ask for the figures")
    note.press("Enter")
    notes = page.get_by_role("listitem").filter(has_text=re.compile(r"Bookmark|Ask for"))
    expect(notes).to_have_count(2)
    words.press(" ")
    expect(page.get_by_role("region", name="Paused Town hall")).to_be_visible()
    words.press(" ")
    expect(page.get_by_role("region", name="Recording Town hall")).to_be_visible()

    before = eventually(lambda: WORD.search(_finals(words)) and _finals(words))
    page.reload()
    page.get_by_role("button", name="Continue recording: Town hall").click()
    expect(page.get_by_role("region", name="Recording Town hall")).to_be_visible()
    # The words of before are there again, and others follow.
    eventually(lambda: _finals(words).startswith(before) and len(_finals(words)) > len(before))
    expect(notes).to_have_count(2)

    page.get_by_role("button", name="Finish and transcribe").click()
    expect(page).to_have_url(re.compile(r"/t/\d+$"), timeout=SPOKEN)
    expect(page.get_by_role("heading", level=1)).to_have_text("Town hall")
    expect(audience.get_by_role("button", name="Play the sound")).to_be_visible(timeout=READY)
    expect(audience.get_by_text(WORD).first).to_be_visible()
    number = int(page.url.rsplit("/", 1)[1])
    data = eventually(lambda: (found := _transcript(page, number))["notes"] and found)
    assert [one["text"] for one in data["notes"]] == ["Ask for the figures"]
    assert any(segment["starred"] for segment in data["segments"])
    eventually(lambda: page.evaluate("localStorage.getItem('live-notes')") is None)

    # No word is there twice: the microphone repeats itself after seconds only.
    found = [word for segment in data["segments"] for word in segment["words"]]
    starts = [word["start"] for word in found if WORD.search(word["text"])]
    assert starts
    assert all(later - earlier > 1 for earlier, later in pairwise(starts)), starts


def test_captions_fill_the_screen_and_escape_leaves_them(visitors: Visitors) -> None:
    page = visitors.page(permissions=["microphone"], viewport=PHONE, color_scheme="dark")
    words = _start(page, "Lecture")
    expect(words).to_contain_text(re.compile(r"\w+ \w+"), timeout=SPOKEN)
    assert_accessible(page)
    assert_fits(page)
    words.press("v")
    captions = page.get_by_role("dialog", name="Full-screen captions")
    expect(captions).to_contain_text(re.compile(r"\w+ \w+"))
    expect(captions.get_by_role("button", name="Leave")).to_be_visible()
    assert_accessible(page)
    size = "Number(getComputedStyle(document.querySelector('.lines')).fontSize.slice(0, -2))"
    smaller = page.evaluate(size)
    page.keyboard.press("+")
    assert page.evaluate(size) > smaller
    page.keyboard.press("Escape")
    expect(captions).to_have_count(0)
    expect(words).to_be_focused()
    page.set_viewport_size(ENLARGED)
    assert_fits(page)
    words.press("?")
    keys = page.get_by_role("dialog", name="Keyboard")
    expect(keys).to_contain_text("Set a bookmark")
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share…").click()
    dialog = page.get_by_role("dialog", name="Share")
    dialog.get_by_role("button", name="Create a link").click()
    expect(dialog.get_by_label("shown only now")).to_have_value(re.compile("/shared#"))


def test_a_recording_goes_on_where_no_live_session_gets_through(visitors: Visitors) -> None:
    visitors.allow("ws/live|WebSocket")
    page = visitors.page(permissions=["microphone"])
    page.route_web_socket(re.compile("/ws/live"), lambda socket: socket.close(code=1008))

    def stored(response: Response) -> bool:
        return "/chunks/" in response.url and response.ok

    words = _start(page, "Behind a proxy")
    expect(page.get_by_text("Words cannot be shown while they are spoken")).to_be_visible()
    assert_accessible(page)
    recording = page.get_by_role("region", name="Recording Behind a proxy")
    expect(recording).to_contain_text("Everything so far is on the server.")
    for _ in range(5):
        page.wait_for_event("response", predicate=stored, timeout=SPOKEN)
    expect(words).not_to_contain_text(WORD)
    page.get_by_role("button", name="Finish and transcribe").click()
    expect(page).to_have_url(re.compile(r"/t/\d+$"), timeout=SPOKEN)
