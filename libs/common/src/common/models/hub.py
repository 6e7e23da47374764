"""Models fetched from a model hub, and found again without it.

A record holds the hash of each fetched file, so that a later start detects altered and missing
files.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.models.files import FileChecker, ModelFetchError, ModelMissingError, sha256_of
from common.models.manifest import DEFAULT_PIPELINE_PARTS

Say = Callable[[str], None]

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """One revision of a repository on disk."""

    repository: str
    revision: str
    directory: Path


class HubStore:
    """Models of a hub within the model directory."""

    def __init__(self, model_dir: Path) -> None:
        self._records = model_dir / "hub"
        self._checker = FileChecker("Run `python -m common.models pull --profile production`.")

    @property
    def cache_dir(self) -> Path:
        """Cache directory of the hub's own client."""
        return self._records / "cache"

    def pull(
        self, repository: str, *, patterns: Sequence[str] | None, token: str | None, say: Say
    ) -> Snapshot:
        """Fetch a repository (or its files that match) and record the hashes of its files.

        Raises:
            ModelFetchError: the hub did not answer or refused.
        """
        try:
            from huggingface_hub import snapshot_download  # noqa: PLC0415 - only for fetching
        except ImportError as error:
            raise ModelFetchError(
                "huggingface_hub is not installed. It is needed to fetch models from the hub."
            ) from error
        say(f"downloading {repository} from the model hub")
        try:
            directory = Path(
                snapshot_download(
                    repository,
                    allow_patterns=list(patterns) if patterns else None,
                    cache_dir=self.cache_dir,
                    token=token,
                )
            )
        except Exception as error:
            # Whatever the cause (network, token, terms not accepted), the operator must act.
            raise ModelFetchError(
                f"{repository} could not be fetched ({type(error).__name__}). Check the network, "
                f"HF_TOKEN, and that you have accepted its terms of use on the hub. Or set a local "
                "directory instead of a name."
            ) from error
        self.record(repository, directory)
        say(f"{repository}: fetched, revision {directory.name}")
        return Snapshot(repository=repository, revision=directory.name, directory=directory)

    def record(self, repository: str, directory: Path) -> None:
        """Record size and hash of each file of a fetched snapshot."""
        files = {
            path.relative_to(directory).as_posix(): {
                "size": path.stat().st_size,
                "sha256": sha256_of(path),
            }
            for path in sorted(directory.rglob("*"))
            if path.is_file()
        }
        record = {
            "repository": repository,
            "directory": directory.relative_to(self._records).as_posix(),
            "revision": directory.name,
            "files": files,
        }
        target = self._record(repository)
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(record, indent=2))
        partial.replace(target)

    def locate(self, repository: str) -> Snapshot:
        """Return a fetched repository after verifying every file.

        Raises:
            ModelMissingError: the repository or one of its files is missing.
            ModelAlteredError: a file has other contents than recorded.
        """
        try:
            record = json.loads(self._record(repository).read_text())
        except FileNotFoundError:
            raise ModelMissingError(
                f"{repository} is not in the model directory. Run "
                "`python -m common.models pull --profile production` with HF_TOKEN set, or set "
                "a local directory instead of a name."
            ) from None
        directory = self._records / record["directory"]
        for name, expected in record["files"].items():
            self._checker.check(directory / name, size=expected["size"], sha256=expected["sha256"])
        return Snapshot(repository=repository, revision=record["revision"], directory=directory)

    def _record(self, repository: str) -> Path:
        return self._records / f"{repository.replace('/', '--')}.json"


def repositories_in(config: Mapping[str, Any]) -> list[str]:
    """Return the other repositories named in a pyannote pipeline's config.yaml.

    A pipeline older than pyannote.audio 4 names no PLDA. Version 4 takes it from the repository of
    its default pipeline.
    """
    parameters = config.get("pipeline", {}).get("params", {})
    found = dict.fromkeys(_strings(parameters))
    if "plda" not in parameters:
        found[DEFAULT_PIPELINE_PARTS] = None
    return [name.split("@")[0] for name in found if _REPOSITORY.fullmatch(name.split("@")[0])]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
