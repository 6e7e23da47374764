"""Browsers of visitors, which note everything that goes wrong in a page."""

import re
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
)

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
#: A desktop at 400 %.
ENLARGED: ViewportSize = {"width": 320, "height": 256}
#: A request that ends because its page or element goes away.
_ABORTED = "net::ERR_ABORTED"


class Visitors:
    """Makes pages with a session of their own, and collects their faults.

    Faults are errors in the console, which includes violations of the content security policy,
    exceptions, failed requests, and responses with an error status.
    """

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser = browser
        self._base_url = base_url
        self._allowed: list[re.Pattern[str]] = []
        self._found: list[str] = []
        self._contexts: list[BrowserContext] = []

    def page(self, *, token: str | None = None, **options: Any) -> Page:
        """Return a page of a new visitor, in a session of its own or in the given one.

        `options` are those of Playwright's contexts, for example `color_scheme="dark"`. The
        language is English, since tests read its texts.
        """
        wanted = {"viewport": DESKTOP, "locale": "en-US", "base_url": self._base_url, **options}
        context = self._browser.new_context(**wanted)
        self._contexts.append(context)
        if token is not None:
            cookie = {"name": "session_token", "value": token, "url": self._base_url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._note(f"exception: {error.error}"))
        context.on("requestfailed", self._on_failed)
        context.on("response", self._on_response)
        return context.new_page()

    def allow(self, pattern: str) -> None:
        """Ignore faults that match a regular expression, because a test provokes them."""
        self._allowed.append(re.compile(pattern))

    def faults(self) -> list[str]:
        """Return the faults so far that no test allows."""
        return [
            fault for fault in self._found if not any(one.search(fault) for one in self._allowed)
        ]

    def close(self) -> None:
        """Close all pages."""
        for context in self._contexts:
            context.close()

    def _note(self, fault: str) -> None:
        self._found.append(fault)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url')})")

    def _on_failed(self, request: Request) -> None:
        if request.failure != _ABORTED:
            self._note(f"failed: {request.method} {request.url} ({request.failure})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"status {response.status}: {response.request.method} {response.url}")
