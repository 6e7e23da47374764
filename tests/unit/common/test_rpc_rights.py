"""Every RPC of the contracts × every kind of caller. A new RPC needs a row in both tables."""

from collections.abc import Mapping

import pytest

from common import rpc_rights
from common.errors import AuthorizationError
from common.grpc_client import _contracts
from common.identity import Identity, Role, Scope
from common.rights import Right
from common.rpc_rights import RULES, Reach

#: What each RPC needs, written down again by hand. Roles of a workspace: `viewer`, `editor`. Those
#: in brackets may come from a share or a link too, so that only scopes are checked at the door.
EXPECTED = """
AccessTokenService  account  CreateAccessToken ListAccessTokens RevokeAccessToken
AccountService      account  SignOut GetAccount ChangePassword ListUsers CreateUser UpdateUser
AccountService      account  DeleteUser CreateResetLink UpdateAccount ListSignIns EndSignIn
AccountService      account  EndOtherSignIns
AccountService      anybody  SignIn CompleteSetup ResetPassword ListProviders
AdminService        anybody  ListStoredTranscriptions EraseTranscription EraseOwner EraseVoice
AdminService        anybody  GetStorageFigures ListErasures GetSystemStatus ListItemsSetAside
AdminService        anybody  RetryItemsSetAside ListWorkspaceFigures EncryptRecordings
AdminService        anybody  GetEncryptionFigures
AuditService        account  ListAuditEntries ExportAuditEntries
CaptureService      editor:write  CreateCapture PutChunk FinishCapture DiscardCapture
CaptureService      viewer:read   GetCapture ListCaptures
DiarizationService  editor:write  Diarize ExtractVoiceprint
DiarizationService  services EmbedSpeech
EmbeddingService    services Embed
ExportService       anybody  ListExportFormats
ExportService       [export] ExportTranscription SummarizeTranscription
ImportService       [write]  ImportTranscript
LibraryService      editor:write  TrashTranscription RestoreTranscription UpdateTranscription
LibraryService      editor:write  SuggestTitle CreateTag UpdateTag DeleteTag CreateFolder
LibraryService      editor:write  UpdateFolder DeleteFolder BulkUpdate
LibraryService      viewer:read   ListTrash ListTags ListFolders
LinkService         anybody  OpenLink
LiveService         editor:write  StreamingRecognize
LiveService         [read]   FollowLive
MaintenanceService  services ListSetAside RetrySetAside
PlaybackService     [read]   GetPlayback ReadPlayback GetPeaks
QueueService        anybody  GetQueueStatus
QueueService        viewer:read   GetJob ListJobs
QueueService        editor:write  CancelJob UpdateJobPriority
ReprocessingService editor:write  ReprocessTranscript
ReprocessingService [read]   ListConflicts
ReprocessingService [write]  ResolveConflict
SearchService       [read]   Search
SessionService      anybody  CreateSession GetCurrentSession UpdateCurrentSession
SessionService      anybody  ExtendCurrentSession InvalidateCurrentSession ResumeSession
SessionService      anybody  AuthenticateSession
SessionService      services EndSessions
SharingService      editor:write  ShareTranscription ListShares RevokeShare CreateLink ListLinks
SharingService      editor:write  RevokeLink ListLinkUses
SharingService      [read]   ListSharedWithMe
SharingService      services CheckLink ForgetGrantee
SpeakerService      viewer:read   GetSpeaker ListSpeakers GetSpeakerStatistics SearchSpeakers
SpeakerService      viewer:read   SearchVoices ListObservations GetProfileClip ListTrashedSpeakers
SpeakerService      editor:write  CreateSpeaker UpdateSpeaker DeleteSpeaker MergeSpeakers
SpeakerService      editor:write  SplitSpeaker EnrollSpeaker DeleteObservation RestoreSpeaker
SpeakerService      services RecognizeVoices SetVoiceDecisions EraseVoices EraseWorkspaceVoices
SpeakerService      services EmbedClip MatchVoices
StatusService       services GetStatusVersions
SpeechService       editor:write  Recognize AlignWords StreamingRecognize
TurnService         [read,export] ListTurns
TranscriptService   [read]   ReadTranscript ListRevisions CompareRevisions
TranscriptService   [write]  EditTranscript UndoEdits RedoEdits RestoreRevision
TranscriptService   editor:write  ReplaceText UndoReplacement
TranscriptionService editor:write UploadTranscription StartTranscription DeleteTranscription
TranscriptionService viewer:read  ListTranscriptions GetSessionStatistics
TranscriptionService [read]  GetTranscription WatchTranscription GetSpeakerClip DownloadRecording
TranscriptionService [read,export] StreamTranscript
TranscriptionService [write] AssignSpeakers
TranscriptionService services EraseWorkspace ListWorkspaces
UploadService       editor:write  CreateUpload AppendUpload FinishUpload CancelUpload
UploadService       viewer:read   GetUpload ListUploads ListDuplicates
VocabularyService   viewer:read   ListTerms ListCorrections ListSuggestions ExportVocabulary
VocabularyService   editor:write  CreateTerm UpdateTerm DeleteTerm CreateCorrection
VocabularyService   editor:write  UpdateCorrection DeleteCorrection ImportVocabulary
VocabularyService   editor:write  AcceptSuggestion DismissSuggestion ApplyVocabulary
VocabularyService   editor:write  UndoVocabulary
WorkspaceService    account  ListOwnWorkspaces CreateWorkspace UpdateWorkspace DeleteWorkspace
WorkspaceService    account  ListMembers SetMember RemoveMember SwitchWorkspace
WorkspaceService    account  GetWorkspaceSettings UpdateWorkspaceSettings
WorkspaceSettingsService services ReadWorkspaceSettings ChangeWorkspaceSettings
"""


def _expected() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in EXPECTED.strip().splitlines():
        service, needs, *names = line.split()
        for name in names:
            method = f"/securetranscribe.v1.{service}/{name}"
            assert method not in found, method
            found[method] = needs
    return found


NEEDS = _expected()
METHODS = sorted(
    f"/{service.full_name}/{method.name}"
    for contract in _contracts()
    for service in contract.DESCRIPTOR.services_by_name.values()
    for method in service.methods
)
SCOPES = [None, *(frozenset({scope}) for scope in Scope), frozenset(Scope)]


def user(
    role: Role | None, scopes: frozenset[Scope] | None = None, *, administrator: bool = False
) -> Identity:
    return Identity(
        session_id="session_1",
        workspace_id="workspace_1",
        user_id="user_1",
        role=role,
        scopes=scopes,
        administrator=administrator,
    )


CALLERS = {
    "open": Identity(session_id="session_1", workspace_id="session_1"),
    "nobody": None,
    "service": Identity(service="gateway"),
    "service for an owner": Identity(service="speakers", session_id="s", workspace_id="w"),
    "link": Identity(session_id="session_1", link_id="link_1"),
    **{
        f"{role.word if role else 'stranger'} {sorted(one.value for one in scopes or ())}": user(
            role, scopes
        )
        for role in (None, Role.VIEWER, Role.EDITOR, Role.MANAGER)
        for scopes in SCOPES
    },
    "administrator": user(None, administrator=True),
}


def passes(needs: str, caller: Identity | None) -> bool:
    """Return whether the door should be open. Services' methods are kept by the access rules."""
    if caller is None or (not caller.user_id and not caller.link_id):
        return True
    words = None if caller.scopes is None else {scope.value for scope in caller.scopes}
    if needs in ("anybody", "services"):
        return True
    if needs == "account":
        return bool(caller.user_id)
    if needs.startswith("["):
        return words is None or bool(words & set(needs[1:-1].split(",")))
    role, _, scope = needs.partition(":")
    allowed = caller.role is not None and caller.role >= Role.of(role)
    return allowed and (words is None or scope in words)


@pytest.mark.parametrize("method", METHODS)
def test_every_rpc_has_a_row(method: str) -> None:
    assert method in RULES, "declare it in common/rpc_rights.py"
    assert method in NEEDS, "declare it in this test"


def test_there_are_no_rows_for_other_methods() -> None:
    assert set(RULES) == set(METHODS)
    assert set(NEEDS) == set(METHODS)


def admitted(method: str, caller: Identity | None) -> bool:
    try:
        rpc_rights.check(method, caller)
    except AuthorizationError:
        return False
    return True


@pytest.mark.parametrize("method", METHODS)
def test_callers_pass_the_door_with_the_right_only(method: str) -> None:
    expected = {kind: passes(NEEDS[method], caller) for kind, caller in CALLERS.items()}
    assert {kind: admitted(method, caller) for kind, caller in CALLERS.items()} == expected


def test_methods_without_a_row_are_closed_to_users() -> None:
    passing = {
        kind
        for kind, caller in CALLERS.items()
        if admitted("/securetranscribe.v1.NewService/New", caller)
    }
    assert passing == {"open", "nobody", "service", "service for an owner"}


def test_managing_is_decided_by_the_gateway() -> None:
    assert not any(
        Right.MANAGE in rule.rights for rule in RULES.values() if rule.reach is Reach.RESOURCE
    )
