from collections import Counter
from dataclasses import replace

import pytest

from tests.chaos.report import HEADING, replaced, section
from tests.chaos.schedule import Fault, Kind
from tests.chaos.storm import Outcome, Plan
from tests.chaos.verdict import Verdict

OUTCOME = Outcome(
    plan=Plan(seed=7, kills=2, owners=3),
    faults=(Fault(kind=Kind.KILL, pause=1, process="nats"),),
    done=Counter({Kind.KILL: 2, Kind.CUT: 1}),
    verdict=Verdict(
        findings=["a.wav is lost\nmore"],
        counts=Counter({"upload acknowledged": 5, "upload lost": 1, "completed": 4, "failed": 1}),
        failures=Counter({"WORKER_LOST": 1}),
    ),
    seconds=61.2,
    restarts={"nats": 2},
)


def test_section_has_all_that_was_counted() -> None:
    lines = section(OUTCOME).splitlines()
    assert lines[0] == HEADING
    command = 'make chaos SEED=7 KILLS=2 OWNERS=3 SECONDS=60 ARGS="--pause 6 --live 1"'
    assert lines[2] == f"`{command}`"
    assert lines[3].startswith("on 2")
    assert "- Faults: 2 kill, 1 cut." in lines
    assert "- Restarts of processes: nats 2." in lines
    assert (
        "- Jobs of acknowledged uploads: 4 completed, 1 failed (1 WORKER_LOST), 0 cancelled."
        in lines
    )
    assert "- Findings: 1." in lines
    assert "  - a.wav is lost" in lines
    assert "| uploads | 5 | 0 | 1 |" in lines


def test_section_has_the_options_of_a_smaller_run() -> None:
    kinds = frozenset(Kind) - {Kind.FILL, Kind.TURN_CLOCK}
    plan = replace(OUTCOME.plan, live=0, shares={"short": 1}, longest_pause=2.5, kinds=kinds)
    assert 'ARGS="--pause 2.5 --live 0 --short --without fill --without turn-clock"`' in section(
        replace(OUTCOME, plan=plan)
    )


@pytest.mark.parametrize("after", ["", "\n## Soak\n\nText.\n"])
def test_section_is_replaced(after: str) -> None:
    document = f"# Reliability\n\n## Chaos\n\nText.\n\n{HEADING}\n\nOld.\n{after}"
    made = replaced(document, f"{HEADING}\n\nNew.\n")
    assert made == f"# Reliability\n\n## Chaos\n\nText.\n\n{HEADING}\n\nNew.\n{after}"
    assert replaced(made, f"{HEADING}\n\nNew.\n") == made


def test_document_without_the_section_is_refused() -> None:
    with pytest.raises(ValueError, match=HEADING):
        replaced("# Reliability\n", HEADING)


def test_section_of_another_heading_is_replaced() -> None:
    document = f"## Chaos\n\n{HEADING}\n\nKept.\n\n### Last upgrade\n\nOld.\n"
    made = replaced(document, "### Last upgrade\n\nNew.\n", heading="### Last upgrade")
    assert made == f"## Chaos\n\n{HEADING}\n\nKept.\n\n### Last upgrade\n\nNew.\n"
