"""Pictures of every page, written by `make screenshots`. Tests do not collect this file."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Completed
from tests.web.visitors import PHONE, Visitors

DIRECTORY = Path("build/screenshots")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE},
}


@pytest.mark.parametrize("look", LOOKS)
def test_pictures_of_all_pages(visitors: Visitors, completed: Completed, look: str) -> None:
    page = visitors.page(token=completed.token, **LOOKS[look])
    addresses = {
        "library": "/",
        "transcript": f"/t/{completed.transcription_id}",
        "people": "/people",
        "queue": "/queue",
        "session": "/session",
    }
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, address in addresses.items():
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"\S"))
        page.wait_for_load_state("networkidle")
        path = DIRECTORY / f"{name}-{look}.png"
        page.screenshot(path=path)
        assert path.stat().st_size > 0
