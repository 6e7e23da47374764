"""Rules for retrying items and for setting them aside."""

from dataclasses import dataclass

import nats.errors
import nats.js.errors

from common.errors import ApplicationError, ResourceExhaustedError, UnavailableError

#: An item held back for this long by nothing but outages is treated as their cause.
OUTAGE_PATIENCE_SECONDS = 24 * 3600.0
#: Work goes on this soon after an outage of any length. The first item that fails ends each pass.
_LONGEST_OUTAGE_PAUSE_SECONDS = 30.0
_FIRST_OUTAGE_PAUSE_SECONDS = 1.0
_LONGEST_REASON = 500

_OUTAGES = (
    UnavailableError,
    ResourceExhaustedError,
    nats.errors.ConnectionClosedError,
    nats.errors.ConnectionDrainingError,
    nats.errors.ConnectionReconnectingError,
    nats.errors.NoRespondersError,
    nats.errors.NoServersError,
    nats.errors.OutboundBufferLimitError,
    nats.errors.StaleConnectionError,
    nats.errors.TimeoutError,
    nats.errors.UnexpectedEOF,
    nats.js.errors.NoStreamResponseError,
    nats.js.errors.ServerError,
    nats.js.errors.ServiceUnavailableError,
)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Bounds on the work on one item. Times are in seconds.

    An attempt fails after `timeout`. After `most_attempts` failed attempts the item is set aside.
    The pause before the next attempt starts at `first_pause` and doubles up to `longest_pause`.
    """

    most_attempts: int = 5
    timeout: float = 300.0
    first_pause: float = 5.0
    longest_pause: float = 600.0
    at_a_time: int = 1

    def pause(self, attempts: int) -> float:
        """Return the pause after a number of failed attempts."""
        return min(self.longest_pause, self.first_pause * 2.0 ** min(max(attempts, 1) - 1, 30))


def outage_pause(outages: int) -> float:
    """Return the pause in seconds after a number of outages."""
    return min(_LONGEST_OUTAGE_PAUSE_SECONDS, _FIRST_OUTAGE_PAUSE_SECONDS * 2.0 ** min(outages, 30))


def is_outage(error: BaseException) -> bool:
    """Return whether an error comes from an absent or full server, not from the item."""
    return isinstance(error, _OUTAGES)


def reason(error: BaseException) -> str:
    """Return a short reason for operators.

    Of errors from outside this code base it is only the name, because they may quote data.
    """
    text = error.message if isinstance(error, ApplicationError) else type(error).__name__
    return text[:_LONGEST_REASON]
