"""Rate limits of gRPC calls, counted together with those of REST."""

from collections.abc import Mapping
from typing import Any, Self

from common.addresses import TrustedProxies, network_of, peer_host
from common.auth import CallAuthenticator
from common.errors import ApplicationError
from common.identity import Identity
from common.rate_limits import Allowance, Group, RateLimits
from common.rate_settings import RateSettings
from common.signing import SIGNATURE_HEADER

_UPLOADS = frozenset({"UploadTranscription", "CreateUpload", "CreateCapture", "EnrollSpeaker"})
_EXPORTS = frozenset({"ExportTranscription", "SummarizeTranscription", "ExportAuditEntries"})
_MEDIA = frozenset(
    {
        "GetSpeakerClip",
        "GetProfileClip",
        "DownloadRecording",
        "StreamTranscript",
        "ReadTranscript",
        "CompareRevisions",
        "ReadPlayback",
        "GetPeaks",
        "ListRevisions",
        "ListConflicts",
        "Search",
        "ListTrash",
        "ListTags",
        "ListFolders",
        "ListUploads",
        "GetUpload",
        "ListCaptures",
        "GetCapture",
        "ListDuplicates",
        "ListTerms",
        "ListCorrections",
        "ListSuggestions",
        "ExportVocabulary",
        "ListAuditEntries",
    }
)
_EDITS = frozenset(
    {
        "MergeSpeakers",
        "SplitSpeaker",
        "DeleteObservation",
        "RestoreSpeaker",
        "ShareTranscription",
        "RevokeShare",
        "CreateLink",
        "RevokeLink",
        "EditTranscript",
        "UndoEdits",
        "RedoEdits",
        "RestoreRevision",
        "ReplaceText",
        "UndoReplacement",
        "TrashTranscription",
        "RestoreTranscription",
        "UpdateTranscription",
        "SuggestTitle",
        "BulkUpdate",
        "CreateTag",
        "UpdateTag",
        "DeleteTag",
        "CreateFolder",
        "UpdateFolder",
        "DeleteFolder",
    }
)
_CHUNKS = frozenset({"AppendUpload", "PutChunk"})
_READS = ("Get", "List", "Search", "Watch")
#: Methods that count new sessions themselves, and one that only services need.
_OWN = frozenset(
    {
        "CreateSession",
        "ResumeSession",
        "AuthenticateSession",
        "SignIn",
        "CompleteSetup",
        "ResetPassword",
    }
)


def group_of_call(method: str) -> Group | None:
    """Return the group of a full method name, None for a method without one."""
    name = method.rpartition("/")[2]
    if name in _OWN:
        return None
    for group, names in (
        (Group.UPLOAD, _UPLOADS),
        (Group.EXPORT, _EXPORTS),
        (Group.MEDIA, _MEDIA),
        (Group.EDIT, _EDITS),
        (Group.CHUNK, _CHUNKS),
    ):
        if name in names:
            return group
    return Group.STATUS if name.startswith(_READS) else Group.PROCESSING


class CallRates:
    """Counter of calls per session and per address.

    Calls signed by another service are not counted, because it has counted the client's request.
    """

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits

    @classmethod
    def configured(cls, settings: object) -> Self | None:
        """Create the counter of a service called by clients, None for others."""
        if not isinstance(settings, RateSettings):
            return None
        return cls(RateLimits.configured(settings))

    async def identify(
        self,
        authenticator: CallAuthenticator,
        method: str,
        metadata: Mapping[str, str],
        address: str,
    ) -> Identity | None:
        """Count a call and return its caller.

        The address is counted first, so guessing tokens is limited too.

        Raises:
            RateLimitedError: the session or the address has exhausted its limit.
            ApplicationError: the caller is refused.
        """
        group = group_of_call(method)
        if group is None or SIGNATURE_HEADER in metadata:
            return await authenticator.identify(method, metadata)
        _require(await self._limits.hit_address(group, address))
        try:
            caller = await authenticator.identify(method, metadata)
        except ApplicationError:
            _require(await self._limits.hit(group, f"rejected:{network_of(address)}"))
            raise
        if caller is not None:
            _require(await self._limits.hit(group, caller.session_id))
        return caller

    async def close(self) -> None:
        """Close the connection to Redis."""
        await self._limits.close()


def _require(allowance: Allowance) -> None:
    if not allowance.allowed:
        raise allowance.refusal()


def address_of(context: Any, proxies: TrustedProxies) -> str:
    """Return the client's address of a call, as forwarded by trusted proxies."""
    forwarded = ", ".join(
        value
        for key, value in context.invocation_metadata() or ()
        if key == "x-forwarded-for" and isinstance(value, str)
    )
    return proxies.client(peer_host(context.peer()), forwarded)
