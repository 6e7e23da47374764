"""Job statistics of a session, read from the transcriber."""

from gateway.backends import Backends
from securetranscribe.v1 import session_pb2, transcription_pb2


class StatisticsReader:
    """Reads job statistics from the transcriber."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def read(self, session_id: str) -> session_pb2.SessionStatistics:
        """Return the statistics of one session.

        Raises:
            UnavailableError: the transcriber does not respond.
        """
        answer = await self._backends.ask(
            self._backends.transcriptions.GetSessionStatistics,
            transcription_pb2.GetSessionStatisticsRequest(),
            session_id,
        )
        return answer.statistics
