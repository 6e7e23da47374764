import pytest
from playwright.sync_api import Page, expect

from tests.web.accessibility import assert_accessible, assert_fits, violations
from tests.web.visitors import ENLARGED, PHONE, Visitors

FRAME = """
- link "Skip to content"
- banner:
  - navigation "Pages"
- main:
{headings}
- status
"""
#: Headings of each page, in a session without recordings.
HEADINGS = {
    "/": """
  - heading "Library" [level=1]
  - region "Add recordings":
    - heading "Add recordings" [level=2]
  - region "Recordings":
    - heading "Recordings" [level=2]
""",
    "/record": """
  - heading "Record" [level=1]
""",
    "/people": """
  - heading "People" [level=1]
""",
    "/vocabulary": """
  - heading "Vocabulary" [level=1]
  - region "Words to listen for":
    - heading "Words to listen for" [level=2]
  - region "Corrections":
    - heading "Corrections" [level=2]
  - region "As a table":
    - heading "As a table" [level=2]
""",
    "/queue": """
  - heading "Queue" [level=1]
  - region "Waiting and in progress":
    - heading "Waiting and in progress" [level=2]
  - region "The system":
    - heading "The system" [level=2]
""",
    "/system": """
  - heading "System" [level=1]
""",
    "/account": """
  - heading "Account" [level=1]
""",
    "/workspace": """
  - heading "Workspace" [level=1]
""",
    "/users": """
  - heading "Users" [level=1]
""",
    "/audit": """
  - heading "Audit log" [level=1]
""",
    "/with-me": """
  - heading "Shared with me" [level=1]
""",
    "/session": """
  - heading "Session" [level=1]
  - region "Your work":
    - heading "Your work" [level=2]
    - heading "Storage" [level=3]
    - heading "Copy of everything" [level=3]
  - region "Appearance":
    - heading "Appearance" [level=2]
  - region "End the session":
    - heading "End the session" [level=2]
""",
}
#: The pages of people who have yet to come in have no bar.
ADDRESSES = [*HEADINGS, "/setup", "/reset"]


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


@pytest.mark.parametrize("locale", ["en-US", "ar"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_enlarged_pages_fit(visitors: Visitors, address: str, locale: str) -> None:
    page = visitors.page(viewport=ENLARGED, locale=locale)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert_fits(page)
    page.set_viewport_size(PHONE)
    assert_fits(page)
    if locale == "ar":
        assert_accessible(page)


def test_pages_have_landmarks_and_headings(page: Page) -> None:
    for address, headings in HEADINGS.items():
        page.goto(address)
        expect(page.locator("#app")).to_match_aria_snapshot(FRAME.format(headings=headings))


def test_language_and_direction_are_kept(page: Page) -> None:
    page.goto("/session")
    page.get_by_label("Language of the pages").select_option("ar")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("الجلسة")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.goto("/")
    expect(heading).to_have_text("المكتبة")
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    links = page.get_by_role("navigation").get_by_role("link")
    first, second = (one.bounding_box() for one in (links.nth(0), links.nth(1)))
    assert first is not None
    assert second is not None
    assert first["x"] > second["x"]


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
    expect(page.locator("img")).to_have_count(1)
    assert any("image-alt" in one for one in violations(page))
    found = "\n".join(visitors.faults())
    for part in ("provoked error", "Content Security Policy", "status 404", "provoked exception"):
        assert part in found
    visitors.allow(".")
