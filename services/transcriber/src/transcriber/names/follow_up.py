"""Follow-up on names: late recognition, and decisions the speakers service may not have."""

from collections.abc import Sequence

from common.background.policy import Policy
from common.background.steps import ItemStep
from common.background.wakeups import WakeUp
from common.postgres import Connection, Database
from transcriber.names.assignment import SpeakerNames
from transcriber.store.transcriptions import Transcriptions

NO_NAMES = "Known voices could not be looked for in this recording."
NOT_LEARNED = "The names given to speakers could not be passed on for later recordings."
#: The speakers service is asked over some hours.
_PATIENT = Policy(most_attempts=12, timeout=120.0, first_pause=15.0, longest_pause=3840.0)


class NamesStep(ItemStep[int]):
    """Looks for known voices where that could not be done when the transcript was made."""

    name = "names"
    items = "transcripts in which known voices are to be looked for"
    outcome = "The speakers keep their labels, and the transcription carries a warning."
    policy = _PATIENT

    def __init__(self, database: Database, names: SpeakerNames, published: WakeUp) -> None:
        """`published` is notified when there are events to publish."""
        super().__init__(database)
        self._names = names
        self._published = published

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions whose voices were not compared."""
        return await Transcriptions(connection).due_names(limit)

    async def handle(self, item: int) -> None:
        """Look for known voices in one transcription."""
        await self._names.recognize_late(item)
        async with self._database.transaction() as connection:
            await Transcriptions(connection).unwarn(item, NO_NAMES)
        self._published.notify()

    async def set_aside(self, connection: Connection, item: int) -> None:
        """Warn the owner."""
        await Transcriptions(connection).warn(item, NO_NAMES)


class DecisionsStep(ItemStep[int]):
    """Sends decisions about voices again where it is not certain that they arrived."""

    name = "decisions"
    items = "transcripts whose named voices the speakers service may not know"
    outcome = "The names stay in the transcript, which carries a warning. No voice is learned."
    policy = _PATIENT

    def __init__(self, database: Database, names: SpeakerNames) -> None:
        super().__init__(database)
        self._names = names

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions with decisions to send."""
        return await Transcriptions(connection).due_decisions(limit)

    async def handle(self, item: int) -> None:
        """Send the decisions of one transcription."""
        await self._names.send_decisions(item)
        async with self._database.transaction() as connection:
            await Transcriptions(connection).unwarn(item, NOT_LEARNED)

    async def set_aside(self, connection: Connection, item: int) -> None:
        """Warn the owner."""
        await Transcriptions(connection).warn(item, NOT_LEARNED)
