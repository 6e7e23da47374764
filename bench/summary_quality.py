"""Quality of summaries and action items.

    python -m bench.summary_quality [--data DIR] [--json FILE] [--sentences]

Summaries are compared with two baselines of about the same number of words: the lead (sentences
from the beginning) and chance (sentences drawn at random, the mean of 200 draws). Action items are
compared with hand-labeled sentences, each processed alone.
"""

import argparse
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from bench.summary_corpus import Conversation, LabeledSentence, conversations, document, labeled
from exporter.summary.action_items import action_items
from exporter.summary.extractive import choose, statement_count
from exporter.summary.sentences import Sentence, sentences
from exporter.summary.terms import TermExtractor, similarity, vectors

_DRAWS = 200


@dataclass(frozen=True, kw_only=True)
class Score:
    """Quality of a selection of sentences. All figures except `words` are between 0 and 1.

    Attributes:
        words: Length of the selection.
        terms: Share of the content words said at least twice.
        points: Share of the labeled facts with a cited segment.
        redundancy: Mean similarity of each sentence to its nearest other.
        spread: Share of the tenths of the conversation with a sentence.
    """

    words: float
    terms: float
    points: float | None
    redundancy: float
    spread: float


def score(
    conversation: Conversation, found: Sequence[Sentence], chosen: Sequence[Sentence]
) -> Score:
    """Score a selection of sentences against its conversation."""
    extractor = TermExtractor("en")
    bags = [extractor.terms(sentence.text) for sentence in found]
    said = [term for bag in bags for term in bag]
    topics = {term for term in said if said.count(term) > 1}
    covered = {term for sentence in chosen for term in extractor.terms(sentence.text)}
    rows = dict(
        zip(((*sentence.segments, sentence.text) for sentence in found), vectors(bags), strict=True)
    )
    own = [rows[(*sentence.segments, sentence.text)] for sentence in chosen]
    nearest = [
        max((similarity(one, other) for j, other in enumerate(own) if j != i), default=0.0)
        for i, one in enumerate(own)
    ]
    cited = {index for sentence in chosen for index in sentence.segments}
    points = conversation.points.values()
    total = len(conversation.document.segments)
    return Score(
        words=sum(len(sentence.text.split()) for sentence in chosen),
        terms=len(covered & topics) / len(topics) if topics else 0.0,
        points=mean(bool(one & cited) for one in points) if points else None,
        redundancy=mean(nearest) if nearest else 0.0,
        spread=len({index * 10 // total for index in cited}) / min(10, total),
    )


def averaged(scores: Sequence[Score]) -> Score:
    """Return the mean of several scores."""
    points = [one.points for one in scores if one.points is not None]
    return Score(
        words=mean(one.words for one in scores),
        terms=mean(one.terms for one in scores),
        points=mean(points) if points else None,
        redundancy=mean(one.redundancy for one in scores),
        spread=mean(one.spread for one in scores),
    )


def up_to(pool: Sequence[Sentence], words: int) -> list[Sentence]:
    """Return sentences from the head of the pool with about `words` words in total."""
    taken: list[Sentence] = []
    used = 0
    for sentence in pool:
        length = len(sentence.text.split())
        if taken and used + length / 2 > words:
            break
        taken.append(sentence)
        used += length
    return taken


def compare(conversation: Conversation) -> dict[str, Score]:
    """Return the scores of the summary and of both baselines."""
    found = list(sentences(conversation.document))
    chosen = choose(found, "en", statement_count(len(found)))
    words = sum(len(sentence.text.split()) for sentence in chosen)
    dice = random.Random(7)
    draws = [
        score(conversation, found, up_to(dice.sample(found, len(found)), words))
        for _ in range(_DRAWS)
    ]
    return {
        "summary": score(conversation, found, chosen),
        "lead": score(conversation, found, up_to(found, words)),
        "chance": averaged(draws),
    }


@dataclass(frozen=True, kw_only=True)
class ItemScore:
    """Action items found, compared with labels.

    `owners` and `dues` count correct owners and due dates among the `right` items.
    """

    sentences: int
    right: int
    wrong: tuple[str, ...]
    missed: tuple[str, ...]
    owners: int
    dues: int

    @property
    def precision(self) -> float:
        """Share of labeled items among those found."""
        return self.right / max(1, self.right + len(self.wrong))

    @property
    def recall(self) -> float:
        """Share of found items among those labeled."""
        return self.right / max(1, self.right + len(self.missed))


def score_items(held: Sequence[LabeledSentence]) -> ItemScore:
    """Find action items in each sentence, treated as a separate transcript."""
    right = owners = dues = 0
    wrong: list[str] = []
    missed: list[str] = []
    for one in held:
        made = document([{"speaker": one.speaker, "text": one.text}])
        items, _ = action_items(made, list(sentences(made)))
        matched = min(len(items), len(one.items))
        right += matched
        wrong += [one.text] * (len(items) - matched)
        missed += [one.text] * (len(one.items) - matched)
        for item, label in zip(items, one.items, strict=False):
            owners += item.owner == label["owner"]
            dues += _core(item.due) == _core(label["due"])
    return ItemScore(
        sentences=len(held),
        right=right,
        wrong=tuple(wrong),
        missed=tuple(missed),
        owners=owners,
        dues=dues,
    )


def _core(due: str) -> str:
    """Return a due date without its preposition, which is optional in labels."""
    words = due.lower().split()
    return " ".join(words[1:] if words and words[0] in {"on", "for", "by", "at", "from"} else words)


def _table(results: dict[str, dict[str, Score]]) -> str:
    lines = [f"{'':24}{'words':>8}{'terms':>8}{'points':>8}{'redund.':>9}{'spread':>8}"]
    for name, scores in results.items():
        for kind, one in scores.items():
            points = "-" if one.points is None else f"{one.points:.2f}"
            lines.append(
                f"{name + ' ' + kind:24}{one.words:8.0f}{one.terms:8.2f}{points:>8}"
                f"{one.redundancy:9.2f}{one.spread:8.2f}"
            )
    return "\n".join(lines)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure summaries and action items.")
    parser.add_argument("--data", type=Path, help="directory with meetA_5spk.json")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--sentences", action="store_true", help="also print the summaries")
    arguments = parser.parse_args()

    report: dict[str, Any] = {}
    held = conversations(arguments.data)
    results = {one.name: compare(one) for one in held}
    print("Summaries against baselines of the same length:")
    for one in held:
        print(f"  {one.name}: {one.what}")
    print(_table(results))
    report["summaries"] = {
        name: {kind: vars(one) for kind, one in scores.items()} for name, scores in results.items()
    }
    if arguments.sentences:
        _print_sentences(held, print)

    for name in ("development", "test"):
        items = score_items(labeled(name))
        print(
            f"\nAction items, {name} set of {items.sentences} sentences: precision "
            f"{items.precision:.2f}, recall {items.recall:.2f}, owner right {items.owners} and due "
            f"date right {items.dues} of {items.right}"
        )
        for heading, texts in (("missed", items.missed), ("wrongly found", items.wrong)):
            for text in texts:
                print(f"  {heading}: {text}")
        report[f"action_items_{name}"] = vars(items) | {
            "precision": items.precision,
            "recall": items.recall,
        }
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2), encoding="utf-8")


def _print_sentences(held: Sequence[Conversation], show: Callable[[str], None]) -> None:
    for one in held:
        found = list(sentences(one.document))
        show(f"\n{one.name}:")
        for sentence in choose(found, "en", statement_count(len(found))):
            show(f"  {sentence.speaker_label}: {sentence.text}")
        items, _ = action_items(one.document, found)
        for item in items:
            show(f"  -> {item.text} [{item.owner or '?'}; {item.due or '-'}]")


if __name__ == "__main__":
    main()
