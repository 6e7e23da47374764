"""Commands for administrators: `securetranscribe admin list --older-than 30`."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from securetranscribe.v1 import admin_pb2, admin_pb2_grpc, transcription_pb2

DEFAULT_ADDRESS = "localhost:50051"
_HEADER = "x-admin-token"
_PAGE = 1000
_SECONDS = 600.0
_POLL_SECONDS = 2.0
Stub = Any


def add_commands(commands: Any) -> None:
    """Add the command `admin` to the parser of the command line."""
    parser = commands.add_parser(
        "admin",
        help="list and erase stored recordings and voices, with the token of administrators",
        description="The token is the value of ADMIN_TOKEN of the transcriber. It is read from the "
        "environment variable ADMIN_TOKEN, or the file that ADMIN_TOKEN_FILE names.",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "--address",
        default=os.environ.get("TRANSCRIBER_GRPC", DEFAULT_ADDRESS),
        help="gRPC address of the transcriber's api "
        f"(environment variable TRANSCRIBER_GRPC, default {DEFAULT_ADDRESS})",
    )
    parser.add_argument(
        "--ca",
        default=os.environ.get("GRPC_TLS_CA"),
        help="certificate authority of the services, for TLS (environment variable GRPC_TLS_CA)",
    )
    actions = parser.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", help="list transcriptions of all owners, oldest first")
    listed.add_argument("--owner", default="", help="only those of this session or workspace")
    listed.add_argument(
        "--older-than", type=float, default=0.0, metavar="DAYS", help="only those of at least DAYS"
    )
    actions.add_parser("figures", help="show figures about everything that is stored")
    actions.add_parser(
        "workspaces", help="list workspaces with what they own, those with the most bytes first"
    )
    encrypt = actions.add_parser(
        "encrypt-recordings", help="encrypt what was stored before encryption was on"
    )
    encrypt.add_argument(
        "--no-wait", action="store_true", help="return at once. It goes on in the background"
    )
    erasures = actions.add_parser("erasures", help="list what was erased, newest first")
    erasures.add_argument("--limit", type=int, default=100, help="most lines (default: 100)")
    one = actions.add_parser("erase-transcription", help="erase a transcription and its recording")
    one.add_argument("id", type=int, help="id of the transcription, as listed by list")
    owner = actions.add_parser("erase-session", help="erase everything that a session owns")
    owner.add_argument("owner", help="id of the session or its workspace, as listed by list")
    voice = actions.add_parser("erase-voice", help="erase the voice of a person")
    voice.add_argument("id", type=int, help="id of the speaker profile, as listed by speakers")


def run(options: argparse.Namespace) -> int:
    """Run one command. Return the exit status."""
    try:
        token = _token()
        with _channel(options) as channel:
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            _ACTIONS[options.action](stub, options, ((_HEADER, token),))
    except grpc.RpcError as error:
        # Calls raise errors that are calls themselves.
        said = error.details() if isinstance(error, grpc.Call) else str(error)
        print(f"securetranscribe: {said}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"securetranscribe: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"securetranscribe: {error}", file=sys.stderr)
        return 2
    return 0


def _token() -> str:
    path = os.environ.get("ADMIN_TOKEN_FILE")
    token = Path(path).read_text(encoding="utf-8") if path else os.environ.get("ADMIN_TOKEN", "")
    if not token.strip():
        raise ValueError("set ADMIN_TOKEN or ADMIN_TOKEN_FILE")
    return token.strip()


def _channel(options: argparse.Namespace) -> grpc.Channel:
    if not options.ca:
        return grpc.insecure_channel(options.address)
    credentials = grpc.ssl_channel_credentials(Path(options.ca).read_bytes())
    return grpc.secure_channel(options.address, credentials)


def _list(stub: Stub, options: argparse.Namespace, metadata: Any) -> None:
    offset, total = 0, 1
    age = Duration(seconds=round(options.older_than * 86_400))
    while offset < total:
        request = admin_pb2.ListStoredTranscriptionsRequest(
            owner=options.owner, min_age=age, limit=_PAGE, offset=offset
        )
        answer = stub.ListStoredTranscriptions(request, metadata=metadata, timeout=_SECONDS)
        total = answer.total
        for item in answer.transcriptions:
            print(_line(item))
        if not answer.transcriptions:
            break
        offset += len(answer.transcriptions)


def _line(item: admin_pb2.StoredTranscription) -> str:
    status = transcription_pb2.TranscriptionStatus.Name(item.status)
    word = status.removeprefix("TRANSCRIPTION_STATUS_").lower()
    size = f"{item.size_bytes:>13,}" if item.recording_stored else f"{'erased':>13}"
    until = _time(item.keep_until_time) if item.HasField("keep_until_time") else "-"
    return (
        f"{item.transcription_id:>8}  {word:<10}  {_time(item.create_time)}  {size}  "
        f"{until:<16}  {item.workspace_id}"
    )


def _figures(stub: Stub, _options: argparse.Namespace, metadata: Any) -> None:
    request = admin_pb2.GetStorageFiguresRequest()
    answer = stub.GetStorageFigures(request, metadata=metadata, timeout=_SECONDS)
    hours = answer.recording_duration.seconds / 3600
    oldest = _time(answer.oldest_create_time) if answer.HasField("oldest_create_time") else "-"
    print(f"transcriptions        {answer.transcriptions:,} of {answer.workspaces:,} workspaces")
    size = f"{answer.recording_bytes:,} bytes, {hours:.1f} h"
    print(f"recordings            {answer.recordings:,}, {size}")
    print(f"oldest                {oldest}")
    print(f"unfinished deletions  {answer.unfinished_deletions:,}")
    print(f"unfinished uploads    {answer.unfinished_uploads:,}")
    print(f"not yet in the ledger {answer.unwritten_erasures:,}")


def _workspaces(stub: Stub, _options: argparse.Namespace, metadata: Any) -> None:
    offset, total = 0, 1
    while offset < total:
        request = admin_pb2.ListWorkspaceFiguresRequest(limit=_PAGE, offset=offset)
        answer = stub.ListWorkspaceFigures(request, metadata=metadata, timeout=_SECONDS)
        total = answer.total
        for item in answer.workspaces:
            hours = item.recording_duration.seconds / 3600
            size = f"{item.recording_bytes + item.playback_bytes:>15,}"
            print(
                f"{size}  {hours:>8.1f} h  {item.transcriptions:>6,}  {item.jobs:>4,}  "
                f"{_time(item.last_upload_time)}  {item.workspace_id}"
            )
        if not answer.workspaces:
            break
        offset += len(answer.workspaces)


def _encrypt(stub: Stub, options: argparse.Namespace, metadata: Any) -> None:
    """Begin, and show the figures until nothing is left to encrypt now."""
    answer = stub.EncryptRecordings(
        admin_pb2.EncryptRecordingsRequest(), metadata=metadata, timeout=_SECONDS
    )
    figures, shown = answer.figures, ""
    while True:
        line = (
            f"{figures.encrypted:,} encrypted, {figures.plain:,} plain "
            f"({figures.plain_recording_bytes:,} bytes), {figures.busy:,} of them being processed, "
            f"{figures.set_aside:,} set aside"
        )
        if line != shown:
            print(line, flush=True)
        shown = line
        if options.no_wait or not figures.running:
            break
        time.sleep(_POLL_SECONDS)
        request = admin_pb2.GetEncryptionFiguresRequest()
        figures = stub.GetEncryptionFigures(request, metadata=metadata, timeout=_SECONDS).figures
    if figures.set_aside:
        print("Those set aside are listed by `set-aside list`, with the reasons.")


def _erasures(stub: Stub, options: argparse.Namespace, metadata: Any) -> None:
    request = admin_pb2.ListErasuresRequest(limit=options.limit)
    for item in stub.ListErasures(request, metadata=metadata, timeout=_SECONDS).erasures:
        kind = admin_pb2.ErasureKind.Name(item.kind).removeprefix("ERASURE_KIND_").lower()
        print(f"{_time(item.erase_time)}  {kind:<13}  {item.subject:<40}  {item.reason}")


def _erase_transcription(stub: Stub, options: argparse.Namespace, metadata: Any) -> None:
    request = admin_pb2.EraseTranscriptionRequest(transcription_id=options.id)
    stub.EraseTranscription(request, metadata=metadata, timeout=_SECONDS)
    print(f"erased transcription {options.id}")


def _erase_session(stub: Stub, options: argparse.Namespace, metadata: Any) -> None:
    request = admin_pb2.EraseOwnerRequest(owner=options.owner)
    answer = stub.EraseOwner(request, metadata=metadata, timeout=_SECONDS)
    print(f"erased {answer.transcriptions} transcriptions of {options.owner}")


def _erase_voice(stub: Stub, options: argparse.Namespace, metadata: Any) -> None:
    stub.EraseVoice(
        admin_pb2.EraseVoiceRequest(speaker_id=options.id), metadata=metadata, timeout=_SECONDS
    )
    print(f"erased voice {options.id}")


def _time(value: Timestamp) -> str:
    return value.ToDatetime().strftime("%Y-%m-%d %H:%M")


_ACTIONS: dict[str, Callable[[Stub, argparse.Namespace, Any], None]] = {
    "list": _list,
    "figures": _figures,
    "encrypt-recordings": _encrypt,
    "workspaces": _workspaces,
    "erasures": _erasures,
    "erase-transcription": _erase_transcription,
    "erase-session": _erase_session,
    "erase-voice": _erase_voice,
}
