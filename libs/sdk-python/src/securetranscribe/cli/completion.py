"""Completion for shells, made from the parser of the command line."""

import argparse
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SHELLS = ("bash", "zsh", "fish")
_PROGRAM = "securetranscribe"


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "completion",
        help="print completion for a shell",
        description="Print completion for a shell, for example: "
        'eval "$(securetranscribe completion bash)"',
    )
    parser.add_argument("shell", choices=SHELLS, help="name of the shell")
    parser.set_defaults(run=_run)


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """Return the script for a shell."""
    return _SCRIPTS[shell](list(_levels(parser, ())))


@dataclass(frozen=True, kw_only=True)
class _Level:
    """A command with the words after it, and their meanings."""

    path: tuple[str, ...]
    commands: Mapping[str, str]
    options: Mapping[str, str]
    #: Words that can follow an option.
    values: Mapping[str, tuple[str, ...]]


def _run(options: argparse.Namespace) -> int:
    from securetranscribe.cli.main import parser  # noqa: PLC0415 - it includes this command

    print(script(options.shell, parser()), end="")
    return 0


def _levels(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[_Level]:
    commands: dict[str, str] = {}
    options: dict[str, str] = {}
    values: dict[str, tuple[str, ...]] = {}
    below = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            commands = {one.dest: one.help or "" for one in action._choices_actions}
            below = [(name, action.choices[name]) for name in commands]
        elif not action.option_strings and action.choices:
            commands |= dict.fromkeys(map(str, action.choices), "")
        for name in action.option_strings:
            if name.startswith("--"):
                options[name] = "" if action.help is argparse.SUPPRESS else action.help or ""
                values[name] = tuple(map(str, action.choices or ()))
    yield _Level(path=path, commands=commands, options=options, values=values)
    for name, child in below:
        yield from _levels(child, (*path, name))


def _bash(levels: list[_Level]) -> str:
    cases = "\n".join(
        f"    {shlex.quote(' '.join(level.path))})"
        f" words={shlex.quote(' '.join([*level.commands, *level.options]))};;"
        for level in levels
    )
    following = {name: words for level in levels for name, words in level.values.items() if words}
    values = "\n".join(
        f'    {name}) COMPREPLY=($(compgen -W {shlex.quote(" ".join(words))} -- "$current"));'
        " return;;"
        for name, words in following.items()
    )
    known = " ".join(shlex.quote(" ".join(level.path)) for level in levels if level.path)
    return f"""_{_PROGRAM}() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="" words="" word candidate
  case "$previous" in
{values}
  esac
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    for candidate in {known}; do
      [[ "$candidate" == "${{command:+$command }}$word" ]] && command="$candidate" && break
    done
  done
  case "$command" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o bashdefault -o default -F _{_PROGRAM} {_PROGRAM}
"""


def _zsh(levels: list[_Level]) -> str:
    return f"""#compdef {_PROGRAM}
autoload -U +X bashcompinit && bashcompinit
(( $+functions[compdef] )) || {{ autoload -U +X compinit && compinit }}
{_bash(levels)}"""


def _fish(levels: list[_Level]) -> str:
    lines = [f"complete -c {_PROGRAM} -f -n __fish_use_subcommand"]
    for level in levels:
        at = _fish_condition(level, levels)
        lines += [
            f"complete -c {_PROGRAM} -f -n {shlex.quote(at)} -a {shlex.quote(name)}"
            f" -d {shlex.quote(meaning)}"
            for name, meaning in level.commands.items()
        ]
        for name, meaning in level.options.items():
            words = level.values[name]
            more = f" -x -a {shlex.quote(' '.join(words))}" if words else ""
            lines.append(
                f"complete -c {_PROGRAM} -n {shlex.quote(at)} -l {name.removeprefix('--')}"
                f" -d {shlex.quote(meaning)}{more}"
            )
    return "\n".join(lines) + "\n"


def _fish_condition(level: _Level, levels: list[_Level]) -> str:
    if not level.path:
        return "__fish_use_subcommand"
    seen = "; and ".join(f"__fish_seen_subcommand_from {name}" for name in level.path)
    deeper = [other.path[-1] for other in levels if other.path[:-1] == level.path]
    return f"{seen}; and not __fish_seen_subcommand_from {' '.join(deeper)}" if deeper else seen


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
