"""Tables of the results, and their place in docs/quality.md."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.quality.corpus import AMI, NO_SPEECH
from bench.quality.systems import PEERS
from bench.speakers_report import replace_part, table

DOCUMENT = Path("docs/quality.md")
PART = "quality"

_PLAIN, _PRODUCT, _MOONSHINE = "plain", "product", "product, Moonshine"
_WITH_WORDS = (_PLAIN, _PRODUCT, _MOONSHINE)
_WITH_TURNS = (_PLAIN, _PRODUCT, *(name for name, peer in PEERS.items() if not peer.words))
_SHOWN = {_MOONSHINE: "Moonshine"} | {name: peer.title for name, peer in PEERS.items()}


def write(results: Mapping[str, Any], document: Path = DOCUMENT) -> None:
    """Replace the tables in the document."""
    replace_part(document, PART, "\n\n".join(tables(results)))


def tables(results: Mapping[str, Any]) -> Iterable[str]:
    """Yield the tables of results as Markdown."""
    yield _words(results)
    yield _speakers(results)
    yield _times(results)
    yield _resources(results)


def _words(results: Mapping[str, Any]) -> str:
    columns = [("WER", name) for name in _recognizers(results)]
    columns += [(rate, name) for rate in ("cpWER", "tcpWER") for name in _WITH_WORDS]
    heads = ["recording", *(f"{rate}, {_SHOWN.get(name, name)}" for rate, name in columns)]
    rows = []
    for case in results["cases"]:
        found = {name: one.get(case["name"], {}) for name, one in results["scores"].items()}
        if any("wer" in one for one in found.values()):
            rates = [_one(found[name].get(rate.lower())) for rate, name in columns]
            rows.append([_name(case), *rates])
    return table(heads, rows)


def _speakers(results: Mapping[str, Any]) -> str:
    names = [name for name in _WITH_TURNS if name in results["scores"]]
    rates = [
        f"{rate}, {_SHOWN.get(name, name)}" for rate in ("DER", "JER", "found") for name in names
    ]
    heads = ["recording", "people", "two at once", *rates]
    rows = []
    excerpts: list[Mapping[str, Any]] = []
    for case in results["cases"]:
        found = [results["scores"][name].get(case["name"], {}) for name in names]
        if not any("der" in one for one in found):
            continue
        if case["group"] == AMI:
            excerpts.append(case)
            continue
        overlap = "" if case["overlap"] is None else f"{100 * case['overlap']:.0f} %"
        present = _whole(next(one["speakers_present"] for one in found if "der" in one))
        rows.append(
            [_name(case), present, overlap]
            + [_one(one.get(rate)) for rate in ("der", "jer") for one in found]
            + [_whole(one.get("speakers_found")) for one in found]
        )
    if excerpts:
        rows.append(_excerpts(results, names, excerpts))
    return table(heads, rows)


def _excerpts(
    results: Mapping[str, Any], names: Sequence[str], cases: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return one row for recordings that are too short for rows of their own."""
    rates = []
    for rate in ("der", "jer"):
        for name in names:
            found = results["scores"][name]
            weights = [case["speech"] for case in cases]
            values = [found[case["name"]][rate] for case in cases]
            mean = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
            rates.append(_one(mean))
    right = [
        f"{sum(results['scores'][name][case['name']]['speakers_wrong'] == 0 for case in cases)}"
        " right"
        for name in names
    ]
    return [f"AMI, {len(cases)} excerpts of 30 s", "1 to 4", "", *rates, *right]


def _times(results: Mapping[str, Any]) -> str:
    names = _recognizers(results)
    heads = ["", *(PEERS[name].title if name in PEERS else name for name in names)]
    groups = {case["name"]: case["group"] for case in results["cases"]}
    rows: list[list[str]] = [["distance of words at edges of utterances, median, ms"],
                             ["the same, 90th percentile, ms"], ["drift, median, ms"],
                             ["drift, most, ms"], ["invented words per hour of sounds"],
                             ["invented words per hour of pauses"]]  # fmt: skip
    for name in names:
        found = results["scores"][name]
        spoken = [one for case, one in found.items() if groups[case] != NO_SPEECH]
        sounds = [one for case, one in found.items() if groups[case] == NO_SPEECH]
        drifts = sorted(abs(one["drift_ms"]) for one in spoken if "drift_ms" in one)
        medians = sorted(one["edge_median_ms"] for one in spoken if "edge_median_ms" in one)
        most = sorted(one["edge_p90_ms"] for one in spoken if "edge_p90_ms" in one)
        for row, value in zip(
            rows,
            (
                _middle(medians),
                _middle(most),
                _middle(drifts),
                drifts[-1] if drifts else None,
                _per_hour(sounds),
                _per_hour(spoken),
            ),
            strict=True,
        ):
            row.append(_whole(value))
    return table(heads, rows)


def _resources(results: Mapping[str, Any]) -> str:
    heads = ["system", "audio, s", "peak memory, MB", "real-time factor", "CPU, s/s"]
    rows = []
    for name, one in results["systems"].items():
        speed = ["not measured"] * 2
        if results["machine"]["quiet"] and "wall" in one:
            speed = [f"{one['wall'] / one['seconds']:.3f}", f"{one['cpu'] / one['seconds']:.3f}"]
        shown = PEERS[name].title if name in PEERS else name
        rows.append([shown, _whole(one["seconds"]), _whole(one["peak_mb"]), *speed])
    return table(heads, rows)


def _recognizers(results: Mapping[str, Any]) -> list[str]:
    """Return the systems with words. Peers have only WER and words invented without speech."""
    peers = [name for name, peer in PEERS.items() if peer.words and name in results["scores"]]
    return [*_WITH_WORDS, *peers]


def _per_hour(found: Sequence[Mapping[str, float]]) -> float | None:
    seconds = sum(one.get("silence_seconds", 0.0) for one in found)
    return (
        3600 * sum(one.get("invented_words", 0.0) for one in found) / seconds if seconds else None
    )


def _middle(values: Sequence[float]) -> float | None:
    return values[len(values) // 2] if values else None


def _name(case: Mapping[str, Any]) -> str:
    return f"{case['name'].replace('_', ' ')}, {case['seconds']:.0f} s"


def _one(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
