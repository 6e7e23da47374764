"""Groups of gRPC calls, and their counting."""

import pytest
from limits import parse

from common.auth import Access, CallAuthenticator
from common.call_rates import CallRates, group_of_call
from common.errors import AuthenticationError
from common.identity import Grant
from common.rate_limits import Group, RateLimitedError, RateLimits
from common.signing import SIGNATURE_HEADER, CallSigner, CallVerifier, digest_of, receiver_key
from securetranscribe.v1 import (
    capture_pb2,
    export_pb2,
    library_pb2,
    queue_pb2,
    search_pb2,
    session_pb2,
    speaker_pb2,
    transcript_pb2,
    transcription_pb2,
    upload_pb2,
)

SECRET = "k" * 32
METHOD = "/test.v1.Everything/GetThing"
GROUPS = {
    Group.UPLOAD: {"UploadTranscription", "CreateUpload", "CreateCapture", "EnrollSpeaker"},
    Group.CHUNK: {"AppendUpload", "PutChunk"},
    Group.EXPORT: {"ExportTranscription", "SummarizeTranscription"},
    Group.MEDIA: {
        "GetSpeakerClip", "GetProfileClip", "DownloadRecording", "StreamTranscript",
        "ReadTranscript", "CompareRevisions", "ListRevisions", "Search", "ListTrash", "ListTags",
        "ListFolders", "GetUpload", "ListUploads", "ListDuplicates", "GetCapture",
        "ListCaptures",
    },
    Group.EDIT: {
        "MergeSpeakers", "SplitSpeaker", "DeleteObservation", "RestoreSpeaker",
        "ShareTranscription", "RevokeShare", "CreateLink", "RevokeLink",
        "EditTranscript", "UndoEdits", "RedoEdits", "TrashTranscription", "RestoreTranscription",
        "UpdateTranscription", "SuggestTitle", "BulkUpdate", "CreateTag", "UpdateTag", "DeleteTag",
        "CreateFolder", "UpdateFolder", "DeleteFolder", "RestoreRevision", "ReplaceText",
        "UndoReplacement",
    },
    Group.PROCESSING: {
        "AssignSpeakers", "CancelJob", "CreateSpeaker", "DeleteSpeaker", "DeleteTranscription",
        "ExtendCurrentSession", "InvalidateCurrentSession", "StartTranscription",
        "UpdateCurrentSession", "UpdateJobPriority", "UpdateSpeaker",
    },
    None: {"AuthenticateSession", "CreateSession", "ResumeSession"},
}  # fmt: skip


def contract_methods() -> list[str]:
    """Return the full names of all methods that clients call at the api services."""
    files = (
        capture_pb2,
        export_pb2,
        library_pb2,
        queue_pb2,
        search_pb2,
        session_pb2,
        speaker_pb2,
        transcript_pb2,
        transcription_pb2,
        upload_pb2,
    )
    return [
        f"/{service.full_name}/{method.name}"
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]


@pytest.mark.parametrize("method", contract_methods())
def test_reads_and_writes_have_their_groups(method: str) -> None:
    name = method.rpartition("/")[2]
    listed = [group for group, names in GROUPS.items() if name in names]
    reads = name.startswith(("Get", "List", "Search", "Watch"))
    wanted = listed[0] if listed else Group.STATUS if reads else Group.PROCESSING
    assert group_of_call(method) is wanted


class Tokens:
    """Fake of the session service."""

    def __init__(self) -> None:
        self.asked = 0

    async def authenticate(self, token: str) -> Grant:
        self.asked += 1
        if not token.startswith("good"):
            raise AuthenticationError("The session token is not valid.")
        return Grant.of(f"session_{token}")


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def authenticator(tokens: Tokens) -> CallAuthenticator:
    return CallAuthenticator(
        tokens=tokens,
        verifier=CallVerifier(receiver_key(SECRET, "everything"), "everything"),
        access={"/test.v1.Everything/GetPublic": Access.PUBLIC},
    )


@pytest.fixture
def rates() -> CallRates:
    return CallRates(RateLimits(dict.fromkeys(Group, parse("2/minute")), sessions_per_address=2))


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_session_is_held_to_its_limit(
    rates: CallRates, authenticator: CallAuthenticator
) -> None:
    for _ in range(2):
        caller = await rates.identify(authenticator, METHOD, bearer("good"), "10.0.0.1")
        assert caller is not None
        assert caller.session_id == "session_good"
    with pytest.raises(RateLimitedError):
        await rates.identify(authenticator, METHOD, bearer("good"), "10.0.0.2")


async def test_new_session_per_call_is_held_to_the_limit_of_its_address(
    rates: CallRates, authenticator: CallAuthenticator
) -> None:
    for number in range(4):
        await rates.identify(authenticator, METHOD, bearer(f"good{number}"), f"2001:db8::{number}")
    with pytest.raises(RateLimitedError) as caught:
        await rates.identify(authenticator, METHOD, bearer("good9"), "2001:db8::9")
    assert caught.value.limit == 4


async def test_guesses_are_limited_and_then_not_even_looked_up(
    rates: CallRates, authenticator: CallAuthenticator, tokens: Tokens
) -> None:
    for number in range(2):
        with pytest.raises(AuthenticationError):
            await rates.identify(authenticator, METHOD, bearer(f"bad{number}"), "10.0.0.1")
    for number in range(5):
        with pytest.raises(RateLimitedError):
            await rates.identify(authenticator, METHOD, bearer(f"bad{number}"), "10.0.0.1")
    assert tokens.asked == 4  # at most the limit of the address


async def test_calls_of_services_are_not_counted(
    rates: CallRates, authenticator: CallAuthenticator
) -> None:
    for _ in range(9):
        signed = CallSigner(SECRET, "gateway").sign(
            "everything", METHOD, digest=digest_of(b""), owner=Grant.of("session_1")
        )
        assert SIGNATURE_HEADER in signed
        caller = await rates.identify(authenticator, METHOD, signed, "10.0.0.1")
        assert caller is not None
        assert caller.service == "gateway"


async def test_public_calls_count_by_address(
    rates: CallRates, authenticator: CallAuthenticator
) -> None:
    public = "/test.v1.Everything/GetPublic"
    for _ in range(4):
        assert await rates.identify(authenticator, public, {}, "10.0.0.1") is None
    with pytest.raises(RateLimitedError):
        await rates.identify(authenticator, public, {}, "10.0.0.1")
