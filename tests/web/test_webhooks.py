"""Webhooks of a workspace: made, tried, paused, changed and deleted."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect
from standardwebhooks import Webhook

from tests.web.test_accounts import looked_at
from tests.web.visitors import PHONE, Visitors


class Receiver(ThreadingHTTPServer):
    """Keeps requests, and answers with a status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.requests: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        """Address of the receiver."""
        return f"http://127.0.0.1:{self.server_address[1]}/hooks"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((headers, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with Receiver() as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def test_a_webhook_from_its_first_test_to_its_end(visitors: Visitors, receiver: Receiver) -> None:
    page = visitors.page()
    page.goto("/session")
    page.get_by_role("link", name="Webhooks").click()
    new = page.get_by_role("region", name="New webhook")
    new.get_by_label("Address").fill(receiver.url)
    new.get_by_label("A transcript is ready").uncheck()
    new.get_by_label("A job failed").uncheck()
    new.get_by_role("button", name="Create the webhook").click()
    expect(new.get_by_role("alert")).to_have_text("Choose at least one event.")
    new.get_by_label("A transcript is ready").check()
    new.get_by_role("button", name="Create the webhook").click()
    secret = new.get_by_label("shown only now").input_value()
    assert secret.startswith("whsec_")
    page.reload()
    hook = page.get_by_role("article", name=receiver.url)
    expect(hook).to_contain_text("A transcript is ready")
    assert secret not in page.content()

    hook.get_by_role("button", name="Deliveries").click()
    expect(hook.get_by_text("Nothing has been sent yet.")).to_be_visible()
    hook.get_by_role("button", name="Send a test").click()
    log = hook.get_by_role("list", name="Deliveries")
    expect(log.get_by_text("delivered")).to_be_visible()
    expect(log).to_contain_text("1 attempt, HTTP 204")
    headers, body = receiver.requests[0]
    assert Webhook(secret).verify(body, headers)["type"] == "webhook.test"
    log.get_by_role("button", name="Send again").click()
    expect(log.get_by_text("2 attempts")).to_be_visible()
    assert json.loads(receiver.requests[1][1]) == json.loads(body)
    looked_at(page)

    hook.get_by_role("button", name="New secret").click()
    page.get_by_role("dialog").get_by_role("button", name="New secret").click()
    assert hook.get_by_label("shown only now").input_value() not in ("", secret)
    expect(hook.get_by_text("The former secret signs too")).to_be_visible()

    # A receiver that is gone for good.
    receiver.status = 410
    hook.get_by_role("button", name="Send a test").click()
    expect(hook.get_by_text("It was paused:")).to_be_visible()
    expect(hook.get_by_text("paused", exact=True)).to_be_visible()
    hook.get_by_role("button", name="Resume").click()
    expect(hook.get_by_text("active", exact=True)).to_be_visible()

    hook.get_by_role("button", name="Change", exact=True).click()
    hook.get_by_label("Description").fill("Archive")
    hook.get_by_role("button", name="Save").click()
    expect(hook.get_by_text("Archive")).to_be_visible()
    hook.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is none yet.")).to_be_visible()


def test_the_page_on_a_phone_in_arabic(visitors: Visitors) -> None:
    page = visitors.page(viewport=PHONE, locale="ar")
    page.goto("/webhooks")
    expect(page.get_by_role("heading", level=1)).to_have_text("خطافات الويب")
    looked_at(page)
