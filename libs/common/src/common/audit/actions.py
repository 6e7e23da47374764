"""Table of all actions in the audit log, by method.

A method is either in `AUDITED` or in `NOT_AUDITED`. A test fails for a method in neither.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from common.audit.rule import Rule
from securetranscribe.v1 import library_pb2, transcription_pb2

_PACKAGE = "securetranscribe.v1"
_TRANSCRIPTION = ("transcription_id",)
_BULK = {
    library_pb2.BULK_ACTION_TRASH: "transcription.trash",
    library_pb2.BULK_ACTION_RESTORE: "transcription.restore",
    library_pb2.BULK_ACTION_DELETE: "transcription.delete",
}
#: Actions of bulk changes that are not `transcription.update`.
BULK_ACTIONS: frozenset[str] = frozenset(_BULK.values())


def _transcription(action: str, **more: Any) -> Rule:
    """Return the rule of a method for one transcription."""
    return Rule(action=action, kind="transcription", ids=_TRANSCRIPTION, **more)


def _made(action: str, kind: str, path: str, **more: Any) -> Rule:
    """Return the rule of a method for making something."""
    return Rule(action=action, kind=kind, made=(path,), **more)


def _signs_in(action: str) -> Rule:
    return Rule(action=action, kind="user", made=("signed_in.user.user_id",), signs_in=True)


def _one(action: str, kind: str, **more: Any) -> Rule:
    """Return the rule of a method with the identifier of its kind in the request."""
    return Rule(action=action, kind=kind, ids=(f"{kind}_id",), **more)


def _in_workspace(action: str, kind: str, **more: Any) -> Rule:
    """Return the rule of a method with a workspace in the request."""
    return _one(action, kind, workspace="workspace_id", **more)


def _by_administrator(action: str, kind: str = "", *ids: str) -> Rule:
    return Rule(action=action, kind=kind, ids=ids, by_administrator=True)


def _bulk_action(request: Any) -> str:
    return _BULK.get(request.action, "transcription.update")


def _replacement(request: Any) -> str:
    return "transcript.read" if request.preview else "transcript.replace"


def _shows_transcript(request: Any, response: Any) -> bool:
    """Return whether a status comes with a finished transcript, or the caller has it already."""
    if request is None or request.view != transcription_pb2.TRANSCRIPTION_VIEW_FULL:
        return False
    return response is None or bool(response.version)


def _shows_words(_request: Any, response: Any) -> bool:
    return response is not None and bool(response.partial_transcript.segments)


def _follows(_request: Any, response: Any) -> bool:
    return response is not None and response.WhichOneof("follow_response") in ("draft", "final")


def _ends(_request: Any, response: Any) -> bool:
    return response is not None and response.HasField("ended")


def _of(service: str, rules: Mapping[str, Rule]) -> dict[str, Rule]:
    return {f"/{_PACKAGE}.{service}/{method}": rule for method, rule in rules.items()}


#: Rules by full name of the method.
AUDITED: Mapping[str, Rule] = {
    **_of(
        "TranscriptionService",
        {
            "UploadTranscription": _made(
                "transcription.create", "transcription", "transcription.transcription_id"
            ),
            "StartTranscription": _transcription("transcription.process"),
            "GetTranscription": _transcription(
                "transcript.read", read=True, shows=_shows_transcript
            ),
            "DeleteTranscription": _transcription("transcription.delete"),
            "StreamTranscript": _transcription("transcript.read", read=True),
            "WatchTranscription": _transcription("transcript.read", read=True, shows=_shows_words),
            "AssignSpeakers": _transcription("transcript.name_speakers"),
            "GetSpeakerClip": _transcription("recording.play_clip", read=True),
            "DownloadRecording": _transcription("recording.download"),
            "EraseWorkspace": _one("workspace.erase", "workspace"),
        },
    ),
    **_of(
        "TranscriptService",
        {
            "ReadTranscript": _transcription("transcript.read", read=True),
            "EditTranscript": _transcription("transcript.edit"),
            "UndoEdits": _transcription("transcript.undo"),
            "RedoEdits": _transcription("transcript.redo"),
            "CompareRevisions": _transcription("transcript.read", read=True),
            "RestoreRevision": _transcription("transcript.restore"),
            "ReplaceText": Rule(
                action="transcript.replace",
                kind="transcription",
                ids=("transcription_ids",),
                by_request=_replacement,
            ),
            "UndoReplacement": Rule(
                action="transcript.undo",
                kind="transcription",
                made=("transcripts.transcription_id",),
            ),
        },
    ),
    **_of(
        "LibraryService",
        {
            "TrashTranscription": _transcription("transcription.trash"),
            "RestoreTranscription": _transcription("transcription.restore"),
            "UpdateTranscription": _transcription("transcription.update"),
            "SuggestTitle": _transcription("transcription.update"),
            "BulkUpdate": Rule(
                action="transcription.update",
                kind="transcription",
                ids=("transcription_ids",),
                made=("results.transcription_id",),
                by_request=_bulk_action,
            ),
            "CreateTag": _made("tag.create", "tag", "tag.tag_id"),
            "UpdateTag": _one("tag.update", "tag"),
            "DeleteTag": _one("tag.delete", "tag"),
            "CreateFolder": _made("folder.create", "folder", "folder.folder_id"),
            "UpdateFolder": _one("folder.update", "folder"),
            "DeleteFolder": _one("folder.delete", "folder"),
        },
    ),
    **_of(
        "ReprocessingService",
        {
            "ReprocessTranscript": _transcription("transcription.process"),
            "ListConflicts": _transcription("transcript.read", read=True),
            "ResolveConflict": _transcription("transcript.edit"),
        },
    ),
    **_of("TurnService", {"ListTurns": _transcription("transcript.read", read=True)}),
    **_of("ImportService", {"ImportTranscript": _transcription("transcript.import")}),
    **_of(
        "SharingService",
        {
            "ShareTranscription": _transcription("transcription.share"),
            "RevokeShare": _transcription("transcription.end_share"),
            "CreateLink": _transcription("link.create"),
            "RevokeLink": _transcription("link.revoke"),
            "ListLinkUses": _transcription("link.read_uses", read=True),
            "CheckLink": Rule(action="link.open", kind="link", made=("link_id",), opens_link=True),
        },
    ),
    **_of("SearchService", {"Search": _transcription("transcript.search", read=True)}),
    **_of("PlaybackService", {"ReadPlayback": _transcription("recording.play", read=True)}),
    **_of(
        "QueueService",
        {
            "CancelJob": _one("job.cancel", "job"),
            "UpdateJobPriority": _one("job.prioritize", "job"),
        },
    ),
    **_of(
        "UploadService",
        {
            "FinishUpload": _made(
                "transcription.create", "transcription", "upload.transcription_id"
            ),
        },
    ),
    **_of(
        "CaptureService",
        {
            "FinishCapture": _made(
                "transcription.create", "transcription", "capture.transcription_id"
            ),
            "DiscardCapture": _one("capture.discard", "capture"),
        },
    ),
    **_of(
        "LiveService",
        {
            # An entry for the stream that ends the recording, as for a capture.
            "StreamingRecognize": Rule(
                action="transcription.create",
                kind="transcription",
                made=("ended.transcription_id",),
                shows=_ends,
            ),
            "FollowLive": _transcription("transcript.read", read=True, shows=_follows),
        },
    ),
    **_of(
        "SpeakerService",
        {
            "CreateSpeaker": _made("speaker.create", "speaker", "speaker.speaker_id"),
            "UpdateSpeaker": _one("speaker.update", "speaker"),
            "DeleteSpeaker": _one("speaker.delete", "speaker"),
            "RestoreSpeaker": _made("speaker.restore", "speaker", "speaker.speaker_id"),
            "SearchVoices": Rule(action="speaker.search_voices"),
            "MergeSpeakers": Rule(
                action="speaker.merge", kind="speaker", ids=("speaker_id", "source_speaker_id")
            ),
            "SplitSpeaker": _one("speaker.split", "speaker", made=("target.speaker_id",)),
            "EnrollSpeaker": _one("speaker.enroll", "speaker"),
            "DeleteObservation": _one("speaker.forget", "speaker"),
            "GetProfileClip": _one("speaker.play_clip", "speaker", read=True),
        },
    ),
    **_of(
        "ExportService",
        {
            "ExportTranscription": _transcription("transcript.export"),
            "SummarizeTranscription": _transcription("transcript.summarize"),
        },
    ),
    **_of(
        "VocabularyService",
        {
            "CreateTerm": _made("term.create", "term", "term.term_id"),
            "UpdateTerm": _one("term.update", "term"),
            "DeleteTerm": _one("term.delete", "term"),
            "CreateCorrection": _made(
                "correction.create", "correction", "correction.correction_id"
            ),
            "UpdateCorrection": _one("correction.update", "correction"),
            "DeleteCorrection": _one("correction.delete", "correction"),
            "ImportVocabulary": Rule(action="vocabulary.import"),
            "ExportVocabulary": Rule(action="vocabulary.export"),
            "AcceptSuggestion": _made(
                "correction.create", "correction", "correction.correction_id"
            ),
            "DismissSuggestion": Rule(action="suggestion.dismiss"),
            "ApplyVocabulary": _transcription("transcript.apply_vocabulary"),
            "UndoVocabulary": _transcription("transcript.undo"),
        },
    ),
    **_of(
        "SpeechService",
        {
            "Recognize": Rule(action="speech.recognize"),
            "AlignWords": Rule(action="speech.align"),
            "StreamingRecognize": Rule(action="speech.recognize"),
        },
    ),
    **_of(
        "DiarizationService",
        {
            "Diarize": Rule(action="speech.diarize"),
            "ExtractVoiceprint": Rule(action="speech.extract_voiceprint"),
        },
    ),
    **_of(
        "SessionService",
        {
            "CreateSession": _made("session.create", "session", "session.session_id"),
            "ResumeSession": _made("session.resume", "session", "session.session_id"),
            "InvalidateCurrentSession": Rule(action="session.end"),
            "EndSessions": Rule(
                action="session.end_all", kind="workspace", made=("workspace_ids",)
            ),
        },
    ),
    **_of(
        "AccountService",
        {
            "SignIn": _signs_in("account.sign_in"),
            "SignOut": Rule(action="account.sign_out"),
            "UpdateAccount": Rule(action="account.update"),
            "EndSignIn": _one("account.end_sign_ins", "session"),
            "EndOtherSignIns": Rule(action="account.end_sign_ins"),
            "ChangePassword": Rule(action="account.change_password"),
            "CompleteSetup": _signs_in("account.set_up"),
            "ResetPassword": _signs_in("account.reset_password"),
            "CreateUser": _made("user.create", "user", "user.user_id", by_administrator=True),
            "UpdateUser": _one("user.update", "user", by_administrator=True),
            "DeleteUser": _one("user.delete", "user", by_administrator=True),
            "CreateResetLink": _one("user.create_reset_link", "user", by_administrator=True),
        },
    ),
    **_of(
        "WorkspaceService",
        {
            "CreateWorkspace": _made("workspace.create", "workspace", "workspace.workspace_id"),
            "UpdateWorkspace": _in_workspace("workspace.update", "workspace"),
            "DeleteWorkspace": _in_workspace("workspace.delete", "workspace"),
            "SetMember": Rule(
                action="member.set",
                kind="user",
                made=("member.user_id",),
                workspace="workspace_id",
            ),
            "RemoveMember": _in_workspace("member.remove", "user"),
            "SwitchWorkspace": _in_workspace("workspace.switch", "workspace"),
            "UpdateWorkspaceSettings": _in_workspace("workspace.change_settings", "workspace"),
        },
    ),
    **_of(
        "AccessTokenService",
        {
            "CreateAccessToken": Rule(
                action="token.create",
                kind="token",
                made=("access_token.token_id",),
                workspace="workspace_id",
            ),
            "RevokeAccessToken": _one("token.revoke", "token"),
        },
    ),
    **_of(
        "AuditService",
        {
            "ListAuditEntries": Rule(action="audit.read", read=True),
            "ExportAuditEntries": Rule(action="audit.export"),
        },
    ),
    **_of(
        "AdminService",
        {
            "EraseTranscription": _by_administrator(
                "transcription.erase", "transcription", "transcription_id"
            ),
            "EraseOwner": _by_administrator("workspace.erase", "workspace", "owner"),
            "EraseVoice": _by_administrator("speaker.erase", "speaker", "speaker_id"),
            "RetryItemsSetAside": _by_administrator("maintenance.retry"),
            "EncryptRecordings": _by_administrator("maintenance.encrypt_recordings"),
        },
    ),
}


def _listed(service: str, *methods: str) -> Iterable[str]:
    return (f"/{_PACKAGE}.{service}/{method}" for method in methods)


#: Reads of statuses and lists, pieces of what becomes an entry at its end, and calls between
#: services that are part of a call with an entry.
NOT_AUDITED: frozenset[str] = frozenset(
    (
        *_listed(
            "TranscriptionService", "ListTranscriptions", "ListWorkspaces", "GetSessionStatistics"
        ),
        *_listed("StatusService", "GetStatusVersions"),
        *_listed("TranscriptService", "ListRevisions"),
        *_listed("LibraryService", "ListTrash", "ListTags", "ListFolders"),
        *_listed("PlaybackService", "GetPlayback", "GetPeaks"),
        *_listed("SharingService", "ListShares", "ListLinks", "ListSharedWithMe", "ForgetGrantee"),
        # It checks the link, which is an entry.
        *_listed("LinkService", "OpenLink"),
        *_listed("QueueService", "GetQueueStatus", "GetJob", "ListJobs"),
        *_listed(
            "UploadService",
            *("CreateUpload", "AppendUpload", "GetUpload", "ListUploads", "CancelUpload"),
            "ListDuplicates",
        ),
        *_listed("CaptureService", "CreateCapture", "PutChunk", "GetCapture", "ListCaptures"),
        *_listed(
            "SpeakerService",
            *("GetSpeaker", "ListSpeakers", "GetSpeakerStatistics", "SearchSpeakers"),
            *("ListObservations", "ListTrashedSpeakers"),
            *("RecognizeVoices", "SetVoiceDecisions", "EraseVoices", "EraseWorkspaceVoices"),
            *("EmbedClip", "MatchVoices"),
        ),
        *_listed("ExportService", "ListExportFormats"),
        *_listed("VocabularyService", "ListTerms", "ListCorrections", "ListSuggestions"),
        *_listed(
            "SessionService",
            *("GetCurrentSession", "UpdateCurrentSession", "ExtendCurrentSession"),
            "AuthenticateSession",
        ),
        *_listed("AccountService", "GetAccount", "ListSignIns", "ListProviders", "ListUsers"),
        *_listed("WorkspaceService", "ListOwnWorkspaces", "ListMembers", "GetWorkspaceSettings"),
        # The gateway's own call, which is an entry.
        *_listed("WorkspaceSettingsService", "ReadWorkspaceSettings", "ChangeWorkspaceSettings"),
        *_listed("AccessTokenService", "ListAccessTokens"),
        *_listed(
            "AdminService",
            *("ListStoredTranscriptions", "GetStorageFigures", "ListErasures", "GetSystemStatus"),
            *("ListItemsSetAside", "ListWorkspaceFigures", "GetEncryptionFigures"),
        ),
        *_listed("MaintenanceService", "ListSetAside", "RetrySetAside"),
        *_listed("EmbeddingService", "Embed"),
        # One for each utterance of a live session, which is an entry.
        *_listed("DiarizationService", "EmbedSpeech"),
    )
)

#: Actions that no method of gRPC serves, and what they are.
GATEWAY_ACTIONS: Mapping[str, str] = {
    "account.sign_in": "sign-in with a provider",
    "account.sign_out": "sign-out at a provider",
    "account.sign_out_by_provider": "back-channel log-out",
    "webhook.create": "creation of a webhook",
    "webhook.delete": "deletion of a webhook",
    "webhook.redeliver": "repeated delivery of a webhook",
    "webhook.rotate": "new secret of a webhook",
    "webhook.test": "test of a webhook",
    "webhook.update": "change of a webhook",
}


def actions() -> list[str]:
    """Return the whole vocabulary in order."""
    found = {rule.action for rule in AUDITED.values()} | set(BULK_ACTIONS) | set(GATEWAY_ACTIONS)
    return sorted(found)
