"""Loading of cuBLAS, and the libraries that CTranslate2 names."""

import importlib.util
import mmap
import platform
import re
from importlib.metadata import files
from pathlib import Path

import pytest

from common.gpu import GpuError
from transcriber.worker.engines import cublas

REQUIREMENTS = Path(__file__).parents[5] / "services/transcriber/requirements-cuda.txt"


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)


def test_package_is_loaded_before_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "nvidia" / "cublas" / "lib"
    directory.mkdir(parents=True)
    (directory / "libcublas.so.12").touch()
    monkeypatch.syspath_prepend(tmp_path)
    loaded: list[str] = []
    cublas.load(loaded.append)
    assert loaded == [str(directory / "libcublasLt.so.12"), str(directory / "libcublas.so.12")]


@pytest.mark.usefixtures("without_package")
def test_system_is_searched_without_the_package() -> None:
    loaded: list[str] = []
    cublas.load(loaded.append)
    assert loaded == ["libcublas.so.12"]


@pytest.mark.usefixtures("without_package")
def test_missing_library_names_the_remedy() -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    with pytest.raises(GpuError, match=r"lacks libcublas.so.12 .*requirements-cuda.txt"):
        cublas.load(missing)


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason="CTranslate2 has builds for CUDA on x86-64 only"
)
def test_requirements_are_the_libraries_that_the_build_names() -> None:
    """Others would add hundreds of megabytes to the image for CUDA."""
    named: set[str] = set()
    for file in files("ctranslate2") or []:
        if ".so" in file.name:
            with (
                Path(str(file.locate())).open("rb") as opened,
                mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content,
            ):
                found = re.findall(rb"lib(cublas|cudnn|curand|cufft)\.so\.?(\d*)\0", content)
                named |= {f"{name.decode()}-cu{major.decode()}" for name, major in found}
    required = re.findall(r"^nvidia-([\w-]+)==", REQUIREMENTS.read_text(), re.MULTILINE)
    assert set(required) == named
