from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.web.accessibility import assert_accessible
from tests.web.visitors import Visitors


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def test_vocabulary_is_kept_by_keyboard(visitors: Visitors, tmp_path: Path) -> None:
    page = visitors.page()
    page.goto("/vocabulary")
    terms = section(page, "Words to listen for")
    expect(terms).to_contain_text("no words to listen for yet")

    terms.get_by_label("Word or name").fill("Kubernetes")
    terms.get_by_label("Language").select_option(label="English")
    terms.get_by_label("Word or name").press("Enter")
    expect(terms.get_by_role("listitem")).to_contain_text("Kubernetes")
    expect(terms.get_by_role("listitem")).to_contain_text("English")

    corrections = section(page, "Corrections")
    corrections.get_by_label("Heard").fill("cooper netties")
    corrections.get_by_label("Meant").fill("Kubernetes")
    corrections.get_by_label("Meant").press("Enter")
    rule = corrections.get_by_role("listitem")
    expect(rule).to_contain_text("cooper netties")
    assert_accessible(page)

    rule.get_by_role("button", name="Change the correction of cooper netties").press("Enter")
    expect(corrections.get_by_label("Heard")).to_be_focused()
    corrections.get_by_label("Heard").fill("copper nets")
    corrections.get_by_role("button", name="Save").press("Enter")
    expect(rule).to_contain_text("copper nets")
    expect(rule).not_to_contain_text("cooper")

    terms.get_by_role("button", name="Delete Kubernetes").press("Enter")
    expect(terms.get_by_role("listitem")).to_have_count(0)
    page.get_by_role("button", name="Undo").press("Enter")
    expect(terms.get_by_role("listitem")).to_contain_text("English")

    table = tmp_path / "table.csv"
    table.write_text("type,heard,meant\nterm,,Vilnius\ncorrection,copper nets,Kubernetes\n")
    page.get_by_label("Add the rows of a table (CSV)").set_input_files(table)
    expect(page.get_by_text("1 row was added, 1 skipped because they exist.")).to_be_visible()
    page.get_by_label("Search the vocabulary").fill("vil")
    expect(terms.get_by_role("listitem")).to_have_count(1)
    with page.expect_download() as saving:
        page.get_by_role("link", name="Save as a table (CSV)").click()
    assert "term,,Vilnius" in Path(saving.value.path()).read_text()


def test_refused_term_says_why(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/vocabulary")
    terms = section(page, "Words to listen for")

    terms.get_by_label("Word or name").fill("one, two")
    visitors.allow(r"/api/vocabulary/terms")
    terms.get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_text("A term must not contain a comma.")).to_be_visible()
    expect(terms.get_by_label("Word or name")).to_have_value("one, two")
