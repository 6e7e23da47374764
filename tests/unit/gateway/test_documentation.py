"""Pages work under a policy that only allows scripts from this server."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from gateway.web.documentation import Documentation

STATIC = Path(str(files("gateway").joinpath("static")))
PAGES = ["index.html", "docs.html", "redoc.html"]


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_no_inline_or_external_resources(name: str) -> None:
    page = (STATIC / name).read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    for script in re.findall(r"<script(.*?)>(.*?)</script>", page, re.DOTALL):
        assert "src=" in script[0]
        assert not script[1].strip()
    for reference in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert reference.startswith("/")
        assert not reference.startswith("//")


@pytest.mark.parametrize("name", PAGES)
def test_every_asset_exists(name: str) -> None:
    assets = Documentation()._assets
    for reference in re.findall(r'"/static/([^"]+)"', (STATIC / name).read_text()):
        assert assets[reference].is_file()


def test_scripts_contact_no_other_server() -> None:
    for name in ("docs.js", "redoc.js"):
        assert "http" not in (STATIC / name).read_text()
