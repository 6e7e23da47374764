"""Calls of the API, in groups. Each is described once, for all clients."""

from securetranscribe.calls.accounts import AccountCalls
from securetranscribe.calls.administration import AdministrationCalls
from securetranscribe.calls.captures import CaptureCalls
from securetranscribe.calls.events import EventCalls
from securetranscribe.calls.imports import ImportCalls
from securetranscribe.calls.library import LibraryCalls
from securetranscribe.calls.sessions import SessionCalls
from securetranscribe.calls.sharing import SharingCalls
from securetranscribe.calls.speakers import SpeakerCalls
from securetranscribe.calls.transcriptions import TranscriptionCalls
from securetranscribe.calls.transcripts import TranscriptCalls
from securetranscribe.calls.uploads import UploadCalls
from securetranscribe.calls.vocabulary import VocabularyCalls
from securetranscribe.calls.webhooks import WebhookCalls


class Calls(
    UploadCalls,
    TranscriptionCalls,
    TranscriptCalls,
    ImportCalls,
    LibraryCalls,
    SharingCalls,
    SpeakerCalls,
    VocabularyCalls,
    CaptureCalls,
    SessionCalls,
    EventCalls,
    AccountCalls,
    WebhookCalls,
    AdministrationCalls,
):
    """All calls."""


__all__ = ["Calls"]
