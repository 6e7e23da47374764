"""Arithmetic of the published figures."""

from pathlib import Path

import numpy as np
import pytest

from bench.speakers_corpus import FIRST, SECOND, Corpus
from bench.speakers_fit import Trials, cost, equal_error_rate, family, fit, similarities, trials
from bench.speakers_report import replace_part, table
from speakers.domain.voice_space import LogOdds


def made_up_corpus(people: int = 12) -> Corpus:
    """Create different voices, each with and without a telephone that shifts all alike."""
    random = np.random.default_rng(0)
    conditions = ("clean", "room", "noise", "noisy room", "codec", "telephone")
    voices = random.standard_normal((people, 24))
    shift = 6 * np.eye(24)[0]
    rows, vectors = [], []
    for person, voice in enumerate(voices):
        for part in (FIRST, SECOND):
            for condition in conditions:
                for seconds in (2, 5):
                    moved = voice + 0.3 * random.standard_normal(24)
                    moved = moved + (shift if condition == "telephone" else 0)
                    vectors.append(moved / np.linalg.norm(moved))
                    rows.append((str(person), part, condition, seconds))
    return Corpus(
        vectors=np.array(vectors),
        speaker=np.array([row[0] for row in rows]),
        part=np.array([row[1] for row in rows]),
        condition=np.array([row[2] for row in rows]),
        seconds=np.array([row[3] for row in rows]),
        model="m",
        model_version="1",
    )


def pairs(same: list[bool]) -> Trials:
    count = len(same)
    return Trials(
        first=np.arange(count),
        second=np.arange(count),
        same=np.array(same),
        family=np.array(["wideband"] * count),
        weight=np.ones(count),
    )


@pytest.mark.parametrize(
    ("scores", "rate"),
    [([4.0, 3.0, 2.0, 1.0], 0.0), ([1.0, 2.0, 3.0, 4.0], 1.0), ([4.0, 2.0, 3.0, 1.0], 0.5)],
)
def test_equal_error_rates(scores: list[float], rate: float) -> None:
    assert equal_error_rate(np.array(scores), pairs([True, True, False, False])) == rate


def test_uninformative_log_odds_cost_one_bit() -> None:
    known = pairs([True, False])
    silent = LogOdds(offset=0.0, similarity=0.0)
    assert cost(silent, np.array([0.9, 0.1]), known) == pytest.approx(1.0)
    good = LogOdds(offset=-10.0, similarity=20.0)
    assert cost(good, np.array([0.9, 0.1]), known) < 0.01
    assert cost(good, np.array([0.1, 0.9]), known) > 5


def test_families_of_recordings() -> None:
    assert family("clean", "room") == "wideband"
    assert family("clean", "telephone") == family("telephone", "clean") == "mixed"
    assert family("telephone", "telephone") == "telephone"


def test_weights_are_balanced_by_family() -> None:
    found = trials(made_up_corpus(), ["0", "1", "2"])
    for one in (found.same, ~found.same):
        assert found.weight[one].sum() == pytest.approx(1.0)
        share = found.weight[one & (found.family == "telephone")].sum()
        assert share == pytest.approx(0.25)


def test_fitted_space_removes_telephone_effects() -> None:
    corpus = made_up_corpus()
    known, others = (
        [name for name in corpus.speakers if (int(name) % 2 == 0) == wanted]
        for wanted in (True, False)
    )
    space = fit(corpus, known)
    assert space.nuisance is not None
    assert np.abs(space.nuisance[0][0]) > 0.9
    tried = trials(corpus, others)
    raw = np.einsum("nd,nd->n", corpus.vectors[tried.first], corpus.vectors[tried.second])
    fitted = similarities(corpus, space, tried)
    assert equal_error_rate(fitted, tried) < equal_error_rate(raw, tried)


def test_part_of_a_document_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "doc.md"
    path.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    replace_part(path, "a", table(["x"], [["1"]]))
    replace_part(path, "a", table(["x"], [["2"]]))
    assert path.read_text() == "before\n<!-- a -->\n| x |\n| --- |\n| 2 |\n<!-- /a -->\nafter\n"
    with pytest.raises(ValueError, match="no part called b"):
        replace_part(path, "b", "")
