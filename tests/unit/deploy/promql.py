"""Evaluator for the part of PromQL used by the alert rules, over given series.

Enough to run `alerts.test.yml` where there is no promtool; what is not known here raises.
"""

import itertools
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as ast

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
_LOOKBACK = 300
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt,
    ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
_COMBINE: dict[str, Callable[[list[float]], float]] = {"sum": math.fsum, "max": max}
_NOTATION = re.compile(r"^(-?[\d.]+)(?:([+-])([\d.]+))?(?:x(\d+))?$")


@dataclass(frozen=True, kw_only=True)
class Series:
    """Samples of one series: seconds and value."""

    labels: Labels
    samples: tuple[tuple[float, float], ...]

    @classmethod
    def read(cls, name: str, values: str, interval: float) -> "Series":
        """Parse the notation of promtool: `0+2x10 5x3`."""
        selector: Any = ast.parse(name)
        labels = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
        labels["__name__"] = selector.name
        numbers = [number for part in values.split() for number in _expand(part)]
        samples = tuple((index * interval, value) for index, value in enumerate(numbers))
        return cls(labels=frozenset(labels.items()), samples=samples)


def _expand(part: str) -> list[float]:
    found = _NOTATION.match(part)
    if found is None:
        raise ValueError(f"{part} is not a notation of samples")
    start, step = float(found[1]), float(f"{found[2]}{found[3]}" if found[3] else 0)
    return [start + step * index for index in range(int(found[4] or 0) + 1)]


def evaluate(expression: str, series: Iterable[Series], at: float) -> Vector:
    """Return the vector of an expression at a time in seconds."""
    return _Evaluation(list(series), at).vector(ast.parse(expression))


class _Evaluation:
    def __init__(self, series: list[Series], at: float) -> None:
        self._series = series
        self._at = at

    def vector(self, node: Any) -> Vector:
        match type(node).__name__:
            case "ParenExpr":
                return self.vector(node.expr)
            case "VectorSelector":
                return self._instant(node)
            case "AggregateExpr":
                return self._aggregate(node)
            case "Call":
                return self._call(node)
            case "BinaryExpr":
                return self._binary(node)
        raise NotImplementedError(type(node).__name__)

    def _instant(self, node: Any) -> Vector:
        result = {}
        for series in self._matching(node):
            recent = [v for t, v in series.samples if self._at - _LOOKBACK < t <= self._at]
            if recent:
                result[series.labels] = recent[-1]
        return result

    def _matching(self, node: Any) -> list[Series]:
        return [series for series in self._series if _matches(node, dict(series.labels))]

    def _aggregate(self, node: Any) -> Vector:
        combine = _COMBINE[str(node.op)]
        kept = set(node.modifier.labels) if node.modifier else set()
        groups: dict[Labels, list[float]] = {}
        for labels, value in self.vector(node.expr).items():
            groups.setdefault(_only(labels, kept), []).append(value)
        return {labels: combine(values) for labels, values in groups.items()}

    def _call(self, node: Any) -> Vector:
        match node.func.name:
            case "rate":
                return self._rate(node.args[0])
            case "absent":
                equal = {m.name: m.value for m in node.args[0].matchers.matchers}
                return {} if self.vector(node.args[0]) else {frozenset(equal.items()): 1.0}
            case "histogram_quantile":
                return _quantile(node.args[0].val, self.vector(node.args[1]))
        raise NotImplementedError(node.func.name)

    def _rate(self, node: Any) -> Vector:
        window = node.range.total_seconds()
        result = {}
        for series in self._matching(node.vector_selector):
            inside = [(t, v) for t, v in series.samples if self._at - window <= t <= self._at]
            if len(inside) > 1:
                grown = sum(
                    later - earlier if later >= earlier else later
                    for (_, earlier), (_, later) in itertools.pairwise(inside)
                )
                result[_without(series.labels, "__name__")] = grown / (inside[-1][0] - inside[0][0])
        return result

    def _binary(self, node: Any) -> Vector:
        left, sign = self.vector(node.lhs), str(node.op)
        if type(node.rhs).__name__ == "NumberLiteral":
            bound = float(node.rhs.val)
            return {key: value for key, value in left.items() if _COMPARE[sign](value, bound)}
        right = self.vector(node.rhs)
        on = node.modifier.matching.labels if node.modifier and node.modifier.matching else None
        keys = {_key(labels, on): value for labels, value in right.items()}
        match sign:
            case "/":
                return {
                    _without(labels, "__name__"): value / keys[_key(labels, on)]
                    for labels, value in left.items()
                    if keys.get(_key(labels, on))
                }
            case "and":
                return {k: v for k, v in left.items() if _key(k, on) in keys}
            case "unless":
                return {k: v for k, v in left.items() if _key(k, on) not in keys}
            case "or":
                mine = {_key(labels, on) for labels in left}
                return left | {k: v for k, v in right.items() if _key(k, on) not in mine}
        raise NotImplementedError(sign)


def _matches(node: Any, labels: Mapping[str, str]) -> bool:
    if node.name != labels["__name__"]:
        return False
    for matcher in node.matchers.matchers:
        value = labels.get(matcher.name, "")
        same = (
            re.fullmatch(matcher.value, value) is not None
            if matcher.op in (ast.MatchOp.Re, ast.MatchOp.NotRe)
            else matcher.value == value
        )
        if same == (matcher.op in (ast.MatchOp.NotEqual, ast.MatchOp.NotRe)):
            return False
    return True


def _quantile(share: float, buckets: Vector) -> Vector:
    grouped: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        bound = float(dict(labels)["le"].replace("+Inf", "inf"))
        grouped.setdefault(_without(labels, "le"), []).append((bound, count))
    return {labels: _interpolated(share, sorted(found)) for labels, found in grouped.items()}


def _interpolated(share: float, buckets: list[tuple[float, float]]) -> float:
    rank, lower, below = share * buckets[-1][1], 0.0, 0.0
    for bound, count in buckets:
        if count >= rank and count > below:
            if bound == float("inf"):
                return lower
            return lower + (bound - lower) * (rank - below) / (count - below)
        lower, below = bound, count
    return float("nan")


def _key(labels: Labels, on: list[str] | None) -> Labels:
    return _without(labels, "__name__") if on is None else _only(labels, set(on))


def _only(labels: Labels, names: set[str]) -> Labels:
    return frozenset(item for item in labels if item[0] in names)


def _without(labels: Labels, name: str) -> Labels:
    return frozenset(item for item in labels if item[0] != name)
