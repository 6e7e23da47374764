"""Figures over a session's jobs, which only the transcriber knows."""

from gateway.backends import Backends
from securetranscribe.v1 import session_pb2, transcription_pb2


class StatisticsReader:
    """Asks the transcriber for the figures of one session."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def read(self, session_id: str) -> session_pb2.SessionStatistics:
        """The figures.

        Raises:
            UnavailableError: the transcriber does not answer.
        """
        answer = await self._backends.ask(
            self._backends.transcriptions.GetSessionStatistics,
            transcription_pb2.GetSessionStatisticsRequest(),
            session_id,
        )
        return answer.statistics
