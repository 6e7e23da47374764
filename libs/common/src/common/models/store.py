"""Models named by the settings: fetched beforehand, and verified before use.

    python -m common.models pull [--profile embedded|production]
    python -m common.models verify

Services only read the model directory. They never download anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.models.conversions import Converter
from common.models.files import (
    FileChecker,
    ModelAlteredError,
    ModelError,
    ModelFetchError,
    ModelMissingError,
    sha256_of,
)
from common.models.hub import HubStore, repositories_in
from common.models.manifest import (
    CAMPPLUS,
    EMBEDDED,
    FASTER_WHISPER,
    RECOGNITION,
    SEGMENTATION,
    Catalog,
    Model,
)
from common.models.packages import PackageFetcher

__all__ = [
    "DEFAULT_MODEL_DIR",
    "EMBEDDED_DIARIZATION",
    "EmbeddedDiarization",
    "ModelAlteredError",
    "ModelError",
    "ModelFetchError",
    "ModelMissingError",
    "ModelStore",
    "PipelineDirectory",
    "RecognitionModel",
    "locate",
]

DEFAULT_MODEL_DIR = Path(".models")
#: The value of PYANNOTE_MODEL that stands for the models of the embedded profile.
EMBEDDED_DIARIZATION = "embedded"

_REMEDY = "Run `python -m common.models pull` to fetch it again."

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognitionModel:
    """A recognition model in a directory, for one engine and in its format."""

    name: str
    version: str
    engine: str
    format: str
    directory: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedDiarization:
    """Models for pyannote without a hub: segmentation checkpoint, CAM++ weights and network.

    `voice_version` changes when voiceprints stop being comparable. The networks for ONNX Runtime
    are None where they were not converted.
    """

    version: str
    voice_version: str
    segmentation: Path
    weights: Path
    network: Path
    onnx_segmentation: Path | None = None
    onnx_voice: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineDirectory:
    """A pyannote pipeline: a directory with config.yaml.

    `cache_dir` holds the repositories named in it, if it came from the hub.
    """

    name: str
    version: str
    directory: Path
    cache_dir: Path | None = None


class ModelStore:
    """Models in one directory. Each file is verified once per process."""

    def __init__(self, model_dir: Path) -> None:
        self.model_dir = model_dir
        self._hub = HubStore(model_dir)
        self._checker = FileChecker(_REMEDY)
        self._converter = Converter(model_dir)
        self._known = {model.name: model for model in EMBEDDED}

    def locate(self, name: str) -> Path:
        """Return the directory of a model of the manifest after verifying every file.

        Raises:
            ModelMissingError: a file is missing.
            ModelAlteredError: a file has other contents than expected.
            ModelError: the manifest has no model of this name.
        """
        model = self._model(name)
        directory = self.model_dir / name
        for file in model.files:
            self._checker.check(directory / file.name, size=file.size, sha256=file.sha256)
        return directory

    def converted(self, name: str) -> Path:
        """Return the directory of a model's converted files after verifying every file.

        The fetched files are not needed any more.

        Raises:
            ModelMissingError: the model was not converted, or a file is missing.
            ModelAlteredError: a file has other contents than when it was converted.
            ModelError: the manifest has no model of this name.
        """
        return self._converter.locate(self._model(name))

    def recognition(self, setting: str, *, engine: str = FASTER_WHISPER) -> RecognitionModel:
        """Return the model of an engine named by WHISPER_MODEL_SIZE: a name or a directory.

        Models of the manifest are embedded. Others must have been pulled from the hub.
        """
        catalog = _catalog(engine)
        if _is_path(setting):
            directory = _directory(setting, *catalog.needed)
            name, version = directory.name, _version_of(directory / catalog.needed[0])
        elif setting in catalog.embedded:
            model = catalog.embedded[setting]
            name, version, directory = model.name, model.version, self.locate(model.name)
        else:
            snapshot = self._hub.locate(_repository(catalog, setting))
            directory = snapshot.directory
            name, version = f"{catalog.family}-{setting}", snapshot.revision[:12]
        return RecognitionModel(
            name=name,
            version=version,
            engine=catalog.engine,
            format=catalog.format,
            directory=directory,
        )

    def diarization(self, setting: str) -> EmbeddedDiarization | PipelineDirectory:
        """Return the models named by PYANNOTE_MODEL: `embedded`, a hub name or a directory."""
        if setting == EMBEDDED_DIARIZATION:
            segmentation = self.locate(SEGMENTATION.name)
            voice = self.locate(CAMPPLUS.name)
            return EmbeddedDiarization(
                version=f"{SEGMENTATION.version}-{CAMPPLUS.version}",
                voice_version=CAMPPLUS.version,
                segmentation=segmentation / "pytorch_model.bin",
                weights=voice / "campplus_cn_en_common.pt",
                network=voice / "camplusplus.py",
                onnx_segmentation=self._if_converted(SEGMENTATION, "segmentation.onnx"),
                onnx_voice=self._if_converted(CAMPPLUS, "campplus.onnx"),
            )
        if _is_path(setting):
            directory = _directory(setting, "config.yaml")
            version = _version_of(directory / "config.yaml")
            return PipelineDirectory(
                name=directory.name,
                version=version,
                directory=directory,
                cache_dir=self._hub.cache_dir,
            )
        snapshot = self._hub.locate(setting)
        for repository in repositories_in(_yaml(snapshot.directory / "config.yaml")):
            self._hub.locate(repository)
        return PipelineDirectory(
            name=setting,
            version=snapshot.revision[:12],
            directory=snapshot.directory,
            cache_dir=self._hub.cache_dir,
        )

    def pull_embedded(self, *, say: Say) -> None:
        """Fetch and convert missing files of the embedded profile.

        Raises:
            ModelFetchError: the package index failed, or a model could not be converted.
        """
        self._pull(EMBEDDED, say)

    def pull(self, name: str, *, say: Say) -> None:
        """Fetch and convert a model of the manifest, as `pull_embedded` does for all."""
        self._pull([self._model(name)], say)

    def _model(self, name: str) -> Model:
        if name not in self._known:
            raise ModelError(f"There is no model {name}. Known are {', '.join(self._known)}.")
        return self._known[name]

    def _if_converted(self, model: Model, name: str) -> Path | None:
        """Return a converted file of a model, None if it was not converted here."""
        if not self._converter.is_converted(model):
            return None
        return self._converter.locate(model) / name

    def _pull(self, models: Sequence[Model], say: Say) -> None:
        PackageFetcher(self.model_dir, say=say).fetch(models)
        for model in models:
            self._converter.convert(model, say=say)

    def pull_recognition(
        self, setting: str, *, token: str | None, say: Say, engine: str = FASTER_WHISPER
    ) -> None:
        """Fetch the model of an engine named by WHISPER_MODEL_SIZE.

        Raises:
            ModelFetchError: the hub or the package index failed.
        """
        catalog = _catalog(engine)
        if _is_path(setting):
            say(f"recognition: using the local directory {setting}")
        elif setting in catalog.embedded:
            PackageFetcher(self.model_dir, say=say).fetch([catalog.embedded[setting]])
        else:
            repository = _repository(catalog, setting)
            self._hub.pull(repository, patterns=catalog.patterns, token=token, say=say)

    def pull_diarization(self, setting: str, *, token: str | None, say: Say) -> None:
        """Fetch the model named by PYANNOTE_MODEL and the repositories it refers to.

        Raises:
            ModelFetchError: the hub or the package index failed.
        """
        if _is_path(setting):
            say(f"diarization: using the local directory {setting}")
        elif setting == EMBEDDED_DIARIZATION:
            self._pull([SEGMENTATION, CAMPPLUS], say)
        else:
            snapshot = self._hub.pull(setting, patterns=None, token=token, say=say)
            for repository in repositories_in(_yaml(snapshot.directory / "config.yaml")):
                self._hub.pull(repository, patterns=None, token=token, say=say)

    def verify(self) -> list[tuple[Model, ModelError | None]]:
        """Verify every model of the embedded profile. Return each with its error or None."""
        return [(model, self._complaint(model)) for model in EMBEDDED]

    def _complaint(self, model: Model) -> ModelError | None:
        try:
            self.locate(model.name)
            if self._converter.is_converted(model):
                self._converter.locate(model)
        except ModelError as error:
            return error
        return None


def locate(name: str, model_dir: Path = DEFAULT_MODEL_DIR) -> Path:
    """Return the verified directory of a model of the manifest, as `ModelStore.locate` does."""
    return ModelStore(model_dir).locate(name)


def _catalog(engine: str) -> Catalog:
    if engine not in RECOGNITION:
        raise ModelError(
            f"SPEECH_ENGINE: the manifest has no models for the engine {engine}, only for "
            f"{', '.join(RECOGNITION)}."
        )
    return RECOGNITION[engine]


def _repository(catalog: Catalog, setting: str) -> str:
    if setting not in catalog.repositories:
        raise ModelError(
            f"WHISPER_MODEL_SIZE: {setting} is neither a directory nor one of "
            f"{', '.join(catalog.repositories)}."
        )
    return catalog.repositories[setting]


def _is_path(setting: str) -> bool:
    """Return whether a setting means a directory. Hub names look like relative paths."""
    return setting.startswith((".", "/", "~")) or Path(setting).expanduser().is_dir()


def _directory(setting: str, *needed: str) -> Path:
    directory = Path(setting).expanduser()
    for name in needed:
        if not (directory / name).is_file():
            raise ModelMissingError(f"{directory / name} is missing. The model needs it.")
    return directory


def _version_of(path: Path) -> str:
    return sha256_of(path)[:12]


def _yaml(path: Path) -> dict[str, object]:
    import yaml  # noqa: PLC0415 - only pipelines of the hub need it

    with path.open() as file:
        content = yaml.safe_load(file)
    return content if isinstance(content, dict) else {}
