"""Commands about voices and speaker profiles."""

import argparse
from pathlib import Path
from typing import Any

from securetranscribe.cli import arguments, output
from securetranscribe.cli.credentials import connect
from securetranscribe.cli.transcriptions import pairs
from securetranscribe.client import SecureTranscribeClient

_PAGE = 200


def add_commands(commands: Any) -> None:
    """Add the commands to the parser."""
    voices = arguments.add_command(
        commands, "voices", _voices, help="list the voices of a transcription"
    )
    voices.add_argument("id", type=int, help=arguments.TRANSCRIPTION_ID)
    name = arguments.add_command(commands, "name", _name, help="name the voices of a transcription")
    name.add_argument("id", type=int, help=arguments.TRANSCRIPTION_ID)
    name.add_argument(
        "names", nargs="+", metavar="VOICE=NAME", help="label and name, such as Speaker_1=Ann"
    )
    _add_profiles(commands)
    enroll = arguments.add_command(
        commands, "enroll", _enroll, help="add the voice in a clip to a speaker profile"
    )
    enroll.add_argument("id", type=int, help="id of the profile, as listed by speakers")
    enroll.add_argument("file", help="clip with speech of this person alone")


def _add_profiles(commands: Any) -> None:
    speakers = arguments.add_command(
        commands, "speakers", _list, help="list, create, rename, merge and delete speaker profiles"
    )
    actions = speakers.add_subparsers(dest="action", metavar="ACTION")
    arguments.add_command(actions, "list", _list, help="list the profiles (default)")
    create = arguments.add_command(actions, "create", _create, help="create a profile")
    create.add_argument("name", help="name of the person")
    rename = arguments.add_command(actions, "rename", _rename, help="rename a profile")
    rename.add_argument("id", type=int, help="id of the profile")
    rename.add_argument("name", help="new name")
    merge = arguments.add_command(actions, "merge", _merge, help="merge another profile into one")
    merge.add_argument("id", type=int, help="id of the profile that stays")
    merge.add_argument("source", type=int, help="id of the profile that is merged into it")
    delete = arguments.add_command(actions, "delete", _delete, help="deactivate a profile")
    delete.add_argument("id", type=int, help="id of the profile")
    delete.add_argument(
        "--permanent", action="store_true", help="delete it with its voiceprints and clips"
    )


def _voices(options: argparse.Namespace) -> int:
    with connect(options) as client:
        _print_voices(client, options)
    return 0


def _print_voices(client: SecureTranscribeClient, options: argparse.Namespace) -> None:
    voices = client.list_voices(options.id)
    output.show(options, voices, map(_voice, voices))


def _voice(voice: dict[str, Any]) -> str:
    how = voice["name_source"]
    if how == "suggested" and voice["confidence_score"] is not None:
        how = f"suggested, {100 * voice['confidence_score']:.0f} %"
    return f"{voice['speaker_label']:<12}  {voice['name']:<24}  {how}"


def _name(options: argparse.Namespace) -> int:
    names = pairs(options.names)
    if names is None:
        return 2
    with connect(options) as client:
        client.assign_speakers(options.id, names)
        _print_voices(client, options)
    return 0


def _list(options: argparse.Namespace) -> int:
    found: list[dict[str, Any]] = []
    with connect(options) as client:
        while len(page := client.list_speakers(page=len(found) // _PAGE + 1)) == _PAGE:
            found += page
    found += page
    output.show(options, found, map(_profile, found))
    return 0


def _profile(speaker: dict[str, Any]) -> str:
    return (
        f"{speaker['id']:>8}  {speaker['confidence_level']:<9}  "
        f"{speaker['sample_count']:>4} observations  {speaker['name']}"
    )


def _create(options: argparse.Namespace) -> int:
    with connect(options) as client:
        return _changed(options, client.create_speaker(options.name))


def _rename(options: argparse.Namespace) -> int:
    with connect(options) as client:
        return _changed(options, client.update_speaker(options.id, name=options.name))


def _merge(options: argparse.Namespace) -> int:
    with connect(options) as client:
        return _changed(options, client.merge_speakers(options.id, options.source))


def _changed(options: argparse.Namespace, speaker: dict[str, Any]) -> int:
    output.show(options, speaker, [_profile(speaker)])
    return 0


def _delete(options: argparse.Namespace) -> int:
    with connect(options) as client:
        done = client.delete_speaker(options.id, permanent=options.permanent)
    output.show(options, done, [done["message"]])
    return 0


def _enroll(options: argparse.Namespace) -> int:
    with connect(options) as client, Path(options.file).open("rb") as file:
        enrolled = client.enroll_speaker(options.id, file)
    seconds = enrolled["observation"]["voice_seconds"]
    line = f"{enrolled['speaker']['name']}: added {seconds:.1f} s of speech"
    output.show(options, enrolled, [line])
    return 0
