"""Checks of pages with axe-core, and of their width."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
#: Playwright polls by `eval`, which the content security policy forbids, so this is a promise.
_ANIMATED = """() => Promise.allSettled(
  document.getAnimations()
    .filter((one) => one.effect?.getTiming().iterations !== Infinity)
    .map((one) => one.finished))"""
_RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${one.help}: ${node.html}: ${node.failureSummary}`));
}"""

#: Elements that stick out, also of an open dialog, without those that are only read aloud.
_CUT = """() => {
  const root = document.documentElement;
  const dialog = document.querySelector('dialog[open]');
  const scrolled = [root, dialog].filter((one) => one && one.scrollWidth > one.clientWidth);
  const hidden = '.visually-hidden, .visually-hidden-focusable';
  const outside = [...(dialog ?? document.body).querySelectorAll('*')].filter((one) => {
    const box = one.getBoundingClientRect();
    const out = box.left < -1 || box.right > root.clientWidth + 1;
    return out && box.width > 0 && box.height > 0 && !one.closest(hidden);
  });
  return [...scrolled, ...outside].map((one) => one.cloneNode().outerHTML);
}"""


@cache
def _axe() -> str:
    return _AXE.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return the violations of all rules of axe-core in a page as it is now."""
    # Evaluated by the debugger, so that the content security policy does not have to allow it.
    page.evaluate(_axe())
    found: list[str] = page.evaluate(_RUN)
    return found


def assert_accessible(page: Page) -> None:
    """Fail with every violation of axe-core, once all animations of the page have ended."""
    page.evaluate(_ANIMATED)
    found = violations(page)
    assert not found, "\n".join(found)


def assert_fits(page: Page) -> None:
    """Fail if a page or its dialog must be scrolled sideways, or something is cut off."""
    found: list[str] = page.evaluate(_CUT)
    assert not found, "\n".join(found)
