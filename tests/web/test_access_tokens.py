"""Access tokens in the page of the account."""

import httpx2
import pytest
from playwright.sync_api import expect

from tests.e2e.accounts import fresh_token
from tests.e2e.people import PASSWORD, signed_in
from tests.e2e.stack import Stack
from tests.web.test_accounts import looked_at
from tests.web.visitors import Visitors


@pytest.fixture(scope="module")
def stack(accounts: Stack) -> Stack:
    """Return the product for people who sign in."""
    return accounts


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Leave the profiles alone, which these tests do not use."""


def test_a_token_is_made_used_and_revoked(visitors: Visitors, stack: Stack) -> None:
    token = fresh_token(stack)
    ada = signed_in(stack, "/auth/setup", setup_token=token, name="Ada", password=PASSWORD)
    page = visitors.page(token=ada.token)
    page.goto("/account")
    tokens = page.get_by_role("region", name="Access tokens")
    tokens.get_by_label("For which program").fill("Archive")
    tokens.get_by_label("read", exact=True).uncheck()
    tokens.get_by_role("button", name="Create a token").click()
    expect(tokens.get_by_role("alert")).to_contain_text("Choose what the program may do")
    tokens.get_by_label("read", exact=True).check()
    tokens.get_by_role("button", name="Create a token").click()
    secret = tokens.get_by_label("shown only now").input_value()
    expect(tokens.get_by_text("never used")).to_be_visible()
    looked_at(page)

    def status() -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        url = f"{stack.base_url}/api/transcription/list"
        return httpx2.get(url, headers=headers, timeout=60).status_code

    assert status() == 200
    page.reload()
    assert secret not in page.content()
    tokens.get_by_role("button", name="Revoke Archive").click()
    expect(tokens.get_by_role("listitem")).to_have_count(0)
    assert status() == 401
