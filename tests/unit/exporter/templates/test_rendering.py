"""Templates rendered in their own process, with its limits."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from common.errors import ValidationError
from exporter.document import Document
from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions
from exporter.templates import rendering
from exporter.templates.rendering import MOST_BYTES, with_template
from exporter.templates.sandbox import NICENESS
from tests.unit.exporter.documents import SCRIPTS, call, hostile, in_script, long_meeting, meeting

MINUTES = """\
{{ title }}
{% for turn in turns %}
[{{ turn.start_time|clock }}] {{ turn.speaker }}: {{ turn.text }}
{% endfor %}
"""


def made(document: Document, template: str, **options: bool) -> str:
    target = with_template(FORMATS["txt"], template)
    return b"".join(target.render(document, ExportOptions(**options))).decode()


def message(document: Document, template: str) -> str:
    """Return the message of the error that the template causes."""
    with pytest.raises(ValidationError) as caught:
        made(document, template)
    assert caught.value.details == {"field": "template"}
    return caught.value.message


def test_a_template_replaces_the_layout() -> None:
    assert made(meeting(), MINUTES) == (
        "Weekly meeting\n"
        "[0:00:00] Anna Müller: Good morning everybody. Shall we begin with the budget?\n"
        "[0:00:05] Ben Ode: Yes, we decided to cut travel by ten percent."
        " I'll send the new figures by Friday.\n"
        "[0:00:12] Anna Müller: Thank you, that helps a lot.\n"
    )


def test_the_documented_example_works() -> None:
    text = (Path(__file__).parents[4] / "docs/exports.md").read_text()
    example = text.partition("```jinja\n")[2].partition("```")[0]
    lines = made(meeting(), example).splitlines()
    assert lines[:3] == ["Weekly meeting (0:00:15)", "- Anna Müller", "- Ben Ode"]
    assert lines[3].startswith("[0:00:00] Anna Müller: Good morning everybody.")


def test_options_add_variables() -> None:
    count = "{{ segments[0].words|length }}"
    assert made(meeting(), count, words=True) == "3"
    assert "words" in message(meeting(), count)
    stats = made(meeting(), "{{ speaker_stats[1].name }}", speaker_stats=True)
    assert stats == "Ben Ode"
    summary = made(meeting(), "{{ meeting_summary.statements[0].text }}", meeting_summary=True)
    assert summary == "We decided to cut travel by ten percent."


def test_speech_at_once_is_kept() -> None:
    shown = made(call(), "{% for one in segments %}{{ one.text }}\n{% endfor %}")
    assert shown.splitlines() == [one.text for one in call().segments]


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_shown(language: str) -> None:
    name, sentence = SCRIPTS[language]
    shown = made(in_script(language), "{{ segments[0].speaker }}|{{ segments[0].text }}")
    assert shown == f"{name}|{sentence}"


def test_hostile_text_is_data_on_one_line() -> None:
    shown = made(hostile(), "{{ segments[0].speaker }}\n{{ segments[0].text }}")
    assert shown.count("\n") == 1
    assert '<script>alert("1")</script> &' in shown
    assert not set("\x00\x07\x1b\u202e\ufffe") & set(shown)


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("a\n{% for %}", "Line 2: "),
        ("a\n\n{{ nothing }}", "Line 3: 'nothing' is undefined"),
        ("{{ title.upper() }}", "Line 1: "),
        ("{{ 1 // 0 }}", "Line 1: ZeroDivisionError"),
        ("{% for n in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", "16 Mi characters"),
    ],
)
def test_errors_name_the_line(template: str, part: str) -> None:
    assert part in message(meeting(), template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 9999999999 }}",
        "{{ '%9999999999d'|format(1) }}",
        "{{ 'x'|center(9999999999) }}",
        "{% set found = namespace(x='x' * 1000) %}"
        "{% for n in range(99) %}{% set found.x = found.x ~ found.x %}{% endfor %}",
    ],
)
def test_memory_has_a_limit(template: str) -> None:
    assert message(meeting(), template) == "The template needs too much time or memory."


def test_time_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_SECONDS", 1.0)
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    assert message(meeting(), loops) == "The template needs too much time or memory."


def test_templates_have_a_lower_priority() -> None:
    """The process lowers it before it reads the job, which never comes here."""
    command = [sys.executable, "-P", "-m", "exporter.templates.sandbox"]
    lowered = min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + 30
            while os.getpriority(os.PRIO_PROCESS, process.pid) != lowered:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.05)
        finally:
            process.kill()


def test_the_environment_of_the_service_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: dict[str, str] = {}
    run = subprocess.run

    def noting(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        passed.update(options["env"])
        return run(command, **options)

    monkeypatch.setenv("SUMMARY_API_KEY", "secret")
    monkeypatch.setattr(subprocess, "run", noting)
    assert made(meeting(), "{{ title }}") == "Weekly meeting"
    assert set(passed) <= {"PATH", "PYTHONPATH", "LANG"}


def test_long_meetings_have_room() -> None:
    document = long_meeting(100_000)
    shown = made(document, MINUTES)
    assert len(shown.split()) > 100_000


@pytest.mark.parametrize("name", ["pdf", "csv", "json", "srt", "zip"])
def test_other_formats_take_no_templates(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        with_template(FORMATS[name], "x")
    assert caught.value.details == {"field": "template"}


def test_templates_have_a_size() -> None:
    with_template(FORMATS["md"], "ä" * (MOST_BYTES // 2))
    with pytest.raises(ValidationError) as caught:
        with_template(FORMATS["md"], "ä" * (MOST_BYTES // 2 + 1))
    assert caught.value.details == {"field": "template"}
