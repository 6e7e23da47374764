import re
import shutil
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.owners import token_of
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.web.accessibility import assert_accessible
from tests.web.visitors import Visitors


def test_jobs_are_followed_cancelled_and_tried_again(
    visitors: Visitors, stack: Stack, sample: Path, tmp_path: Path
) -> None:
    paths = [tmp_path / "first.wav", tmp_path / "second.wav"]
    with stack.client() as client:
        for path in paths:
            shutil.copy(sample, path)
            with path.open("rb") as file:
                client.upload_audio(file, auto_start=True)
        page = visitors.page(token=token_of(client), color_scheme="dark")
    page.goto("/queue")
    first = page.get_by_role("listitem").filter(has_text="first.wav")
    second = page.get_by_role("listitem").filter(has_text="second.wav")
    # Before its turn comes.
    second.get_by_role("button", name="Cancel second.wav").click()
    expect(second).to_contain_text("Cancelled")
    assert_accessible(page)
    expect(first).to_contain_text("Ready", timeout=JOB_SECONDS * 1000)
    expect(first).to_contain_text(re.compile(r"Took \d"))

    second.get_by_role("button", name="Try again second.wav").click()
    open_jobs = page.get_by_role("region", name="Waiting and in progress")
    again = open_jobs.get_by_role("listitem").filter(has_text="second.wav")
    expect(again).to_contain_text(re.compile("Waiting|In progress"))
    again.get_by_role("button", name="Cancel second.wav").click()
    expect(open_jobs.get_by_text("Nothing is waiting")).to_be_visible()

    first.get_by_role("link", name="first.wav").click()
    expect(page).to_have_url(re.compile(r"/t/\d+$"))
    page.go_back()
    expect(first).to_be_visible()


def test_figures_of_the_system_are_shown(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/queue")
    figures = page.get_by_role("region", name="The system")
    expect(figures).to_contain_text("1 for speech, 1 for speakers")
    expect(figures).to_contain_text(re.compile(r"Your places\s*0 of \d+"))
