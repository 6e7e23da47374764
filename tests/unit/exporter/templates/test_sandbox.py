"""The environment of templates reaches plain data only."""

from typing import Any

import pytest
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError

from exporter.templates.sandbox import TooLongError, render

DATA = {
    "title": "Weekly <b>",
    "segments": [
        {"speaker": "Anna", "text": "Hello & welcome", "start_time": 65.25, "items": 3},
        {"speaker": "Ben", "text": "Hi", "start_time": 3725.9, "items": 4},
    ],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ title }}\n", "Weekly <b>\n"),
        (
            "{% for one in segments %}\n{{ loop.index }} {{ one.speaker }}: {{ one.text }}\n"
            "{% endfor %}\n",
            "1 Anna: Hello & welcome\n2 Ben: Hi\n",
        ),
        ("{{ segments[0].start_time|clock }}", "0:01:05"),
        ("{{ segments[1]['start_time']|precise_clock }}", "01:02:05.900"),
        ("{{ segments|map(attribute='speaker')|join(', ') }}", "Anna, Ben"),
        ("{{ segments[0].items }}", "3"),
        ("{{ title[:6]|upper }}", "WEEKLY"),
        ("{% set found = namespace(n=0) %}{% set found.n = 2 %}{{ found.n }}", "2"),
        ("{% macro bold(text) %}*{{ text }}*{% endmacro %}{{ bold('x') }}", "*x*"),
        ("{% for n in range(2) %}{{ loop.cycle('a', 'b') }}{% endfor %}", "ab"),
        ("{{ nothing|default('-') }}", "-"),
        (
            "{% for name, own in segments|groupby('speaker') %}{{ name }} {{ own|length }} "
            "{% endfor %}",
            "Anna 1 Ben 1 ",
        ),
        (
            "{% for name, value in segments[1]|items %}{{ name }}={{ value }} {% endfor %}",
            "speaker=Ben text=Hi start_time=3725.9 items=4 ",
        ),
    ],
)
def test_data_is_laid_out(template: str, text: str) -> None:
    assert render(template, DATA) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ title.upper() }}",
        "{{ ''['__class__'] }}",
        "{{ segments.append(1) }}",
        "{{ segments.__class__.__mro__ }}",
        "{{ title|attr('__class__') }}",
        "{{ segments|map('attr', '__class__')|list }}",
        "{{ segments|map(attribute='__class__')|join }}",
        "{{ '{0.__class__}'.format(title) }}",
        "{{ loop.__class__ }}",
        "{% for n in segments %}{{ loop.__init__ }}{% endfor %}",
        "{% for n in segments %}{{ loop._iterator }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
        "{{ range.__self__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler }}",
        "{{ lipsum() }}",
        "{{ dict(a=1) }}",
        "{{ title() }}",
        "{{ range(1000000000) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% extends 'x' %}",
    ],
)
def test_nothing_else_is_reached(template: str) -> None:
    with pytest.raises((TemplateError, SecurityError, OverflowError, TypeError)):
        render(template, DATA)


def test_misspelled_names_are_errors() -> None:
    with pytest.raises(UndefinedError, match="speeker"):
        render("{{ segments[0].speeker }}", DATA)
    with pytest.raises(TemplateSyntaxError):
        render("{% for %}", DATA)


def test_text_has_a_limit() -> None:
    with pytest.raises(TooLongError):
        render("{% for n in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", {})


def test_data_is_not_interpreted() -> None:
    data: dict[str, Any] = {"text": "{{ 7 * 7 }}{% raw %}"}
    assert render("{{ text }}", data) == "{{ 7 * 7 }}{% raw %}"
