"""Renewed certificates are noticed by their files."""

import os
import ssl
from pathlib import Path

import pytest

from gateway.web.certificate_watch import CertificateWatch


class Server:
    """Records the certificates that it is to use."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self.error: OSError | None = None

    def use(self, certificate: Path, key: Path) -> None:
        if self.error is not None:
            raise self.error
        self.used.append(certificate.read_text() + key.read_text())


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    certificate.write_text("c1")
    key.write_text("k1")
    return certificate, key


def replace(path: Path, text: str) -> None:
    """Replace a file atomically, as programs that renew certificates do."""
    renewed = path.with_suffix(".new")
    renewed.write_text(text)
    os.replace(renewed, path)


async def test_unchanged_files_are_not_loaded_again(files: tuple[Path, Path]) -> None:
    server = Server()
    watch = CertificateWatch(*files, server.use)
    await watch.step()
    assert server.used == []


async def test_renewed_files_are_loaded_once(files: tuple[Path, Path]) -> None:
    server = Server()
    watch = CertificateWatch(*files, server.use)
    replace(files[0], "c2")
    replace(files[1], "k2")
    await watch.step()
    await watch.step()
    assert server.used == ["c2k2"]


async def test_a_pair_that_does_not_fit_is_tried_again(files: tuple[Path, Path]) -> None:
    server = Server()
    watch = CertificateWatch(*files, server.use)
    replace(files[0], "c2")
    server.error = ssl.SSLError("key values mismatch")
    await watch.step()
    assert server.used == []
    server.error = None
    await watch.step()
    assert server.used == ["c2k1"]


async def test_a_missing_file_is_waited_for(files: tuple[Path, Path]) -> None:
    server = Server()
    watch = CertificateWatch(*files, server.use)
    files[1].unlink()
    await watch.step()
    replace(files[1], "k2")
    await watch.step()
    assert server.used == ["c1k2"]
