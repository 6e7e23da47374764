import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.voices import Voices
from tests.web.accessibility import assert_accessible
from tests.web.visitors import Visitors

#: Milliseconds until a voice is learned by workers that are busy with recordings.
LEARNED = 60_000


@pytest.fixture(scope="module")
def clip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a clip with one voice."""
    path = tmp_path_factory.mktemp("voices") / "voice.wav"
    path.write_bytes(Voices(sample).only_bob())
    return path


def row(page: Page, name: str) -> Locator:
    heading = page.get_by_role("heading", level=2, name=name, exact=True)
    return page.get_by_role("main").get_by_role("listitem").filter(has=heading)


def add(page: Page, name: str) -> Locator:
    """Add a person by the keyboard and open it."""
    page.get_by_role("button", name="New person").press("Enter")
    dialog = page.get_by_role("dialog", name="New person")
    dialog.get_by_label("Name").fill(name)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    person = row(page, name)
    person.get_by_role("button", name=name, exact=True).press("Enter")
    expect(person.get_by_role("heading", name="Teach the voice")).to_be_visible()
    return person


def samples(person: Locator) -> Locator:
    return person.get_by_role("checkbox")


def test_voices_are_taught_merged_separated_and_deleted(visitors: Visitors, clip: Path) -> None:
    page = visitors.page()
    page.goto("/people")
    expect(page.get_by_text("No voices are known yet")).to_be_visible()

    anna = add(page, "Anna")
    anna.get_by_label("File with the voice").set_input_files(clip)
    expect(anna).to_contain_text("Learned from a clip", timeout=LEARNED)
    bert = add(page, "Bert")
    bert.get_by_label("File with the voice").set_input_files(clip)
    expect(samples(bert)).to_have_count(1, timeout=LEARNED)
    assert_accessible(page)

    bert.get_by_role("button", name="Merge…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The same person as").select_option(label="Anna")
    assert_accessible(page)
    dialog.get_by_role("button", name="Merge", exact=True).click()
    expect(samples(bert)).to_have_count(2)
    expect(anna).to_have_count(0)

    samples(bert).first.check()
    bert.get_by_role("button", name="Give the chosen ones").click()
    dialog.get_by_label("Name").fill("Carla")
    assert_accessible(page)
    dialog.get_by_role("button", name="Give", exact=True).click()
    expect(samples(bert)).to_have_count(1)
    carla = row(page, "Carla")
    expect(carla).to_contain_text("1 sample")

    forget = bert.get_by_role("button", name="Forget")
    forget.click()
    expect(dialog).to_contain_text("learned from nothing else")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(forget).to_be_focused()
    forget.click()
    dialog.get_by_role("button", name="Forget").click()
    expect(bert).to_contain_text("No voice yet")
    expect(bert.get_by_role("button", name="Bert")).to_be_focused()
    bert.get_by_role("button", name="Rename").click()
    dialog.get_by_label("Name").fill("Dora")
    dialog.get_by_role("button", name="Rename").click()
    dora = row(page, "Dora")
    expect(dora).to_be_visible()

    page.reload()
    dora.get_by_role("button", name="Delete…").click()
    expect(dialog).to_contain_text("Transcripts keep the name")
    assert_accessible(page)
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dora).to_have_count(0)
    trash = page.get_by_role("region", name="Deleted, merged and separated")
    expect(trash).to_contain_text("Anna was merged with")
    assert_accessible(page)
    trash.get_by_role("button", name="Restore Dora").click()
    expect(dora).to_be_visible()
    expect(trash.get_by_text("Dora was deleted")).to_have_count(0)
    expect(trash.get_by_role("heading")).to_be_focused()
    page.go_back()
    page.get_by_label("Search people").fill("nobody")
    expect(page.get_by_text("Nobody matches")).to_be_visible()


def test_voices_are_taught_by_the_microphone(visitors: Visitors) -> None:
    page = visitors.page(permissions=["microphone"])
    page.goto("/people")
    emil = add(page, "Emil")
    emil.get_by_role("button", name="Record by microphone").click()
    stop = emil.get_by_role("button", name="Stop and learn")
    expect(stop).to_contain_text(re.compile(r"0:(0[89]|[1-5]\d)"))
    stop.click()
    expect(page.get_by_text("The voice of Emil was learned.")).to_be_visible(timeout=LEARNED)
    expect(samples(emil)).to_have_count(1)
    player = emil.get_by_label("Voice of Emil")
    player.evaluate("(audio) => audio.play()")
    # `wait_for_function` looks once only: Playwright evaluates later looks as the page may not.
    expect(player).not_to_have_js_property("currentTime", 0)
