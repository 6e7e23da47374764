"""Fixtures for the web interface in a real browser, on the whole product."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gateway.web.web_app import WebApp
from scripts import browser as browsers
from tests.e2e.stack import Stack
from tests.e2e.voices import Voices
from tests.web.visitors import Visitors

#: Milliseconds for the answer of a page, generous since machines are slow under tests.
ANSWER = 20_000
expect.set_options(timeout=ANSWER)
_ARGUMENTS = (
    # Recordings without a microphone.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture(scope="module")
def browser(
    stack: Stack, sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Return a Chromium whose microphone hears one person speak again and again.

    It ends with its module, since Playwright occupies the thread's event loop as long as it runs.
    """
    if not WebApp.is_built():
        pytest.fail("the web interface is not built: run 'make web'")
    try:
        chromium = browsers.find()
    except browsers.NoBrowserError as error:
        pytest.fail(str(error))
    voice = tmp_path_factory.mktemp("microphone") / "voice.wav"
    voice.write_bytes(Voices(sample).only_bob())
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.program,
            env={**os.environ, **chromium.variables},
            args=[*_ARGUMENTS, f"--use-file-for-fake-audio-capture={voice}"],
            chromium_sandbox=False,
        )
        yield launched
        launched.close()


@pytest.fixture
def visitors(browser: Browser, stack: Stack) -> Iterator[Visitors]:
    """Return a source of pages. The test fails if anything in them went wrong."""
    made = Visitors(browser, stack.base_url)
    yield made
    made.close()
    assert made.faults() == []


@pytest.fixture
def page(visitors: Visitors) -> Page:
    """Return a page of a desktop, in a session of its own."""
    return visitors.page()


@pytest.fixture(scope="module", autouse=True)
def strangers(stack: Stack) -> Iterator[None]:
    """Delete all profiles after a module, so that the next one starts without known voices."""
    yield
    stack.forget_voices()
