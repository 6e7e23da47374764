"""Voice spaces: positions, log odds, and loading of files."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speakers.domain.voice_space import CAUTIOUS, PLAIN, LogOdds, VoiceSpace, VoiceSpaces
from speakers.domain.voiceprint import VoiceModel
from tests.unit.speakers.voices import ODDS, RECALL, plain_space, random_places, random_vectors

CAMPPLUS = VoiceModel(name="campplus-zh-en-common", version="2079f4aec2dc", dimension=192)


def space() -> VoiceSpace:
    center, *_ = random_places(1, 1)
    return VoiceSpace(
        digest="d",
        log_odds=ODDS,
        recall_points=RECALL,
        center=center * 0.5,
        nuisance=np.linalg.qr(random_places(2, 2).T)[0].T,
    )


def test_places_are_unit_vectors_without_nuisance() -> None:
    known = space()
    assert known.nuisance is not None
    for vector in random_vectors(3, 20):
        place = known.place(vector)
        assert np.linalg.norm(place) == pytest.approx(1.0)
        assert np.abs(known.nuisance @ place).max() < 1e-9


def test_nuisance_does_not_change_the_place() -> None:
    known = VoiceSpace(digest="d", log_odds=ODDS, recall_points=RECALL, nuisance=np.eye(16)[:1])
    voice = np.array([0.0, *random_places(4, 1)[0][1:]])
    near, far = voice.copy(), voice.copy()
    far[0] = 0.9
    assert known.place(far.astype(np.float32)) == pytest.approx(
        known.place(near.astype(np.float32)), abs=1e-6
    )


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_probability_is_monotonic_in_similarity(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert ODDS.of(low) <= ODDS.of(high)
    assert 0 < plain_space().probability(low) <= plain_space().probability(high) < 1


def test_log_odds_are_limited() -> None:
    sure = LogOdds(offset=100.0, similarity=1.0)
    assert sure.of(1.0) < 20


def test_recall_grows_with_speech() -> None:
    known = space()
    chances = [known.recall(value) for value in (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 500.0)]
    assert chances == sorted(chances)
    assert chances[0] == 0.0
    assert known.recall(5.0) == pytest.approx(0.8)
    assert chances[-1] == pytest.approx(0.9)


def test_models_without_space_use_the_plain_space() -> None:
    spaces = VoiceSpaces.load()
    unknown = spaces.of(VoiceModel(name="another", version="1", dimension=192))
    assert unknown is PLAIN
    assert unknown.log_odds is CAUTIOUS
    vector = random_vectors(5, 1)[0]
    assert unknown.place(vector) == pytest.approx(vector.astype(float))


def test_other_version_or_dimension_is_another_model() -> None:
    spaces = VoiceSpaces.load()
    assert spaces.of(CAMPPLUS) is not PLAIN
    other = VoiceModel(name=CAMPPLUS.name, version="other", dimension=192)
    assert spaces.of(other) is PLAIN
    odd = VoiceModel(name=CAMPPLUS.name, version=CAMPPLUS.version, dimension=10)
    assert spaces.of(odd) is PLAIN


def test_bundled_space() -> None:
    shipped = VoiceSpaces.load().of(CAMPPLUS)
    assert shipped.center is not None
    assert shipped.nuisance is not None
    assert shipped.center.shape == (192,)
    assert shipped.nuisance @ shipped.nuisance.T == pytest.approx(np.eye(len(shipped.nuisance)))
    assert shipped.log_odds.similarity > 10
    assert 0.5 < shipped.recall(5.0) < 1.0


def stored(**changes: object) -> str:
    content: dict[str, object] = {
        "model": "m",
        "versions": ["1", "2"],
        "log_odds": {"offset": -1.0, "similarity": 2.0},
        "recall": [[2, 0.5]],
        "centre": [0.0, 0.1],
        "nuisance": [],
        **changes,
    }
    return json.dumps(content)


def test_spaces_from_a_directory(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(stored())
    (tmp_path / "notes.txt").write_text("nothing")
    spaces = VoiceSpaces.load(tmp_path)
    first, second = (VoiceModel(name="m", version=v, dimension=2) for v in ("1", "2"))
    assert spaces.of(first) is spaces.of(second)
    assert spaces.digest("m", "1") == spaces.of(first).digest
    assert spaces.digest("m", "3") == PLAIN.digest


def test_digest_depends_on_decisive_values(tmp_path: Path) -> None:
    digests = []
    for number, text in enumerate(
        (stored(), stored(about="x"), stored(recall=[[2, 0.6]]), stored(centre=[0.0, 0.2]))
    ):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "m.json").write_text(text)
        digests.append(VoiceSpaces.load(directory).digest("m", "1"))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


@pytest.mark.parametrize(
    "text",
    ["not json", "{}", stored(centre="x"), stored(recall=[]), stored(log_odds={"offset": 1.0})],
)
def test_invalid_space_files_are_rejected(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(ValueError, match=r"broken\.json is not a voice space"):
        VoiceSpaces.load(tmp_path)
