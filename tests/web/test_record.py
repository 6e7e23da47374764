"""The page that records, with a microphone that hears one person speak."""

import re
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Dialog, Locator, Page, Response, Route, expect

from tests.e2e.stack import eventually
from tests.web.accessibility import assert_accessible
from tests.web.visitors import PHONE, Visitors

#: Milliseconds for a short recording to be transcribed on a busy machine.
READY = 240_000
SAFE = "Everything so far is on the server."


def _start(page: Page, title: str) -> Locator:
    page.goto("/record")
    page.get_by_label("Title").fill(title)
    # With words, sound goes over a WebSocket.
    page.get_by_label("Show words while they are spoken").uncheck()
    page.get_by_role("button", name="Start recording").press("Enter")
    recording = page.get_by_role("region", name=f"Recording {title}")
    expect(recording.get_by_role("heading")).to_be_focused()
    return recording


def _reach(recording: Locator, seconds: int) -> None:
    """Wait until at least so much was recorded."""
    wanted = "|".join(f"{one:02}" for one in range(seconds, 60))
    expect(recording).to_contain_text(re.compile(rf"0:({wanted})|[1-9]:\d\d"))


def _captures(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.request.get("/api/captures").json()["data"]["captures"]
    return found


def _is_finished(page: Page) -> bool:
    """Finish the only capture as another device does. A chunk that comes between is not counted."""
    [capture] = _captures(page)
    end = {"chunk_count": capture["next_chunk"], "allow_gaps": True}
    return page.request.post(f"/api/captures/{capture['capture_id']}/finish", data=end).ok


def _kept(page: Page) -> list[int]:
    """Return how many captures and chunks the browser keeps."""
    counts: list[int] = page.evaluate("""() => new Promise((resolve) => {
      const opening = indexedDB.open('captures', 1);
      // The page makes the database, which is not there once everything was erased.
      opening.onupgradeneeded = () => opening.transaction.abort();
      opening.onerror = () => resolve([0, 0]);
      opening.onsuccess = () => {
        const stores = ['captures', 'chunks'];
        const transaction = opening.result.transaction(stores);
        const counts = stores.map((name) => transaction.objectStore(name).count());
        transaction.oncomplete = () => {
          opening.result.close();
          resolve(counts.map((one) => one.result));
        };
      };
    })""")
    return counts


def test_a_recording_survives_a_lost_network_and_a_reload(visitors: Visitors) -> None:
    visitors.allow("ERR_INTERNET_DISCONNECTED")
    page = visitors.page(permissions=["microphone"], viewport=PHONE)
    stored: set[int] = set()
    dialogs: list[str] = []

    def note(response: Response) -> None:
        number = re.search(r"/chunks/(\d+)", response.url)
        if number and response.status == 200:
            stored.add(int(number[1]))

    def accept(dialog: Dialog) -> None:
        dialogs.append(dialog.type)
        dialog.accept()

    page.on("response", note)
    page.on("dialog", accept)
    recording = _start(page, "Corridor talk")
    _reach(recording, 3)
    expect(recording).to_contain_text(SAFE)
    assert_accessible(page)

    page.context.set_offline(True)
    expect(recording).to_contain_text(re.compile(r"[4-9] s not yet on the server"))
    expect(recording).to_contain_text("The server cannot be reached")
    assert_accessible(page)
    page.context.set_offline(False)
    expect(recording).to_contain_text(SAFE)

    page.reload()
    assert dialogs == ["beforeunload"]
    page.get_by_role("button", name="Continue recording: Corridor talk").press("Enter")
    expect(recording.get_by_role("heading")).to_be_focused()
    page.get_by_role("link", name="Library").click()
    bar = page.get_by_role("region", name="Recording in progress")
    expect(bar).to_be_visible()
    assert_accessible(page)
    bar.get_by_role("link", name="Show").click()
    _reach(recording, 16)
    recording.get_by_role("button", name="Pause").press("Enter")
    paused = page.get_by_role("region", name="Paused Corridor talk")
    expect(paused.get_by_role("button", name="Continue")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    paused.get_by_role("button", name="Finish and transcribe").click()

    expect(page).to_have_url(re.compile(r"/t/\d+$"))
    [capture] = _captures(page)
    assert (capture["state"], capture["missing"]) == ("completed", [])
    assert stored == set(range(capture["next_chunk"]))
    transcript = page.get_by_role("main")
    expect(transcript).to_contain_text(re.compile("chicago", re.IGNORECASE), timeout=READY)
    expect(page.get_by_role("heading", level=1)).to_have_text("Corridor talk")


def test_sound_for_a_capture_that_has_ended_goes_on_as_another_one(visitors: Visitors) -> None:
    visitors.allow("status 409|status of 409")
    page = visitors.page(permissions=["microphone"])
    recording = _start(page, "Interview")
    _reach(recording, 3)
    eventually(lambda: [one for one in _captures(page) if one["next_chunk"] > 0])
    # The refusal of the next chunk names the transcription only once the capture is complete.
    completed = False
    held: list[Route] = []

    def hold(route: Route) -> None:
        if completed:
            route.continue_()
        else:
            held.append(route)

    page.route("**/chunks/*", hold)
    eventually(lambda: _is_finished(page))
    eventually(lambda: _captures(page)[0]["state"] == "completed")
    completed = True
    for route in held:
        route.continue_()
    notice = page.get_by_text("goes on as a second recording")
    expect(notice).to_be_visible()
    expect(recording).to_contain_text(SAFE)
    recording.get_by_role("button", name="Finish and transcribe").click()
    expect(page).to_have_url(re.compile(r"/t/\d+$"))
    captures = _captures(page)
    assert [one["state"] for one in captures] == ["completed", "completed"]
    assert {one["title"] for one in captures} == {"Interview"}


def test_one_tab_records_and_can_discard(visitors: Visitors) -> None:
    # A piece that was on its way when the recording was discarded is refused.
    visitors.allow("409.*/chunks/")
    page = visitors.page(permissions=["microphone"])
    recording = _start(page, "Mistake")
    other = page.context.new_page()
    other.goto("/record")
    other.get_by_role("button", name="Start recording").click()
    expect(other.get_by_role("alert")).to_contain_text("Another tab is recording")
    other.goto("/")
    expect(other.get_by_role("button", name="Choose files")).to_be_visible()
    expect(other.get_by_text("Interrupted recordings")).to_have_count(0)
    other.close()

    expect(recording).to_contain_text(SAFE)
    recording.get_by_role("button", name="Discard…").press("Enter")
    dialog = page.get_by_role("dialog", name="Discard this recording?")
    assert_accessible(page)
    dialog.get_by_role("button", name="Discard", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Start recording")).to_be_enabled()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert not [one for one in _captures(page) if one["state"] == "receiving"]
    assert _kept(page) == [0, 0]


def test_refused_sound_is_saved_as_a_file(visitors: Visitors, tmp_path: Path) -> None:
    visitors.allow("status 415|status of 415")
    page = visitors.page(permissions=["microphone"])
    page.on("dialog", lambda dialog: dialog.accept())
    error = {"code": "UNSUPPORTED_FORMAT", "message": "No such sound here.", "details": {}}
    body = {"success": False, "error": error, "timestamp": "2026-01-01T12:00:00Z"}
    page.route("**/chunks/*", lambda route: route.fulfill(status=415, json=body))
    recording = _start(page, "Audit: part 1")
    expect(recording).to_contain_text("No such sound here.")
    _reach(recording, 5)
    recording.get_by_role("button", name="Finish and transcribe").click()
    listed = page.locator("[data-capture=ending]")
    expect(listed).to_contain_text("What was recorded stays in this browser.")
    page.reload()
    expect(listed).to_contain_text("No such sound here.")
    assert_accessible(page)
    with page.expect_download() as downloading:
        listed.get_by_role("button", name="Save as a file: Audit: part 1").press("Enter")
    assert downloading.value.suggested_filename == "Audit- part 1.webm"
    path = tmp_path / "saved.webm"
    downloading.value.save_as(path)
    with av.open(path) as container:
        seconds = sum(frame.samples for frame in container.decode(audio=0)) / 48_000
    assert seconds > 4

    listed.get_by_role("button", name="Discard Audit: part 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard", exact=True).click()
    expect(page.get_by_text("Interrupted recordings")).to_have_count(0)
    assert _kept(page) == [0, 0]


def test_the_end_of_the_session_erases_what_the_browser_keeps(visitors: Visitors) -> None:
    page = visitors.page(permissions=["microphone"])
    page.on("dialog", lambda dialog: dialog.accept())
    _reach(_start(page, "Secret"), 3)
    page.goto("/session")
    assert _kept(page)[0] == 1
    page.get_by_role("button", name="End the session…").click()
    page.get_by_role("button", name="End and erase everything").click()
    expect(page.get_by_text("Get your first transcript")).to_be_visible()
    expect(page.get_by_text("Interrupted recordings")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert _kept(page) == [0, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_without_a_microphone(visitors: Visitors, scheme: Any) -> None:
    page = visitors.page(color_scheme=scheme)
    page.add_init_script("""navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException('none', 'NotFoundError');
    };""")
    page.goto("/record")
    page.get_by_role("button", name="Start recording").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is no microphone")
    assert_accessible(page)
    expect(page.get_by_role("button", name="Start recording")).to_be_enabled()


def test_a_disconnected_microphone_pauses_the_recording(visitors: Visitors) -> None:
    page = visitors.page(permissions=["microphone"])
    page.add_init_script("""(() => {
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await open(wanted);
        window.unplug = () => {
          const [track] = stream.getAudioTracks();
          track.stop();
          track.dispatchEvent(new Event('ended'));
        };
        return stream;
      };
    })()""")
    recording = _start(page, "Lecture")
    _reach(recording, 1)
    page.evaluate("window.unplug()")
    paused = page.get_by_role("region", name="Paused Lecture")
    expect(paused).to_contain_text("Nothing is lost")
    expect(page.get_by_role("status").filter(has_text="its source has ended")).to_have_count(1)
    paused.get_by_role("button", name="Continue").press("Enter")
    _reach(recording, 3)
    expect(recording).to_contain_text(SAFE)
    recording.get_by_role("button", name="Finish and transcribe").click()
    expect(page).to_have_url(re.compile(r"/t/\d+$"))
