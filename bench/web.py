"""Speed of the web interface in a real browser, next to the speed of the machine.

    python -m bench.web [--words 100000]

Runs the servers and the services needed by pages, with one transcript of many words. A fixed loop
in the same browser is the reference: compare figures of machines by it.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from bench import editing
from bench.recordings import sample
from common import logging
from common.postgres import Database
from common.rate_limits import Group
from common.settings import PostgresSettings
from devstack.services import SERVICES
from devstack.testing import embedded_servers, running_services, wait_for
from scripts import browser as browsers
from securetranscribe import SecureTranscribeClient

#: Services without which pages cannot be shown. Nothing is recognized here.
_SERVICES = ("gateway", "transcriber-api", "speakers")
_LOADS = 5
_KEYS = 60
#: Turns of the wheel, and pixels of each.
_TURNS = 40
_TURN = 400
#: Milliseconds for a page to be there, even on a slow machine.
_PATIENCE = 120_000
_LIST = "li[data-id]"
_SEGMENT = "article[data-segment]"
_COMPLETE = '[role=feed][aria-busy="false"]'
#: Milliseconds between two keys, as fast typists need them.
_BETWEEN_KEYS = 60
#: Notes when elements are there first, how long keys take until they are shown, and all frames.
_WATCH = """
window.seen = {}; window.keys = []; window.frames = [];
const look = (now) => {
  for (const one of ['li[data-id]', 'article[data-segment]', '[role=feed][aria-busy="false"]'])
    if (!(one in seen) && document.querySelector(one)) seen[one] = performance.now();
  frames.push(now);
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
addEventListener('keydown', () => {
  const begun = performance.now();
  requestAnimationFrame(() => setTimeout(() => keys.push(performance.now() - begun)));
}, true);
"""
_REFERENCE = """() => {
  const begun = performance.now();
  let sum = 0;
  for (let n = 0; n < 1e7; n++) sum = (sum + n * n) % 1000003;
  return [performance.now() - begun, sum];
}"""
_SCRIPTS = """() => performance.getEntriesByType('resource')
  .filter((one) => one.name.endsWith('.js'))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
_LONGEST = "() => frames.slice(1).reduce((most, one, n) => Math.max(most, one - frames[n]), 0)"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A running product with one long transcript."""

    url: str
    token: str
    number: int


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure the web interface in a browser.")
    parser.add_argument("--words", type=int, default=100_000)
    options = parser.parse_args()
    logging.configure(service="bench", level="WARNING", style="console")
    with _site(options.words) as site, _browser() as browser:
        _report(browser, site, options.words)


@contextmanager
def _site(words: int) -> Iterator[Site]:
    services = [service for service in SERVICES if service.name in _SERVICES]
    limits = {f"RATE_LIMIT_{group.name}": "100000/minute" for group in Group}
    with (
        tempfile.TemporaryDirectory() as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(servers, services=services, overrides={"*": limits}) as running,
        SecureTranscribeClient(f"{running.gateway_url}/api") as client,
    ):
        with sample().audio.open("rb") as file:
            number: int = client.upload_audio(file)["transcription_id"]
        wait_for(_store(servers.environment("transcriber")["DATABASE_URL"], number, words))
        assert running.gateway_url is not None
        assert client.session_token is not None
        yield Site(url=running.gateway_url, token=client.session_token, number=number)


async def _store(url: str, number: int, words: int) -> None:
    database = Database(PostgresSettings(database_url=url))
    await database.open()
    try:
        async with database.transaction() as connection:
            await connection.execute(
                b"UPDATE transcriptions SET status = 'processing' WHERE id = %s", (number,)
            )
            await editing.complete(connection, number, editing.spoken(words))
    finally:
        await database.close()


@contextmanager
def _browser() -> Iterator[Browser]:
    chromium = browsers.find()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.program,
            env={**os.environ, **chromium.variables},
            chromium_sandbox=False,
        )
        yield launched
        launched.close()


def _opened(browser: Browser, site: Site, path: str, selector: str) -> tuple[Page, float]:
    """Open a page without a cache. Return milliseconds until an element was there."""
    context = browser.new_context(base_url=site.url, locale="en-US")
    context.add_cookies([{"name": "session_token", "value": site.token, "url": site.url}])
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(path)
    page.locator(selector).first.wait_for(state="attached", timeout=_PATIENCE)
    # Playwright polls by `eval`, which the content security policy forbids.
    page.evaluate("() => new Promise(requestAnimationFrame)")
    elapsed: float = page.evaluate("(one) => seen[one] ?? performance.now()", selector)
    return page, elapsed


def _report(browser: Browser, site: Site, words: int) -> None:
    address = f"/t/{site.number}"
    page, _ = _opened(browser, site, "/", _LIST)
    reference = page.evaluate(_REFERENCE)[0]
    load = os.getloadavg()[0]
    print(f"machine: fixed loop {reference:.0f} ms, load {load:.1f} of {os.cpu_count()} cores\n")
    print(f"scripts of the first page  {page.evaluate(_SCRIPTS) / 1000:8.0f} kB compressed")
    page.context.close()
    _print_times("list is there", _loads(browser, site, "/", _LIST))
    _print_times("transcript is there", _loads(browser, site, address, _SEGMENT))
    _print_times(f"all {words} words are there", _loads(browser, site, address, _COMPLETE))
    page, _ = _opened(browser, site, address, _COMPLETE)
    _print_times("a key while editing", _typed(page))
    page.evaluate("() => new Promise((idle) => setTimeout(idle, 1000))")
    print(f"longest frame at rest      {_longest(page, 0):8.0f} ms")
    print(f"longest frame of scrolling {_longest(page, _TURNS):8.0f} ms")
    print(f"memory of scripts          {_heap(page) / 1e6:8.0f} MB")
    page.context.close()


def _loads(browser: Browser, site: Site, path: str, selector: str) -> list[float]:
    times = []
    for _ in range(_LOADS):
        page, elapsed = _opened(browser, site, path, selector)
        times.append(elapsed)
        page.context.close()
    return times


def _typed(page: Page) -> list[float]:
    segment = page.locator(_SEGMENT).first
    segment.focus()
    page.keyboard.press("Enter")
    expect(segment.get_by_role("textbox")).to_be_focused()
    page.evaluate("() => { keys.length = 0; }")
    for number in range(_KEYS):
        page.keyboard.press("abcd "[number % 5])
        # Nobody types faster. Keys that pile up would be measured until the last one is shown.
        page.wait_for_timeout(_BETWEEN_KEYS)
    times: list[float] = page.evaluate("() => keys")
    page.keyboard.press("Escape")
    return times


def _longest(page: Page, turns: int) -> float:
    """Return milliseconds of the longest frame while the wheel is turned, or during a second."""
    page.mouse.move(400, 400)
    page.evaluate("() => { frames.length = 0; }")
    for _ in range(turns):
        page.mouse.wheel(0, _TURN)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    if turns == 0:
        page.evaluate("() => new Promise((idle) => setTimeout(idle, 1000))")
    longest: float = page.evaluate(_LONGEST)
    return longest


def _heap(page: Page) -> float:
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    used: float = next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize")
    return used


def _print_times(name: str, times: list[float]) -> None:
    print(f"{name:27}{statistics.median(times):8.0f} ms, at most {max(times):.0f} ms")


if __name__ == "__main__":
    main()
