"""Follow-up on names: late suggestions, and decisions that may not have arrived."""

from collections.abc import Sequence

from common.background.policy import Policy
from common.background.steps import ItemStep
from common.background.wakeups import WakeUp
from common.postgres import Connection, Database
from transcriber.names.assignment import NOT_LEARNED, SpeakerNames
from transcriber.names.suggestion import NameSuggestions
from transcriber.store import step_names
from transcriber.store.decisions import DueDecisions
from transcriber.store.transcriptions import Transcriptions

NO_NAMES = "This recording could not be searched for known voices."
#: Retries spread over some hours.
_PATIENT = Policy(most_attempts=12, timeout=120.0, first_pause=15.0, longest_pause=3840.0)


class NamesStep(ItemStep[int]):
    """Suggests names in transcripts stored without suggestions."""

    name = step_names.NAMES
    items = "transcripts to search for known voices"
    outcome = "The speakers keep their labels, and the transcription has a warning."
    policy = _PATIENT

    def __init__(self, database: Database, suggestions: NameSuggestions, published: WakeUp) -> None:
        """Notify `published` when there are events to publish."""
        super().__init__(database)
        self._suggestions = suggestions
        self._published = published

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions to search for known voices."""
        return await Transcriptions(connection).due_names(limit)

    async def handle(self, item: int) -> None:
        """Suggest names in one transcription."""
        await self._suggestions.add_late(item)
        async with self._database.transaction() as connection:
            await Transcriptions(connection).unwarn(item, NO_NAMES)
        self._published.notify()

    async def set_aside(self, connection: Connection, item: int) -> None:
        """Warn the owner."""
        await Transcriptions(connection).warn(item, NO_NAMES)


class DecisionsStep(ItemStep[int]):
    """Sends decisions again that may not have reached the speakers service."""

    name = step_names.DECISIONS
    items = "transcripts whose decisions may not have arrived"
    outcome = "The names stay in the transcript, which has a warning. No voice is learned."
    policy = _PATIENT

    def __init__(self, database: Database, names: SpeakerNames) -> None:
        super().__init__(database)
        self._names = names

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions with decisions to send."""
        return await DueDecisions(connection).due(limit)

    async def handle(self, item: int) -> None:
        """Send the decisions of one transcription."""
        await self._names.send_decisions(item)

    async def set_aside(self, connection: Connection, item: int) -> None:
        """Warn the owner."""
        await Transcriptions(connection).warn(item, NOT_LEARNED)
