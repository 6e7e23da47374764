import pytest
from playwright.sync_api import Page, expect

from tests.web.accessibility import assert_accessible, violations
from tests.web.visitors import PHONE, Visitors

ADDRESSES = ["/", "/people", "/queue", "/session"]


def test_navigation_keeps_history_and_marks_the_page(page: Page) -> None:
    page.goto("/")
    pages = page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Queue").click()
    expect(page).to_have_url("/queue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue")
    pages.get_by_role("link", name="People").click()
    expect(pages.get_by_role("link", name="People")).to_have_attribute("aria-current", "page")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue")


def test_keyboard_skips_the_bar(page: Page) -> None:
    page.goto("/session")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_are_accessible(visitors: Visitors, address: str, scheme: str) -> None:
    page = visitors.page(color_scheme=scheme)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert_accessible(page)


@pytest.mark.parametrize("address", ADDRESSES)
def test_phones_need_no_horizontal_scrolling(visitors: Visitors, address: str) -> None:
    page = visitors.page(viewport=PHONE)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_unknown_addresses_are_not_pages(visitors: Visitors) -> None:
    visitors.allow("404")
    page = visitors.page()
    response = page.goto("/nowhere")
    assert response is not None
    assert response.status == 404


def test_faults_of_pages_are_noticed(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/session")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.evaluate("""async () => {
      console.error('provoked error');
      const script = document.createElement('script');
      script.text = 'window.ran = 1';
      document.body.append(script);
      await fetch('/api/nowhere');
      document.body.append(document.createElement('img'));
      setTimeout(() => { throw new Error('provoked exception'); });
    }""")
    page.wait_for_function("document.querySelector('img')")
    expect(page.locator("img")).to_have_count(1)
    assert any("image-alt" in one for one in violations(page))
    found = "\n".join(visitors.faults())
    for part in ("provoked error", "Content Security Policy", "status 404", "provoked exception"):
        assert part in found
    visitors.allow(".")
