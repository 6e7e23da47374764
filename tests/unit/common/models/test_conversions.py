"""Models converted after they have been fetched."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from common.models.conversions import Converter
from common.models.files import ModelAlteredError, ModelError, ModelFetchError, ModelMissingError
from common.models.manifest import Conversion, Model, ModelFile

CONVERSION = Conversion(module="owl_conversion", recipe=1, files=("fast.bin",))
OWL = Model(
    name="owl",
    about="an owl",
    engine="owl",
    format="feathers",
    license="MIT",
    files=(ModelFile(name="slow.bin", size=4, sha256="0" * 64, parts=()),),
    conversion=CONVERSION,
)


def silent(_line: str) -> None:
    """Say nothing."""


def fast(source: Path, target: Path) -> None:
    (target / "fast.bin").write_bytes((source / "slow.bin").read_bytes()[::-1])


def failing(source: Path, target: Path) -> None:
    fast(source, target)
    raise ValueError("the graph has no branches")


@pytest.fixture
def converter(tmp_path: Path) -> Converter:
    (tmp_path / "owl").mkdir()
    (tmp_path / "owl" / "slow.bin").write_bytes(b"hoot")
    return Converter(tmp_path)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install the module of the conversion with its function."""

    def installed(convert: Callable[[Path, Path], None]) -> None:
        module = ModuleType(CONVERSION.module)
        vars(module)["convert"] = convert
        monkeypatch.setitem(sys.modules, CONVERSION.module, module)

    return installed


def test_model_is_converted_once(converter: Converter, install: Callable[..., None]) -> None:
    install(fast)
    said: list[str] = []
    converter.convert(OWL, say=said.append)
    assert (converter.locate(OWL) / "fast.bin").read_bytes() == b"tooh"
    install(failing)
    converter.convert(OWL, say=said.append)
    assert len(said) == 1
    assert said[0].startswith("owl: converted, 4 bytes")


def test_model_without_a_conversion_is_left_alone(converter: Converter) -> None:
    plain = replace(OWL, conversion=None)
    converter.convert(plain, say=pytest.fail)
    assert not converter.is_converted(plain)
    with pytest.raises(ModelError, match="no conversion"):
        converter.locate(plain)


def test_missing_library_is_reported_and_leaves_the_model_unconverted(
    converter: Converter,
) -> None:
    said: list[str] = []
    converter.convert(OWL, say=said.append)
    assert said == ["owl: not converted, since owl_conversion is not installed here"]
    with pytest.raises(ModelMissingError, match=r"owl was not converted.*common\.models pull"):
        converter.locate(OWL)


def test_failure_leaves_nothing(converter: Converter, install: Callable[..., None]) -> None:
    install(failing)
    with pytest.raises(ModelFetchError, match="owl could not be converted: the graph has no"):
        converter.convert(OWL, say=pytest.fail)
    assert not converter.is_converted(OWL)
    assert [path.name for path in converter.model_dir.glob("owl/*")] == ["slow.bin"]


@pytest.mark.parametrize(
    "changed",
    [
        replace(OWL, conversion=replace(CONVERSION, recipe=2)),
        replace(OWL, files=(replace(OWL.files[0], sha256="1" * 64),)),
    ],
)
def test_other_recipe_or_model_is_converted_again(
    converter: Converter, install: Callable[..., None], changed: Model
) -> None:
    install(fast)
    converter.convert(OWL, say=silent)
    with pytest.raises(ModelMissingError, match="converted from other files"):
        converter.locate(changed)
    converter.convert(changed, say=silent)
    assert converter.locate(changed)


def test_altered_file_is_found_and_made_again(
    converter: Converter, install: Callable[..., None]
) -> None:
    install(fast)
    converter.convert(OWL, say=silent)
    (converter.locate(OWL) / "fast.bin").write_bytes(b"hoot")
    with pytest.raises(ModelAlteredError, match=r"fast\.bin"):
        converter.locate(OWL)
    converter.convert(OWL, say=silent)
    assert (converter.locate(OWL) / "fast.bin").read_bytes() == b"tooh"
