"""Models converted after they have been fetched, with a record of the results.

The record holds the hashes of the converted files, and which files they were made from. So another
version of a model or of its conversion is noticed, and so is an altered file.
"""

import importlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from common.models.files import (
    FileChecker,
    ModelError,
    ModelFetchError,
    ModelMissingError,
    sha256_of,
)
from common.models.manifest import Conversion, Model

Say = Callable[[str], None]

_RECORD = "record.json"
_REMEDY = "Run `python -m common.models pull` where the transcriber's worker is installed."


class Converter:
    """Conversions of models within the model directory."""

    def __init__(self, model_dir: Path) -> None:
        self.model_dir = model_dir
        self._checker = FileChecker(_REMEDY)

    def convert(self, model: Model, *, say: Say) -> None:
        """Convert a fetched model unless that has been done, or cannot be done here.

        Raises:
            ModelFetchError: the conversion failed. Nothing is stored.
        """
        conversion = model.conversion
        if conversion is None or self._is_current(model):
            return
        began = time.monotonic()
        try:
            convert = importlib.import_module(conversion.module).convert
        except ModuleNotFoundError as error:
            say(f"{model.name}: not converted, since {error.name} is not installed here")
            return
        target = self._directory(model)
        partial = target.with_name(f".{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            convert(self.model_dir / model.name, partial)
            size = _write_record(model, conversion, partial)
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
        except Exception as error:
            raise ModelFetchError(f"{model.name} could not be converted: {error}") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        say(f"{model.name}: converted, {size:,} bytes ({time.monotonic() - began:.1f} s)")

    def is_converted(self, model: Model) -> bool:
        """Return whether there is a record of a conversion. Its files may be altered."""
        return (self._directory(model) / _RECORD).is_file()

    def locate(self, model: Model) -> Path:
        """Return the directory of the converted files after verifying every file.

        Raises:
            ModelMissingError: the model was not converted, or a file is missing.
            ModelAlteredError: a file has other contents than recorded.
        """
        conversion, directory = model.conversion, self._directory(model)
        if conversion is None:
            raise ModelError(f"{model.name} has no conversion.")
        try:
            record = json.loads((directory / _RECORD).read_text())
        except FileNotFoundError:
            raise ModelMissingError(f"{model.name} was not converted. {_REMEDY}") from None
        if not _is_of(record, model, conversion):
            raise ModelMissingError(f"{model.name} was converted from other files. {_REMEDY}")
        for name in conversion.files:
            known = record["files"][name]
            self._checker.check(directory / name, size=known["size"], sha256=known["sha256"])
        return directory

    def _is_current(self, model: Model) -> bool:
        try:
            self.locate(model)
        except ModelError:
            return False
        return True

    def _directory(self, model: Model) -> Path:
        return self.model_dir / model.name / "converted"


def _write_record(model: Model, conversion: Conversion, directory: Path) -> int:
    """Record the files of a conversion. Return their size in bytes."""
    paths = [directory / name for name in conversion.files]
    files = {path.name: {"size": path.stat().st_size, "sha256": sha256_of(path)} for path in paths}
    record = {"model": model.version, "recipe": conversion.recipe, "files": files}
    (directory / _RECORD).write_text(json.dumps(record, indent=2))
    return sum(path.stat().st_size for path in paths)


def _is_of(record: dict[str, object], model: Model, conversion: Conversion) -> bool:
    return record["model"] == model.version and record["recipe"] == conversion.recipe
