"""A package index in a directory."""

import hashlib
import html
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

PAGE = "index.html"


def options(directory: Path) -> list[str]:
    """Return pip's options to use this index alone."""
    return ["--no-index", f"--find-links={directory / PAGE}"]


def write_index(directory: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write the page and the files. Return the SHA-256 of each file."""
    directory.mkdir(parents=True, exist_ok=True)
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    for file, content in files.items():
        (directory / file).write_bytes(content)
    links = [
        f'<a href="{html.escape(file)}#sha256={value}">{html.escape(file)}</a>'
        for file, value in hashes.items()
    ]
    (directory / PAGE).write_text(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>")
    return hashes


def wheel(name: str, version: str) -> bytes:
    """Return an empty package that pip can install."""
    info = f"{name}-{version}.dist-info"
    contents = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, text in contents.items():
            archive.writestr(f"{info}/{part}", text)
    return file.getvalue()
