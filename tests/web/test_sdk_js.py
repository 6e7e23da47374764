"""The JavaScript client in Chromium, as a page without a bundler loads it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, Route

from securetranscribe import SecureTranscribeClient
from tests import clients, sdk_js
from tests.e2e.recordings import excerpt, repeated
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.web.visitors import Visitors

_PATH = "/sdk-js-test/"
_PAGE = """<!doctype html>
<html lang="en">
  <title>Client</title>
  <link rel="icon" href="data:," />
  <script type="importmap">
    {"imports": {"securetranscribe-js": "/sdk-js-test/dist/esm/index.js"}}
  </script>
  <input type="file" />
  <script type="module" src="/sdk-js-test/example.js"></script>
</html>
"""
#: Gives the test what the example declares.
_SHARED = "globalThis.example = { client, transcribeAudio };"
_TRANSCRIBE = """async (seconds) => {
  const { client, transcribeAudio } = globalThis.example;
  const completed = new Promise((resolve, reject) => {
    client.on('job_completed', resolve);
    setTimeout(() => reject(new Error('no event')), 1000 * seconds);
  });
  await transcribeAudio(document.querySelector('input').files[0]);
  return (await completed).transcription_id;
}"""
_UPLOAD = """async () => {
  const { client } = globalThis.example;
  const upload = await client.uploadResumable(document.querySelector('input').files[0], {
    pieceBytes: 300_000,
    onProgress: (stored) => console.log('Stored:', stored),
  });
  return [upload.transcriptionId, upload.offset];
}"""


@pytest.fixture
def client(stack: Stack) -> Iterator[SecureTranscribeClient]:
    """Return a client for Python with a session of its own."""
    with stack.client() as one:
        one.get_session()
        yield one


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the installed package."""
    directory = sdk_js.project(tmp_path_factory.mktemp("consumer"))
    return directory / "node_modules/securetranscribe-js"


@pytest.fixture
def example(
    stack: Stack, client: SecureTranscribeClient, visitors: Visitors, package: Path
) -> Page:
    """Return a page that runs the documented example with the session of the client."""
    assert client.session_token is not None
    code = sdk_js.example(f"{stack.base_url}/api", client.session_token) + _SHARED

    def answer(route: Route) -> None:
        name = route.request.url.partition(_PATH)[2]
        if name == "example.js":
            route.fulfill(body=code, content_type="text/javascript")
        else:
            route.fulfill(path=package / name)

    # A document of the gateway itself, since Chromium lets no other one open its WebSocket.
    page = visitors.page(bypass_csp=True)
    page.route(f"**{_PATH}**", answer)
    page.goto("/docs")
    # No cookie, so that the token is what counts.
    page.context.clear_cookies()
    page.set_content(_PAGE)
    page.wait_for_function("globalThis.example !== undefined")
    return page


def _choose(page: Page, content: bytes) -> None:
    file = {"name": "audio.wav", "mimeType": "audio/wav", "buffer": content}
    page.set_input_files("input", file)  # type: ignore[arg-type]


def _listen(page: Page) -> list[str]:
    texts: list[str] = []

    def note(message: ConsoleMessage) -> None:
        texts.append(message.text)

    page.on("console", note)
    return texts


def test_documented_example(example: Page, client: SecureTranscribeClient, sample: Path) -> None:
    texts = _listen(example)
    _choose(example, excerpt(sample, start=7, seconds=6))
    number = example.evaluate(_TRANSCRIBE, JOB_SECONDS)
    assert client.get_status(number)["status"] == "completed"
    assert any(re.match(r"Status: .*transcriptionId", text) for text in texts), texts
    assert any(re.match(r"Progress: \d", text) for text in texts), texts
    assert example.context.cookies() == []
    browser = example.context.browser
    assert browser is not None
    clients.note(
        client=f"securetranscribe-js in Chromium {browser.version.partition('.')[0]}",
        version=sdk_js.version(),
        run="the example of [its page](sdk-js.md)",
        output=" ".join(text for text in texts if text.startswith("Progress: ")),
    )


def test_upload_goes_on_after_the_network_was_away(
    example: Page, client: SecureTranscribeClient, visitors: Visitors, sample: Path
) -> None:
    visitors.allow("ERR_INTERNET_DISCONNECTED")
    requests: list[str] = []

    def interrupt(route: Route) -> None:
        requests.append(route.request.method)
        # The second piece and the questions after it.
        if requests.count("PATCH") >= 2 and len(requests) < 8:
            route.abort("internetdisconnected")
        else:
            route.continue_()

    example.route("**/api/uploads/*", interrupt)
    texts = _listen(example)
    content = repeated(sample, 2)
    _choose(example, content)
    number, offset = example.evaluate(_UPLOAD)
    assert offset == len(content)
    assert requests[:7] == ["GET", "PATCH", "GET", "PATCH", "GET", "GET", "GET"]
    stored = [int(text.split()[1]) for text in texts if text.startswith("Stored: ")]
    assert stored[:3] == [0, 300_000, 300_000]
    assert stored[-1] == len(content)
    assert client.get_status(number)["file_info"]["file_size"] == len(content)
