"""The right that each RPC needs, checked before its request is read.

A method without a row here is refused to everybody but open sessions and services. Where a share or
a link may give the right too, the service that owns the resource decides, and only the scopes of
access tokens are checked here.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from common import rights
from common.errors import AuthorizationError
from common.identity import Identity
from common.rights import Right

_PACKAGE = "securetranscribe.v1"


class Reach(enum.Enum):
    """Where a caller needs a right."""

    WORKSPACE = "workspace"
    """In the active workspace."""

    RESOURCE = "resource"
    """For one resource, of the active workspace or shared. The service decides."""

    SESSION = "session"
    """Nowhere. Any session will do, also that of a link."""

    ACCOUNT = "account"
    """In workspaces that the request names, or the deployment. The gateway decides."""

    PUBLIC = "public"
    """Nowhere. The method needs no session, or proves the caller by itself."""

    SERVICES = "services"
    """Only other services may call the method."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What a method needs: any of the rights, there."""

    reach: Reach
    rights: tuple[Right, ...] = ()


def _rows(rule: Rule, service: str, *names: str) -> dict[str, Rule]:
    return {f"/{_PACKAGE}.{service}/{name}": rule for name in names}


def _in_workspace(right: Right) -> Rule:
    return Rule(reach=Reach.WORKSPACE, rights=(right,))


def _of_resource(*needed: Right) -> Rule:
    return Rule(reach=Reach.RESOURCE, rights=needed)


_READ, _CREATE = _in_workspace(Right.READ), _in_workspace(Right.CREATE)
_CHANGE, _DELETE = _in_workspace(Right.CHANGE), _in_workspace(Right.DELETE)
_SEE, _EDIT = _of_resource(Right.READ), _of_resource(Right.CHANGE)
_SESSION, _ACCOUNT = Rule(reach=Reach.SESSION), Rule(reach=Reach.ACCOUNT)
_PUBLIC, _SERVICES = Rule(reach=Reach.PUBLIC), Rule(reach=Reach.SERVICES)

_TABLE: Iterable[tuple[Rule, str, tuple[str, ...]]] = (
    (_CREATE, "TranscriptionService", ("UploadTranscription",)),
    (_READ, "TranscriptionService", ("ListTranscriptions", "GetSessionStatistics")),
    (_CHANGE, "TranscriptionService", ("StartTranscription",)),
    (_DELETE, "TranscriptionService", ("DeleteTranscription",)),
    (
        _SEE,
        "TranscriptionService",
        ("GetTranscription", "WatchTranscription", "GetSpeakerClip", "DownloadRecording"),
    ),
    # Documents are made of it, for which exporting is enough.
    (_of_resource(Right.READ, Right.EXPORT), "TranscriptionService", ("StreamTranscript",)),
    (_EDIT, "TranscriptionService", ("AssignSpeakers",)),
    (_SERVICES, "TranscriptionService", ("EraseWorkspace", "ListWorkspaces")),
    (_SEE, "TranscriptService", ("ReadTranscript", "ListRevisions", "CompareRevisions")),
    (_of_resource(Right.COMMENT), "TranscriptService", ("EditTranscript",)),
    (_EDIT, "TranscriptService", ("UndoEdits", "RedoEdits", "RestoreRevision")),
    (_CHANGE, "TranscriptService", ("ReplaceText", "UndoReplacement")),
    (_of_resource(Right.READ, Right.EXPORT), "TurnService", ("ListTurns",)),
    (_SEE, "PlaybackService", ("GetPlayback", "ReadPlayback", "GetPeaks")),
    (_SEE, "SearchService", ("Search",)),
    (_CHANGE, "ReprocessingService", ("ReprocessTranscript",)),
    (_SEE, "ReprocessingService", ("ListConflicts",)),
    (_EDIT, "ReprocessingService", ("ResolveConflict",)),
    (_EDIT, "ImportService", ("ImportTranscript",)),
    (_READ, "LibraryService", ("ListTrash", "ListTags", "ListFolders")),
    (_CREATE, "LibraryService", ("CreateTag", "CreateFolder")),
    (
        _CHANGE,
        "LibraryService",
        ("UpdateTranscription", "SuggestTitle", "UpdateTag", "UpdateFolder", "BulkUpdate"),
    ),
    (
        _DELETE,
        "LibraryService",
        ("TrashTranscription", "RestoreTranscription", "DeleteTag", "DeleteFolder"),
    ),
    (_CREATE, "UploadService", ("CreateUpload", "AppendUpload", "FinishUpload")),
    (_READ, "UploadService", ("GetUpload", "ListUploads", "ListDuplicates")),
    (_DELETE, "UploadService", ("CancelUpload",)),
    (_CREATE, "CaptureService", ("CreateCapture", "PutChunk", "FinishCapture")),
    (_READ, "CaptureService", ("GetCapture", "ListCaptures")),
    (_DELETE, "CaptureService", ("DiscardCapture",)),
    (_CREATE, "LiveService", ("StreamingRecognize",)),
    (_SEE, "LiveService", ("FollowLive",)),
    (_SESSION, "QueueService", ("GetQueueStatus",)),
    (_READ, "QueueService", ("GetJob", "ListJobs")),
    (_CHANGE, "QueueService", ("CancelJob", "UpdateJobPriority")),
    (
        _READ,
        "VocabularyService",
        ("ListTerms", "ListCorrections", "ListSuggestions", "ExportVocabulary"),
    ),
    (_CREATE, "VocabularyService", ("CreateTerm", "CreateCorrection", "ImportVocabulary")),
    (
        _CHANGE,
        "VocabularyService",
        (
            "UpdateTerm",
            "UpdateCorrection",
            "AcceptSuggestion",
            "DismissSuggestion",
            "ApplyVocabulary",
            "UndoVocabulary",
        ),
    ),
    (_DELETE, "VocabularyService", ("DeleteTerm", "DeleteCorrection")),
    (
        _CHANGE,
        "SharingService",
        (
            "ShareTranscription",
            "ListShares",
            "RevokeShare",
            "CreateLink",
            "ListLinks",
            "RevokeLink",
            "ListLinkUses",
        ),
    ),
    (_of_resource(Right.READ), "SharingService", ("ListSharedWithMe",)),
    (_SERVICES, "SharingService", ("CheckLink", "ForgetGrantee")),
    (_PUBLIC, "LinkService", ("OpenLink",)),
    (_SERVICES, "WorkspaceSettingsService", ("ReadWorkspaceSettings", "ChangeWorkspaceSettings")),
    (
        _READ,
        "SpeakerService",
        (
            "GetSpeaker",
            "ListSpeakers",
            "GetSpeakerStatistics",
            "SearchSpeakers",
            "SearchVoices",
            "ListObservations",
            "GetProfileClip",
            "ListTrashedSpeakers",
        ),
    ),
    (_CREATE, "SpeakerService", ("CreateSpeaker", "EnrollSpeaker")),
    (_CHANGE, "SpeakerService", ("UpdateSpeaker", "MergeSpeakers", "SplitSpeaker")),
    (_DELETE, "SpeakerService", ("DeleteSpeaker", "DeleteObservation", "RestoreSpeaker")),
    (
        _SERVICES,
        "SpeakerService",
        (
            *("RecognizeVoices", "SetVoiceDecisions", "EraseVoices", "EraseWorkspaceVoices"),
            *("EmbedClip", "MatchVoices"),
        ),
    ),
    (
        _of_resource(Right.EXPORT),
        "ExportService",
        ("ExportTranscription", "SummarizeTranscription"),
    ),
    (_SESSION, "ExportService", ("ListExportFormats",)),
    # Direct calls take the time of workers, as uploads do.
    (_CREATE, "SpeechService", ("Recognize", "StreamingRecognize", "AlignWords")),
    (_CREATE, "DiarizationService", ("Diarize", "ExtractVoiceprint")),
    (_SERVICES, "DiarizationService", ("EmbedSpeech",)),
    (_SERVICES, "EmbeddingService", ("Embed",)),
    (_SERVICES, "MaintenanceService", ("ListSetAside", "RetrySetAside")),
    (_SERVICES, "StatusService", ("GetStatusVersions",)),
    (
        _PUBLIC,
        "AdminService",
        (
            "ListStoredTranscriptions",
            "EraseTranscription",
            "EraseOwner",
            "EraseVoice",
            "GetStorageFigures",
            "ListErasures",
            "GetSystemStatus",
            "ListItemsSetAside",
            "RetryItemsSetAside",
            "ListWorkspaceFigures",
            "EncryptRecordings",
            "GetEncryptionFigures",
        ),
    ),
    (_ACCOUNT, "AuditService", ("ListAuditEntries", "ExportAuditEntries")),
    (_PUBLIC, "SessionService", ("CreateSession", "ResumeSession", "AuthenticateSession")),
    (
        _SESSION,
        "SessionService",
        (
            "GetCurrentSession",
            "UpdateCurrentSession",
            "ExtendCurrentSession",
            "InvalidateCurrentSession",
        ),
    ),
    (_SERVICES, "SessionService", ("EndSessions",)),
    (_PUBLIC, "AccountService", ("SignIn", "CompleteSetup", "ResetPassword", "ListProviders")),
    (
        _ACCOUNT,
        "AccountService",
        (
            "SignOut",
            "GetAccount",
            "UpdateAccount",
            "ListSignIns",
            "EndSignIn",
            "EndOtherSignIns",
            "ChangePassword",
            "ListUsers",
            "CreateUser",
            "UpdateUser",
            "DeleteUser",
            "CreateResetLink",
        ),
    ),
    (
        _ACCOUNT,
        "WorkspaceService",
        (
            "ListOwnWorkspaces",
            "CreateWorkspace",
            "UpdateWorkspace",
            "DeleteWorkspace",
            "ListMembers",
            "SetMember",
            "RemoveMember",
            "SwitchWorkspace",
            "GetWorkspaceSettings",
            "UpdateWorkspaceSettings",
        ),
    ),
    (
        _ACCOUNT,
        "AccessTokenService",
        ("CreateAccessToken", "ListAccessTokens", "RevokeAccessToken"),
    ),
)

#: The rule of each full method name, `/package.Service/Method`.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        method: rule
        for rule, service, names in _TABLE
        for method, rule in _rows(rule, service, *names).items()
    }
)


def check(method: str, caller: Identity | None) -> None:
    """Refuse a caller who lacks the right that a method needs.

    Methods that name a resource may refuse the caller later.

    Raises:
        AuthorizationError: the role, the scopes or the kind of session do not permit the method.
    """
    if caller is None or caller.is_open:
        return
    rule = RULES.get(method)
    if rule is None:
        raise AuthorizationError("Only open sessions may call this.")
    if rule.reach is Reach.WORKSPACE:
        rights.require(caller, caller.own_role, rule.rights[0])
    elif rule.reach is Reach.RESOURCE:
        rights.require_scope(caller, *rule.rights)
    elif rule.reach is Reach.ACCOUNT and not caller.user_id:
        raise AuthorizationError("Only people who sign in may do this.")
