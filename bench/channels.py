"""Decisions between mixing and separating the channels of constructed recordings.

    python -m bench.channels [--data DIR] [--seeds NUMBER] [--json FILE]

Every recording is written as a file, surveyed and planned as at an upload. The thresholds of the
product were set on other recordings of the voices in the first half.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.channels_case import Builder, Case
from bench.channels_files import write
from bench.channels_parties import PARTIES
from bench.channels_shared import SHARED
from bench.channels_voices import SAMPLE_RATE, Conversations, Samples, load
from common.audio.channel_plan import plan
from common.audio.signals import ChannelMode
from common.audio.survey import survey

_HALVES = ("first", "second")
#: Seeds below this were used for setting thresholds.
_FIRST_SEED = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The decision about a recording. `seconds` is its length, `cpu` the time of the survey."""

    half: str
    family: str
    name: str
    wanted: int
    signals: int
    reason: str
    seconds: float
    cpu: float

    @property
    def right(self) -> bool:
        """Whether the number of signals is the right one."""
        return self.signals == self.wanted


def decide(case: Case, half: str) -> Decision:
    """Survey the file of a case and plan its channels."""
    file = write(case)
    begun = time.process_time()
    found = survey(file)
    planned = plan(found.tracks, found.evidence, ChannelMode.AUTO)
    return Decision(
        half=half,
        family=case.family,
        name=case.name,
        wanted=case.signals,
        signals=len(planned.signals),
        reason=planned.reason,
        seconds=case.sounds.shape[1] / SAMPLE_RATE,
        cpu=time.process_time() - begun,
    )


def cases(voices: Sequence[Samples], seeds: Sequence[int]) -> Iterator[Case]:
    """Yield every recording once per seed."""
    builders: tuple[Builder, ...] = (*PARTIES, *SHARED)
    for seed in seeds:
        for number, builder in enumerate(builders):
            yield from builder(Conversations(voices, np.random.default_rng([seed, number])))


def table(decisions: Sequence[Decision]) -> str:
    """Return the figures per family and half as a table in Markdown."""
    lines = [
        "| recordings | right decision | first half | second half | signals |",
        "|---|---|---|---|---|",
    ]
    for family in dict.fromkeys(decision.family for decision in decisions):
        rows = [decision for decision in decisions if decision.family == family]
        halves = [_share([row for row in rows if row.half == half]) for half in _HALVES]
        wanted = sorted({row.wanted for row in rows})
        numbers = f"{wanted[0]} to {wanted[-1]}" if len(wanted) > 1 else str(wanted[0])
        lines.append(f"| {family} | {_share(rows)} | {' | '.join(halves)} | {numbers} |")
    return "\n".join(lines)


def summary(decisions: Sequence[Decision]) -> str:
    """Return the main figures: parties separated, and recordings split by mistake."""
    lines = []
    for half in _HALVES:
        rows = [decision for decision in decisions if decision.half == half]
        parties = [row for row in rows if row.wanted > 1]
        shared = [row for row in rows if row.wanted == 1]
        wrong = sum(not row.right for row in shared)
        lines.append(
            f"{half} half: {_share(parties)} recordings with parties of their own were separated, "
            f"{wrong} of {len(shared)} others split"
        )
    seconds, cpu = (sum(getattr(d, name) for d in decisions) for name in ("seconds", "cpu"))
    lines.append(f"{cpu / seconds:.2%} of real time, decoding included")
    return "\n".join(lines)


def _share(rows: Sequence[Decision]) -> str:
    return f"{sum(row.right for row in rows)} of {len(rows)}"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.channels",
        description="Measure decisions about the channels of constructed recordings.",
    )
    parser.add_argument("--data", type=Path, help="directory with recordings of single voices")
    parser.add_argument("--seeds", type=int, default=2, help="recordings of each kind and half")
    parser.add_argument("--json", type=Path, help="also write the decisions to this file")
    chosen = parser.parse_args()
    voices = load(chosen.data)
    seeds = range(_FIRST_SEED, _FIRST_SEED + chosen.seeds)
    decisions = []
    for number, half in enumerate(_HALVES):
        for case in cases(voices[number::2], seeds):
            decision = decide(case, half)
            decisions.append(decision)
            if not decision.right:
                print(
                    f"{decision.family}, {decision.name}: {decision.signals} instead of "
                    f"{decision.wanted} signals. {decision.reason}",
                    flush=True,
                )
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(d) for d in decisions], indent=1) + "\n")
    print(table(decisions))
    print(summary(decisions))


if __name__ == "__main__":
    main()
