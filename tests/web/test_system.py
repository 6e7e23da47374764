"""The page of the system, for administrators."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import expect

from tests.e2e.stack import ADMIN_TOKEN, Stack
from tests.web.accessibility import assert_accessible, assert_fits
from tests.web.visitors import PHONE, Visitors

_SET_ASIDE = """
INSERT INTO item_attempts (step, item, attempts, error, next_attempt_at, set_aside_at)
VALUES ('clips', '999999999', 5, 'MemoryError', now(), now())
"""
_CLEAN = "DELETE FROM item_attempts WHERE step = 'clips' AND item = '999999999'"


@pytest.fixture
def item_set_aside(stack: Stack) -> Iterator[str]:
    """Have an item of the transcriber set aside, of a recording that does not exist."""
    url = stack.servers.environment("transcriber")["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_SET_ASIDE)
        yield "transcriber · clips · 999999999"
        connection.execute(_CLEAN)


def test_administrators_see_the_system_and_retry_items(
    visitors: Visitors, item_set_aside: str
) -> None:
    visitors.allow(r"403.*/api/admin/|/api/admin/.*403")
    page = visitors.page()
    page.goto("/queue")
    page.get_by_role("link", name="The system in detail").click()
    expect(page).to_have_url(re.compile("/system$"))
    token = page.get_by_label("Token of administrators")
    assert_accessible(page)
    token.fill("a guess")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is not the token")).to_be_visible()
    expect(token).to_be_focused()
    assert_accessible(page)

    token.fill(ADMIN_TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    services = page.get_by_role("region", name="Services")
    expect(services.get_by_role("listitem").filter(has_text="transcriber")).to_contain_text("Ready")
    workers = page.get_by_role("region", name="Workers").get_by_role("listitem")
    expect(workers).to_have_count(2)
    expect(workers.first).to_contain_text("cpu")
    storage = page.get_by_role("region", name="Storage")
    expect(storage.get_by_role("row", name=re.compile("Database"))).to_contain_text("MB")
    expect(storage).to_contain_text("Until somebody deletes it")
    workspaces = page.get_by_role("region", name="Workspaces").get_by_role("listitem")
    expect(workspaces.filter(has_text="Session session_").first).to_contain_text("recordings: 0")
    expect(page.get_by_role("button", name=re.compile("^Limits of"))).to_have_count(0)
    assert_accessible(page)

    aside = page.get_by_role("region", name="Set aside")
    row = aside.get_by_role("listitem").filter(has_text=item_set_aside)
    expect(row).to_contain_text("MemoryError")
    row.get_by_role("button", name=f"Try again {item_set_aside}").click()
    expect(page.get_by_text("It will be tried again")).to_be_visible()
    expect(row).to_have_count(0)
    expect(aside.get_by_role("heading")).to_be_focused()

    # The tab keeps the token, until it is to forget it.
    page.reload()
    expect(workers).to_have_count(2)
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert_fits(page)
    page.get_by_role("button", name="Forget the token").click()
    expect(token).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.reload()
    expect(token).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
