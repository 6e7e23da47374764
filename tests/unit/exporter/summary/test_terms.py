import pytest

from exporter.summary.terms import TermExtractor, centrality, similarity, vectors


def test_content_words_are_stemmed() -> None:
    terms = TermExtractor("en").terms("Well, we've been planning the budgets' plans in 2026!")
    assert terms == ["plan", "budget", "plan", "2026"]


def test_other_languages() -> None:
    assert TermExtractor("de").terms("Wir haben die Häuser und das Haus gesehen") == [
        "haus",
        "haus",
        "geseh",
    ]
    assert TermExtractor("xx").terms("Neznámý jazyk") == ["neznámý", "jazyk"]
    assert TermExtractor("zh").terms("完成报告") == ["完成", "成报", "报告"]


def test_vectors_are_normalized_and_rare_terms_weigh_more() -> None:
    rows = vectors([["budget", "plan"], ["plan"], ["plan", "plan"], []])
    assert sum(value**2 for value in rows[0].values()) == pytest.approx(1)
    assert rows[0]["budget"] > rows[0]["plan"]
    assert rows[3] == {}


def test_common_terms_can_be_left_out() -> None:
    bags = [["the", f"topic{number}"] for number in range(40)]
    assert all("the" not in row for row in vectors(bags, drop_common=True))
    assert all("the" in row for row in vectors(bags))
    assert not TermExtractor("cs").has_function_words
    assert TermExtractor("en").has_function_words


def test_similarity() -> None:
    first, second, third = vectors([["a", "b"], ["a", "b"], ["c"]])
    assert similarity(first, second) == pytest.approx(1)
    assert similarity(first, third) == 0


def test_centrality_equals_pagerank_over_the_cosines() -> None:
    """Compare the walk over terms with a plain PageRank over the matrix of cosines."""
    rows = vectors([["a", "b"], ["a", "c"], ["a", "b", "d"], ["d"], ["z"], []])
    size = len(rows)
    matrix = [[similarity(one, other) for other in rows] for one in rows]
    ranks = [1 / size] * size
    for _ in range(200):
        sums = [sum(row) for row in matrix]
        lost = sum(rank for rank, total in zip(ranks, sums, strict=True) if not total)
        ranks = [
            (0.15 + 0.85 * lost) / size
            + 0.85 * sum(ranks[j] * matrix[j][i] / sums[j] for j in range(size) if sums[j])
            for i in range(size)
        ]
    assert centrality(rows, rounds=200, tolerance=1e-12) == pytest.approx(ranks)
    assert sum(ranks) == pytest.approx(1)


def test_no_vectors_have_no_centrality() -> None:
    assert centrality([]) == []
